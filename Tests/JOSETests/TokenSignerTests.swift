import JOSE
import LibCrypto
import Testing

@Suite("Signing tokens")
struct TokenSignerTests {
    private static let claims: [(String, JSONValue)] = [
        ("iss", .string(TokenForge.issuer)), ("sub", .string("a\"b\\c\u{E9}\u{1F600}")),
        ("aud", .array([.string(TokenForge.audience)])), ("exp", .integer(1_800_000_600)),
        ("iat", .integer(1_799_999_940)), ("jti", .string("id")), ("client_id", .string("c")),
        ("scope", .string("a b")), ("sid", .string("s")),
    ]

    @Test(
        "what is signed is verified, with each kind of key",
        arguments: [
            SignatureAlgorithm.es256, .es384, .es512, .rs256, .rs384, .rs512, .ps256, .ps384, .ps512, .edDSA, .ed25519,
        ])
    func roundTrip(algorithm: SignatureAlgorithm) throws {
        let key: PrivateKey
        switch algorithm {
        case .es256: key = try TokenForge.ellipticKey.get()
        case .es384: key = try PrivateKey.generate(.elliptic(.p384))
        case .es512: key = try PrivateKey.generate(.elliptic(.p521))
        case .edDSA, .ed25519: key = try TokenForge.edwardsKey.get()
        default: key = try TokenForge.rsaKey.get()
        }
        let jwk = try JSONWebKey(material: .publicKey(key.publicKey), keyID: "k", algorithm: algorithm)
        let signer = try TokenSigner(key: key, keyID: "k", algorithm: algorithm)
        let token = try signer.sign(type: "at+jwt", claims: Self.claims)
        let issuer = try TokenForge.trusted(keys: [jwk], algorithms: [algorithm], requireType: true)
        let verifier = try TokenVerifier(issuers: [issuer], leewaySeconds: 0)
        let verified = try verifier.verify(token, nowSeconds: TokenForge.now)
        #expect(verified.subject == "a\"b\\c\u{E9}\u{1F600}")
        #expect(verified.algorithm == algorithm)
        #expect(verified.notBefore == nil)
    }

    @Test("header and claims keep their order and are escaped")
    func text() throws {
        let signer = try TokenSigner(key: try TokenForge.ellipticKey.get(), keyID: "k\"1", algorithm: .es256)
        let token = try signer.sign(
            type: "at+jwt", claims: [("b", .string("\u{0}\n\u{7F}/")), ("a", .integer(-1)), ("c", .bool(false))])
        let parts = token.split(separator: ".").map { Base64URL.decode(String($0)) ?? [] }
        #expect(String(decoding: parts[0], as: UTF8.self) == #"{"alg":"ES256","typ":"at+jwt","kid":"k\"1"}"#)
        #expect(String(decoding: parts[1], as: UTF8.self) == #"{"b":"\u0000\u000a\u007f/","a":-1,"c":false}"#)
        #expect(parts[2].count == 64)
    }

    @Test("an algorithm the key does not fit, an empty kid and a duplicate claim are refused")
    func refusals() throws {
        let key = try TokenForge.ellipticKey.get()
        for algorithm in SignatureAlgorithm.allCases where algorithm != .es256 {
            #expect(throws: JOSEError.self) { try TokenSigner(key: key, keyID: "k", algorithm: algorithm) }
        }
        #expect(throws: JOSEError.self) { try TokenSigner(key: key, keyID: "", algorithm: .es256) }
        let signer = try TokenSigner(key: key, keyID: "k", algorithm: .es256)
        #expect(throws: JOSEError.self) { try signer.sign(type: "at+jwt", claims: [("a", .null), ("a", .null)]) }
    }

    @Test("an unverified token shows what it says, as strictly as the verifier reads it")
    func unverified() throws {
        let token = [UInt8](try TokenForge.token().utf8)
        let unverified = try UnverifiedToken(token)
        #expect(unverified.algorithmName == "ES256")
        #expect(unverified.keyID == "ec")
        #expect(unverified.issuer == TokenForge.issuer)
        #expect(unverified.tokenID == "id-1")
        #expect(unverified.claims["scope"]?.string == "read write")
        #expect(unverified.signature.count == 64)
        #expect(throws: TokenRejection.malformed) { try UnverifiedToken(token + [UInt8(ascii: "=")]) }
        #expect(throws: TokenRejection.malformed) { try UnverifiedToken([UInt8]("e30.W10.AA".utf8)) }
        #expect(throws: TokenRejection.tooLarge) { try UnverifiedToken(token, maximumByteCount: token.count - 1) }
    }
}
