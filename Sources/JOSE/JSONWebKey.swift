package import LibCrypto

/// A key that verifies signatures, as JWK describes it (RFC 7517): public, or a secret shared with the issuer.
package struct JSONWebKey: Sendable {
    /// What verifies.
    package enum Material: Sendable {
        /// The public half of a key pair.
        case publicKey(PublicKey)
        /// The secret of an HMAC.
        case symmetric([UInt8])
    }

    /// How tokens name this key (`kid`); never empty.
    package let keyID: String?
    /// `alg`: the only algorithm this key is used with, when given.
    package let algorithm: SignatureAlgorithm?
    /// The key itself.
    package let material: Material

    /// A key from a value of the program's own.
    ///
    /// - Parameters:
    ///   - material: the key.
    ///   - keyID: how tokens name it.
    ///   - algorithm: the only algorithm it may be used with.
    /// - Throws: `KeyRefusal` when the algorithm does not fit the key or the identifier is empty.
    package init(
        material: Material, keyID: String?, algorithm: SignatureAlgorithm?
    ) throws(KeyRefusal) {
        self.material = material
        self.keyID = keyID
        self.algorithm = algorithm
        if let keyID, keyID.isEmpty { throw .malformedKeyID }
        if case .symmetric(let secret) = material, secret.count < HashFunction.sha256.digestByteCount {
            throw .secretTooShort
        }
        if let algorithm, !Self.isSuitable(material, for: algorithm) {
            if case .symmetric = material, algorithm.authenticationHash != nil { throw .secretTooShort }
            throw .algorithmMismatch
        }
    }

    /// Whether the key may verify signatures of `algorithm`: by its `alg` when it has one, and always by its type, its
    /// curve and, for secrets, its length (RFC 7518 section 3.2).
    package func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        (self.algorithm ?? algorithm) == algorithm && Self.isSuitable(material, for: algorithm)
    }

    private static func isSuitable(_ material: Material, for algorithm: SignatureAlgorithm) -> Bool {
        switch material {
        case .symmetric(let secret):
            guard let hash = algorithm.authenticationHash else { return false }
            return secret.count >= hash.digestByteCount
        case .publicKey(let key):
            guard let scheme = algorithm.scheme else { return false }
            return isSuitable(key.parameters, for: scheme)
        }
    }

    private static func isSuitable(_ parameters: KeyParameters, for scheme: SignatureScheme) -> Bool {
        switch (parameters, scheme) {
        case (.rsa, .rsaPKCS1), (.rsa, .rsaPSS), (.ed25519, .ed25519): true
        case (.elliptic(let curve, _, _), .ecdsa(let expected, _)): curve == expected
        default: false
        }
    }
}

// MARK: - Publication

extension JSONWebKey {
    /// The key's thumbprint (RFC 7638): the SHA-256 of its required members, in base64url.
    package func thumbprint() -> String {
        let text = JSONWriter.bytes(of: .object(requiredMembers))
        return Base64URL.encode(Digest.hash(text, with: .sha256))
    }

    /// The key as published; nil for a secret, which is never written out.
    package var publicJSON: JSONValue? {
        guard case .publicKey = material else { return nil }
        var members = requiredMembers
        if let keyID { members.append(("kid", .string(keyID))) }
        members.append(("use", .string("sig")))
        if let algorithm { members.append(("alg", .string(algorithm.rawValue))) }
        return .object(members)
    }

    /// The members RFC 7638 section 3.2 and RFC 8037 section 2 require, by name.
    private var requiredMembers: [(String, JSONValue)] {
        switch material {
        case .symmetric(let secret):
            return [("k", encoded(secret)), ("kty", .string("oct"))]
        case .publicKey(let key):
            switch key.parameters {
            case .rsa(let modulus, let exponent):
                return [("e", encoded(exponent)), ("kty", .string("RSA")), ("n", encoded(modulus))]
            case .elliptic(let curve, let x, let y):
                let name = JSONWebKey.name(of: curve)
                return [("crv", .string(name)), ("kty", .string("EC")), ("x", encoded(x)), ("y", encoded(y))]
            case .ed25519(let bytes):
                return [("crv", .string("Ed25519")), ("kty", .string("OKP")), ("x", encoded(bytes))]
            }
        }
    }

    private func encoded(_ bytes: [UInt8]) -> JSONValue {
        .string(Base64URL.encode(bytes))
    }

    /// The name of a curve in `crv` (RFC 7518 section 6.2.1.1).
    static func name(of curve: EllipticCurve) -> String {
        switch curve {
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        }
    }
}
