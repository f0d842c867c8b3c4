import COpenSSL

extension KeyHandle {
    /// Makes a public key out of parameters that `KeyParameters.validate` has seen.
    ///
    /// - Throws: `CryptoError` with code `invalidKey`, when a point is not on its curve.
    convenience init(publicKey parameters: KeyParameters) throws(CryptoError) {
        let pointer: OpaquePointer? =
            switch parameters {
            case .rsa(let modulus, let exponent): Self.makeRSA(modulus: modulus, exponent: exponent)
            case .elliptic(let curve, let x, let y): Self.makeElliptic(curve, point: [0x04] + x + y)
            case .ed25519(let bytes): EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, bytes, bytes.count)
            }
        guard let pointer else { throw .fromOpenSSL(.invalidKey, "making a public key") }
        self.init(adopting: pointer)
    }

    /// The public part as raw parameters, not yet validated.
    ///
    /// - Throws: `CryptoError`: `unsupportedKey`, or `invalidKey`.
    func publicParameters() throws(CryptoError) -> KeyParameters {
        if EVP_PKEY_is_a(pointer, "RSA") == 1 {
            return .rsa(modulus: try integer(OSSL_PKEY_PARAM_RSA_N), exponent: try integer(OSSL_PKEY_PARAM_RSA_E))
        }
        if EVP_PKEY_is_a(pointer, "EC") == 1 {
            let curve = try namedCurve()
            let width = curve.coordinateByteCount
            return .elliptic(
                curve,
                x: try integer(OSSL_PKEY_PARAM_EC_PUB_X, width: width),
                y: try integer(OSSL_PKEY_PARAM_EC_PUB_Y, width: width)
            )
        }
        if EVP_PKEY_is_a(pointer, "ED25519") == 1 {
            var bytes = [UInt8](repeating: 0, count: Ed25519Point.byteCount)
            var byteCount = bytes.count
            guard EVP_PKEY_get_raw_public_key(pointer, &bytes, &byteCount) == 1, byteCount == bytes.count else {
                throw .fromOpenSSL(.invalidKey, "reading an Ed25519 key")
            }
            return .ed25519(bytes)
        }
        throw .fromOpenSSL(.unsupportedKey, "neither RSA, elliptic curve nor Ed25519")
    }

    /// The curve, which must have been named: spelled-out parameters are a known way to smuggle in another generator
    /// (RFC 5480 section 2.1.1 forbids them).
    private func namedCurve() throws(CryptoError) -> EllipticCurve {
        var isSpelledOut: Int32 = 0
        var name = [CChar](repeating: 0, count: 64)
        guard EVP_PKEY_get_int_param(pointer, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &isSpelledOut) == 1,
            isSpelledOut == 0,
            EVP_PKEY_get_group_name(pointer, &name, name.count, nil) == 1,
            let curve = EllipticCurve.allCases.first(where: { name.starts(with: $0.groupName.utf8CString) })
        else { throw .fromOpenSSL(.unsupportedKey, "not one of the named curves P-256, P-384, P-521") }
        return curve
    }

    private static func makeRSA(modulus: [UInt8], exponent: [UInt8]) -> OpaquePointer? {
        let modulusNumber = BN_bin2bn(modulus, Int32(modulus.count), nil)
        defer { BN_free(modulusNumber) }
        let exponentNumber = BN_bin2bn(exponent, Int32(exponent.count), nil)
        defer { BN_free(exponentNumber) }
        return make("RSA") { copenssl_push_rsa_public_key($0, modulusNumber, exponentNumber) == 1 }
    }

    private static func makeElliptic(_ curve: EllipticCurve, point: [UInt8]) -> OpaquePointer? {
        curve.groupName.withCString { groupName in
            point.withUnsafeBytes { point in
                make("EC") { copenssl_push_elliptic_public_key($0, groupName, point.baseAddress, point.count) == 1 }
            }
        }
    }

    private static func make(_ type: String, fill: (_ builder: OpaquePointer) -> Bool) -> OpaquePointer? {
        guard let builder = OSSL_PARAM_BLD_new() else { return nil }
        defer { OSSL_PARAM_BLD_free(builder) }
        guard fill(builder), let parameters = OSSL_PARAM_BLD_to_param(builder) else { return nil }
        defer { OSSL_PARAM_free(parameters) }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_fromdata_init(context) == 1,
            EVP_PKEY_fromdata(context, &key, copenssl_public_key_selection(), parameters) == 1
        else {
            EVP_PKEY_free(key)
            return nil
        }
        return key
    }
}
