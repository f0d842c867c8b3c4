import LibCrypto

extension JSONWebKey {
    /// Reads one key of a set (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).
    ///
    /// Members that are not known are ignored. A key pair's private members refuse the key: it was published, so it
    /// proves nothing any more.
    ///
    /// - Parameter json: the entry.
    /// - Throws: `KeyRefusal` with the reason.
    package init(json: JSONValue) throws(KeyRefusal) {
        guard let object = json.object else { throw .notAnObject }
        // Purpose comes first: a key of another purpose is none of this set's, however it is written.
        try Self.checkPurpose(of: object)
        var algorithm: SignatureAlgorithm?
        if let name = object["alg"] {
            guard let known = name.string.flatMap(SignatureAlgorithm.init(rawValue:)) else { throw .unknownAlgorithm }
            algorithm = known
        }
        var keyID: String?
        if let identifier = object["kid"] {
            guard let text = identifier.string, !text.isEmpty else { throw .malformedKeyID }
            keyID = text
        }
        try self.init(material: try Self.material(of: object), keyID: keyID, algorithm: algorithm)
    }

    private static func checkPurpose(of object: JSONObject) throws(KeyRefusal) {
        if let use = object["use"] {
            guard use.string == "sig" else { throw .notForSignatures }
        }
        if let operations = object["key_ops"] {
            guard let names = operations.array, names.contains(.string("verify")) else { throw .notForVerification }
        }
    }

    private static func material(of object: JSONObject) throws(KeyRefusal) -> Material {
        switch object["kty"]?.string {
        case "RSA":
            try refusePrivateMembers(["d", "p", "q", "dp", "dq", "qi", "oth"], in: object)
            return .publicKey(try rsaKey(of: object))
        case "EC":
            try refusePrivateMembers(["d"], in: object)
            return .publicKey(try ellipticKey(of: object))
        case "OKP":
            try refusePrivateMembers(["d"], in: object)
            guard object["crv"]?.string == "Ed25519" else { throw .unknownCurve }
            return .publicKey(try publicKey(.ed25519(try bytes("x", of: object, count: 32))))
        case "oct":
            return .symmetric(try bytes("k", of: object))
        default:
            throw .unknownKeyType
        }
    }

    private static func rsaKey(of object: JSONObject) throws(KeyRefusal) -> PublicKey {
        let modulus = try bytes("n", of: object)
        let exponent = try bytes("e", of: object)
        // RFC 7518 section 2: a number is written in the fewest octets; a second spelling would be a second thumbprint.
        guard modulus.first != 0, exponent.first != 0 else { throw .malformedMember }
        guard !FactorableModulus.isRecognised(modulus) else { throw .factorableModulus }
        return try publicKey(.rsa(modulus: modulus, exponent: exponent))
    }

    private static func ellipticKey(of object: JSONObject) throws(KeyRefusal) -> PublicKey {
        let curves: [EllipticCurve] = [.p256, .p384, .p521]
        guard let curve = curves.first(where: { name(of: $0) == object["crv"]?.string }) else { throw .unknownCurve }
        let x = try bytes("x", of: object, count: curve.coordinateByteCount)
        let y = try bytes("y", of: object, count: curve.coordinateByteCount)
        return try publicKey(.elliptic(curve, x: x, y: y))
    }

    private static func publicKey(_ parameters: KeyParameters) throws(KeyRefusal) -> PublicKey {
        do throws(CryptoError) {
            return try PublicKey(parameters)
        } catch {
            throw .invalidKey
        }
    }

    private static func refusePrivateMembers(_ names: [String], in object: JSONObject) throws(KeyRefusal) {
        for name in names where object[name] != nil { throw .privateMember }
    }

    private static func bytes(
        _ name: String, of object: JSONObject, count: Int? = nil
    ) throws(KeyRefusal) -> [UInt8] {
        guard let text = object[name]?.string, let bytes = Base64URL.decode(text), !bytes.isEmpty,
            bytes.count == count ?? bytes.count
        else { throw .malformedMember }
        return bytes
    }
}
