import Foundation
import JOSE
import LibCrypto

/// Tokens as an identity provider issues them, signed by a key made for this run.
struct Tokens {
    static let secret = [UInt8](repeating: 0x5A, count: 64)
    /// When they are judged; a fixed moment, so that every run does the same.
    static let nowSeconds: Int64 = 1_800_000_000
    private static let issuer = "https://issuer.test"
    private static let keyID = "k"

    private let algorithm: SignatureAlgorithm
    private let signer: TokenSigner
    private let key: JSONWebKey

    init(_ algorithm: SignatureAlgorithm) throws {
        self.algorithm = algorithm
        guard let kind = Self.keyKind(for: algorithm) else {
            signer = try TokenSigner(secret: Self.secret, keyID: Self.keyID, algorithm: algorithm)
            key = try JSONWebKey(material: .symmetric(Self.secret), keyID: Self.keyID, algorithm: algorithm)
            return
        }
        let pair = try PrivateKey.generate(kind)
        signer = try TokenSigner(key: pair, keyID: Self.keyID, algorithm: algorithm)
        key = try JSONWebKey(material: .publicKey(pair.publicKey), keyID: Self.keyID, algorithm: algorithm)
    }

    func trusted() throws -> TrustedIssuer {
        TrustedIssuer(
            issuer: Self.issuer, audiences: ["api"], algorithms: [algorithm], keys: try JSONWebKeySet(keys: [key]))
    }

    /// So many tokens, no two of them alike.
    func signed(_ count: Int) throws -> [[UInt8]] {
        try (0..<count).map { [UInt8](try signer.sign(type: "at+jwt", claims: claims($0)).utf8) }
    }

    private func claims(_ number: Int) -> [(String, JSONValue)] {
        let now = Self.nowSeconds
        let id = String(format: "0193f3a2-7b1c-7d2e-9f40-%012x", number)
        return [
            ("iss", .string(Self.issuer)), ("sub", .string("user-\(id)")), ("aud", .array([.string("api")])),
            ("exp", .integer(now + 86_000)), ("iat", .integer(now)), ("nbf", .integer(now)), ("jti", .string(id)),
            ("client_id", .string("web-application")), ("scope", .string("orders:read orders:write profile")),
            ("sid", .string("0193f3a2-7b1c-7d2e-9f40-000000000001")),
        ]
    }

    /// `nil` for a shared secret.
    private static func keyKind(for algorithm: SignatureAlgorithm) -> KeyKind? {
        switch algorithm {
        case .hs256, .hs384, .hs512: nil
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: .rsa(bits: 2048)
        case .es256: .elliptic(.p256)
        case .es384: .elliptic(.p384)
        case .es512: .elliptic(.p521)
        case .edDSA, .ed25519: .ed25519
        }
    }
}
