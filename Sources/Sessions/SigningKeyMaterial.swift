import JOSE
import LibCrypto

/// What signs: a key pair or a secret, with the algorithm it signs by.
struct SigningKeyMaterial: Sendable {
    enum Secret: Sendable {
        case keyPair(PrivateKey)
        case symmetric([UInt8])
    }

    /// RSA keys made here: enough beyond 2030 (NIST SP 800-57).
    private static let modulusBits = 3072

    let secret: Secret
    let algorithm: SignatureAlgorithm

    /// Makes a new key.
    ///
    /// RSA takes from a tenth of a second to many seconds.
    /// - Throws: `CryptoError`.
    static func generate(_ algorithm: SignatureAlgorithm) throws(CryptoError) -> SigningKeyMaterial {
        if let hash = algorithm.authenticationHash {
            return SigningKeyMaterial(
                secret: .symmetric(try Random.bytes(hash.digestByteCount)), algorithm: algorithm)
        }
        let kind: KeyKind =
            switch algorithm.scheme {
            case .ecdsa(let curve, _): .elliptic(curve)
            case .ed25519: .ed25519
            default: .rsa(bits: modulusBits)
            }
        return SigningKeyMaterial(secret: .keyPair(try PrivateKey.generate(kind)), algorithm: algorithm)
    }

    private init(secret: Secret, algorithm: SignatureAlgorithm) {
        self.secret = secret
        self.algorithm = algorithm
    }

    /// Reads a private key in PEM form or a private JWK (RFC 7517); `nil` when it is not usable.
    ///
    /// - Parameters:
    ///   - text: the file.
    ///   - preferred: the algorithm, where the key does not say and this one fits; else the usual one of its type.
    init?(_ text: [UInt8], preferred: SignatureAlgorithm) {
        if text.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "{") {
            guard let key = PrivateJSONWebKey(json: text) else { return nil }
            secret = key.secret
            guard let algorithm = Self.algorithm(key.algorithm, for: secret, preferred: preferred) else { return nil }
            self.algorithm = algorithm
        } else {
            guard let key = try? PrivateKey(pem: text) else { return nil }
            secret = .keyPair(key)
            guard let algorithm = Self.algorithm(nil, for: secret, preferred: preferred) else { return nil }
            self.algorithm = algorithm
        }
    }

    private static func algorithm(
        _ written: SignatureAlgorithm?, for secret: Secret, preferred: SignatureAlgorithm
    ) -> SignatureAlgorithm? {
        let usual: [SignatureAlgorithm] = [.es256, .es384, .es512, .edDSA, .rs256, .hs512, .hs384, .hs256]
        let candidates = written.map { [$0] } ?? [preferred] + usual
        return candidates.first { (try? webKey(secret, keyID: nil, algorithm: $0)) != nil }
    }

    /// What verifies its signatures; for a key pair the public half, and fit to be published.
    func webKey(keyID: String?) throws(KeyRefusal) -> JSONWebKey {
        try Self.webKey(secret, keyID: keyID, algorithm: algorithm)
    }

    private static func webKey(
        _ secret: Secret, keyID: String?, algorithm: SignatureAlgorithm
    ) throws(KeyRefusal) -> JSONWebKey {
        let material: JSONWebKey.Material =
            switch secret {
            case .keyPair(let key): .publicKey(key.publicKey)
            case .symmetric(let bytes): .symmetric(bytes)
            }
        return try JSONWebKey(material: material, keyID: keyID, algorithm: algorithm)
    }

    /// The `kid`: the thumbprint (RFC 7638); of a secret a code made with it, for a digest of a secret is not to be
    /// published (section 7 there).
    func keyID() throws(KeyRefusal) -> String {
        switch secret {
        case .keyPair:
            return try webKey(keyID: nil).thumbprint()
        case .symmetric(let bytes):
            let code = try? MessageAuthenticator(key: bytes, hash: .sha256)
            let label = Array("portcullis kid".utf8)
            guard let digest = label.withUnsafeBytes({ try? code?.code(for: $0) }) else { throw .invalidKey }
            return Base64URL.encode(digest)
        }
    }

    func signer(keyID: String) throws(JOSEError) -> TokenSigner {
        switch secret {
        case .keyPair(let key): try TokenSigner(key: key, keyID: keyID, algorithm: algorithm)
        case .symmetric(let bytes): try TokenSigner(secret: bytes, keyID: keyID, algorithm: algorithm)
        }
    }

    /// The key as a file: PKCS#8 in PEM form, or a JWK for a secret, with the ending of the file's name.
    func file() throws(CryptoError) -> (bytes: [UInt8], ending: String) {
        switch secret {
        case .keyPair(let key):
            return (try key.pem(), "pem")
        case .symmetric(let bytes):
            let document = JSONValue.object([
                ("kty", .string("oct")), ("k", .string(Base64URL.encode(bytes))),
                ("alg", .string(algorithm.rawValue)), ("use", .string("sig")),
            ])
            return (JSONWriter.bytes(of: document) + [UInt8(ascii: "\n")], "jwk")
        }
    }
}
