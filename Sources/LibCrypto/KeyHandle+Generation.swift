import COpenSSL

extension KeyHandle {
    /// Generates a key pair.
    ///
    /// - Throws: `CryptoError`: `invalidParameter` or `libraryFailure`.
    convenience init(generating kind: KeyKind) throws(CryptoError) {
        if case .rsa(let bits) = kind, !RSAKeyLimits.generatedModulusBits.contains(bits) || bits % 8 != 0 {
            throw CryptoError(.invalidParameter, "RSA keys of \(bits) bits are not generated")
        }
        guard let key = Self.generate(kind) else { throw .fromOpenSSL(.libraryFailure, "generating a key") }
        self.init(adopting: key)
    }

    private static func generate(_ kind: KeyKind) -> OpaquePointer? {
        let type =
            switch kind {
            case .rsa: "RSA"
            case .elliptic: "EC"
            case .ed25519: "ED25519"
            }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_keygen_init(context) == 1 else { return nil }
        let isConfigured =
            switch kind {
            // The exponent is 65537 unless set.
            case .rsa(let bits): EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)) == 1
            case .elliptic(let curve): EVP_PKEY_CTX_set_group_name(context, curve.groupName) == 1
            case .ed25519: true
            }
        var key: OpaquePointer?
        guard isConfigured, EVP_PKEY_generate(context, &key) == 1 else {
            EVP_PKEY_free(key)
            return nil
        }
        return key
    }
}
