import JOSE
import LibCrypto

/// Makes tokens for tests: right ones, and wrong ones with valid signatures.
struct TokenForge {
    static let now: Int64 = 1_800_000_000
    static let issuer = "https://issuer.test"
    static let audience = "https://gateway.test"
    static let secret = [UInt8](repeating: 0x5A, count: 64)

    /// One key pair of each kind, made once.
    static let ellipticKey = Result { try PrivateKey.generate(.elliptic(.p256)) }
    static let otherEllipticKey = Result { try PrivateKey.generate(.elliptic(.p256)) }
    static let rsaKey = Result { try PrivateKey.generate(.rsa(bits: 2048)) }
    static let edwardsKey = Result { try PrivateKey.generate(.ed25519) }

    static let header = #"{"alg":"ES256","typ":"at+jwt","kid":"ec"}"#

    /// The claims of a good token, with members replaced, added or (nil) taken out.
    static func claims(_ changes: [(String, String?)] = []) -> String {
        var members: [(String, String)] = [
            ("iss", #""https://issuer.test""#), ("sub", #""user-1""#), ("aud", #""https://gateway.test""#),
            ("exp", "1800000600"), ("iat", "1799999940"), ("nbf", "1799999940"), ("jti", #""id-1""#),
            ("client_id", #""client-1""#), ("scope", #""read write""#), ("sid", #""session-1""#),
        ]
        for (name, value) in changes {
            let place = members.firstIndex { $0.0 == name }
            switch (place, value) {
            case (let place?, let value?): members[place].1 = value
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append((name, value))
            case (nil, nil): break
            }
        }
        return "{" + members.map { #""\#($0.0)":\#($0.1)"# }.joined(separator: ",") + "}"
    }

    /// A token of exactly these texts, signed with ES256 whatever its header says.
    static func token(header: String = header, claims: String = claims()) throws -> String {
        try token(header: [UInt8](header.utf8), payload: [UInt8](claims.utf8))
    }

    /// A token of exactly these octets, signed with ES256 whatever its header says.
    static func token(header: [UInt8], payload: [UInt8]) throws -> String {
        try signed(Base64URL.encode(header) + "." + Base64URL.encode(payload))
    }

    /// A signing input with its ES256 signature.
    static func signed(_ input: String, key: Result<PrivateKey, any Error> = ellipticKey) throws -> String {
        let signer = try Signer(key: try key.get(), scheme: .ecdsa(.p256, .sha256))
        return input + "." + Base64URL.encode(try signer.sign([UInt8](input.utf8)))
    }

    /// A token with an HMAC under `secret`.
    static func authenticated(header: String, hash: HashFunction, secret: [UInt8]) throws -> String {
        let input = Base64URL.encode([UInt8](header.utf8)) + "." + Base64URL.encode([UInt8](claims().utf8))
        let authenticator = try MessageAuthenticator(key: secret, hash: hash)
        let code = try [UInt8](input.utf8).withUnsafeBytes { try authenticator.code(for: $0) }
        return input + "." + Base64URL.encode(code)
    }

    static func publicKey(
        _ key: Result<PrivateKey, any Error>, _ keyID: String?, _ algorithm: SignatureAlgorithm?
    ) throws -> JSONWebKey {
        try JSONWebKey(material: .publicKey(try key.get().publicKey), keyID: keyID, algorithm: algorithm)
    }

    /// The keys `ec`, `rsa` and `ed`.
    static func keys() throws -> [JSONWebKey] {
        [
            try publicKey(ellipticKey, "ec", .es256), try publicKey(rsaKey, "rsa", .rs256),
            try publicKey(edwardsKey, "ed", .edDSA),
        ]
    }

    static func trusted(
        keys: [JSONWebKey]? = nil, algorithms: Set<SignatureAlgorithm> = [.es256, .rs256, .edDSA],
        requireType: Bool = false, maximumLifetimeSeconds: Int64? = nil, issuer: String = issuer
    ) throws -> TrustedIssuer {
        TrustedIssuer(
            issuer: issuer, audiences: [audience, "second"], algorithms: algorithms,
            keys: try JSONWebKeySet(keys: try keys ?? self.keys()), requireType: requireType,
            maximumLifetimeSeconds: maximumLifetimeSeconds)
    }

    static func verifier(leewaySeconds: Int64 = 30) throws -> TokenVerifier {
        try TokenVerifier(issuers: [try trusted()], leewaySeconds: leewaySeconds)
    }

    /// What a verifier says to a token: nil when it accepts.
    static func rejection(
        of token: String, by verifier: TokenVerifier? = nil, at nowSeconds: Int64 = now
    ) throws -> TokenRejection? {
        let verifier = try verifier ?? self.verifier()
        do throws(TokenRejection) {
            _ = try verifier.verify(token, nowSeconds: nowSeconds)
            return nil
        } catch {
            return error
        }
    }

    /// What the default verifier says to the good claims with changes.
    static func rejection(claims changes: [(String, String?)], at nowSeconds: Int64 = now) throws -> TokenRejection? {
        try rejection(of: try token(claims: claims(changes)), at: nowSeconds)
    }
}
