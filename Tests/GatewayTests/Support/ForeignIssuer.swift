import Foundation
import JOSE
import LibCrypto

/// An identity provider whose tokens the gateway accepts, and which can make any wrong one.
struct ForeignIssuer {
    static let name = "https://idp.test"
    static let shared = Result { try ForeignIssuer() }

    let key: PrivateKey
    let otherKey: PrivateKey
    let rsaKey: PrivateKey

    private init() throws {
        key = try PrivateKey.generate(.elliptic(.p256))
        otherKey = try PrivateKey.generate(.elliptic(.p256))
        rsaKey = try PrivateKey.generate(.rsa(bits: 2048))
    }

    /// The document for `jwks_file`: an ES256 key `ec` and an RS256 key `rsa`.
    func keySet() throws -> String {
        JSONWebKeySet.publicJSON(for: [
            try JSONWebKey(material: .publicKey(key.publicKey), keyID: "ec", algorithm: .es256),
            try JSONWebKey(material: .publicKey(rsaKey.publicKey), keyID: "rsa", algorithm: .rs256),
        ])
    }

    /// The claims of a good token, as JSON texts by name, with members replaced, added or (nil) taken out.
    static func claims(_ changes: KeyValuePairs<String, String?> = [:]) -> String {
        let now = Int(Date.now.timeIntervalSince1970)
        var members: [(String, String)] = [
            ("iss", "\"\(name)\""), ("sub", "\"carol\""), ("aud", "\"api\""), ("exp", "\(now + 600)"),
            ("iat", "\(now)"), ("jti", "\"\(UUID().uuidString)\""),
        ]
        for (name, value) in changes {
            members.removeAll { $0.0 == name }
            if let value { members.append((name, value)) }
        }
        return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    /// A token of exactly these texts, signed with ES256 whatever its header says.
    func token(
        header: String = #"{"alg":"ES256","typ":"at+jwt","kid":"ec"}"#, _ changes: KeyValuePairs<String, String?> = [:],
        key: PrivateKey? = nil
    ) throws -> String {
        let input = Self.signingInput(header, Self.claims(changes))
        let signer = try Signer(key: key ?? self.key, scheme: .ecdsa(.p256, .sha256))
        return Self.entered(input + "." + Base64URL.encode(try signer.sign([UInt8](input.utf8))))
    }

    /// A good token but for one claim.
    func token(_ claim: String, _ value: String) throws -> String {
        try token([claim: value])
    }

    /// A token with an HMAC under any secret.
    func authenticated(header: String, secret: [UInt8]) throws -> String {
        let input = Self.signingInput(header, Self.claims())
        let authenticator = try MessageAuthenticator(key: secret, hash: .sha256)
        let code = try [UInt8](input.utf8).withUnsafeBytes { try authenticator.code(for: $0) }
        return Self.entered(input + "." + Base64URL.encode(code))
    }

    /// A token without a signature.
    func unsigned(header: String) -> String {
        Self.entered(Self.signingInput(header, Self.claims()) + ".")
    }

    private static func signingInput(_ header: String, _ claims: String) -> String {
        Base64URL.encode([UInt8](header.utf8)) + "." + Base64URL.encode([UInt8](claims.utf8))
    }

    private static func entered(_ token: String) -> String {
        SecretLedger.enter(token)
        return token
    }
}
