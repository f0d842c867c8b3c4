import JOSE
import LibCrypto
import Testing

@Suite("Choice of the key")
struct TokenKeyTests {
    @Test(
        "an unknown kid is refused; no other key is tried",
        arguments: [
            "other", "EC", "ec ", " ec", "ec\\u0000", "", "../ec", "e\u{441}", "ec,rsa", "*",
        ])
    func unknownKeyID(keyID: String) throws {
        let token = try TokenForge.token(header: #"{"alg":"ES256","kid":"\#(keyID)"}"#)
        #expect(try TokenForge.rejection(of: token) == .unknownKey)
    }

    @Test("kid must be a string", arguments: ["1", "null", "[\"ec\"]", "{}", "true"])
    func keyIDType(value: String) throws {
        #expect(
            try TokenForge.rejection(of: try TokenForge.token(header: #"{"alg":"ES256","kid":\#(value)}"#))
                == .malformed)
    }

    @Test("names that are canonically equivalent in Unicode are different names")
    func canonicalEquivalence() throws {
        let kelvin = try TokenForge.publicKey(TokenForge.ellipticKey, "K", .es256)
        let issuer = TrustedIssuer(
            issuer: "https://K.test", audiences: ["K"], algorithms: [.es256], keys: try JSONWebKeySet(keys: [kelvin]))
        let verifier = try TokenVerifier(issuers: [issuer], leewaySeconds: 0)
        func rejection(_ keyID: String, _ issuer: String, _ audience: String) throws -> TokenRejection? {
            let claims = TokenForge.claims([("iss", "\"https://\(issuer).test\""), ("aud", "\"\(audience)\"")])
            return try TokenForge.rejection(
                of: try TokenForge.token(header: #"{"alg":"ES256","kid":"\#(keyID)"}"#, claims: claims), by: verifier)
        }
        #expect(try rejection("K", "K", "K") == nil)
        #expect(try rejection("\u{212A}", "K", "K") == .unknownKey)
        #expect(try rejection("K", "\u{212A}", "K") == .unknownIssuer)
        #expect(try rejection("K", "K", "\u{212A}") == .wrongAudience)
    }

    @Test("without kid exactly one key must fit alg")
    func withoutKeyID() throws {
        let token = try TokenForge.token(header: #"{"alg":"ES256"}"#)
        #expect(try TokenForge.rejection(of: token) == nil)
        let second = try TokenForge.publicKey(TokenForge.otherEllipticKey, "ec2", nil)
        let two = try TokenForge.trusted(keys: try TokenForge.keys() + [second])
        #expect(
            try TokenForge.rejection(of: token, by: try TokenVerifier(issuers: [two], leewaySeconds: 0)) == .unknownKey)
        let none = try TokenForge.trusted(keys: [try TokenForge.publicKey(TokenForge.rsaKey, "rsa", nil)])
        #expect(
            try TokenForge.rejection(of: token, by: try TokenVerifier(issuers: [none], leewaySeconds: 0)) == .unknownKey
        )
    }

    @Test(
        "an algorithm that is not allowed is refused as such, with and without kid", arguments: ["", #","kid":"ec""#])
    func notAllowed(member: String) throws {
        let token = try TokenForge.token(header: #"{"alg":"PS512"\#(member)}"#)
        #expect(try TokenForge.rejection(of: token) == .algorithmNotAllowed)
    }

    @Test("an issuer whose keys are not known yet has no valid tokens")
    func noKeys() throws {
        let verifier = try TokenVerifier(issuers: [try TokenForge.trusted(keys: [])], leewaySeconds: 0)
        #expect(try TokenForge.rejection(of: try TokenForge.token(), by: verifier) == .unknownKey)
    }

    @Test("HMAC under a public key is refused, whatever form the key is in")
    func keyConfusion() throws {
        let keys = [TokenForge.ellipticKey, TokenForge.rsaKey, TokenForge.edwardsKey]
        for (key, keyID) in zip(keys, ["ec", "rsa", "ed"]) {
            let pem = try key.get().publicKey.pem()
            let jwk = try TokenForge.publicKey(key, keyID, nil)
            let text = JSONWriter.bytes(of: try #require(jwk.publicJSON))
            for secret in [pem, pem.dropLast(), text[...], [UInt8](keyID.utf8)[...]] as [any Collection<UInt8>] {
                for (name, hash) in [("HS256", HashFunction.sha256), ("HS512", .sha512)] {
                    let token = try TokenForge.authenticated(
                        header: #"{"alg":"\#(name)","kid":"\#(keyID)"}"#, hash: hash, secret: Array(secret))
                    #expect(try TokenForge.rejection(of: token) == .algorithmNotAllowed)
                    let lax = try TokenForge.trusted(algorithms: Set(SignatureAlgorithm.allCases))
                    let verifier = try TokenVerifier(issuers: [lax], leewaySeconds: 0)
                    #expect(try TokenForge.rejection(of: token, by: verifier) == .algorithmNotAllowed)
                }
            }
        }
    }

    @Test("a secret verifies the HMAC it is long enough for, where it is allowed")
    func symmetric() throws {
        let key = try JSONWebKey(material: .symmetric(TokenForge.secret), keyID: "hs", algorithm: nil)
        let allowed = try TokenForge.trusted(keys: [key], algorithms: [.hs256, .hs512])
        let verifier = try TokenVerifier(issuers: [allowed], leewaySeconds: 0)
        func token(_ name: String, _ hash: HashFunction) throws -> String {
            try TokenForge.authenticated(
                header: #"{"alg":"\#(name)","kid":"hs"}"#, hash: hash, secret: TokenForge.secret)
        }
        #expect(try TokenForge.rejection(of: try token("HS256", .sha256), by: verifier) == nil)
        #expect(try TokenForge.rejection(of: try token("HS512", .sha512), by: verifier) == nil)
        #expect(try TokenForge.rejection(of: try token("HS384", .sha384), by: verifier) == .algorithmNotAllowed)
        #expect(try TokenForge.rejection(of: try token("HS256", .sha512), by: verifier) == .badSignature)
        let truncated = String(try token("HS256", .sha256).dropLast(23))
        #expect(try TokenForge.rejection(of: truncated, by: verifier) == .badSignature)
    }

    @Test("the algorithm is bound to the key: by its alg, its type and its curve")
    func boundAlgorithm() throws {
        let all = Set(SignatureAlgorithm.allCases)
        let verifier = try TokenVerifier(
            issuers: [try TokenForge.trusted(algorithms: all)], leewaySeconds: 0)
        for header in [
            #"{"alg":"PS256","kid":"rsa"}"#, #"{"alg":"RS512","kid":"rsa"}"#, #"{"alg":"ES384","kid":"ec"}"#,
            #"{"alg":"EdDSA","kid":"ec"}"#, #"{"alg":"ES256","kid":"rsa"}"#, #"{"alg":"Ed25519","kid":"ed"}"#,
        ] {
            #expect(
                try TokenForge.rejection(of: try TokenForge.token(header: header), by: verifier) == .algorithmNotAllowed
            )
        }
    }

    @Test("a key without alg may be used with what the issuer allows, and no more")
    func allowList() throws {
        let key = try TokenForge.publicKey(TokenForge.rsaKey, "rsa", nil)
        let issuer = try TokenForge.trusted(keys: [key], algorithms: [.ps256])
        let verifier = try TokenVerifier(issuers: [issuer], leewaySeconds: 0)
        for (algorithm, expected) in [(SignatureAlgorithm.ps256, nil), (.rs256, TokenRejection.algorithmNotAllowed)] {
            let header = #"{"alg":"\#(algorithm.rawValue)","kid":"rsa"}"#
            let input =
                Base64URL.encode([UInt8](header.utf8)) + "." + Base64URL.encode([UInt8](TokenForge.claims().utf8))
            let signer = try Signer(key: try TokenForge.rsaKey.get(), scheme: try #require(algorithm.scheme))
            let token = input + "." + Base64URL.encode(try signer.sign([UInt8](input.utf8)))
            #expect(try TokenForge.rejection(of: token, by: verifier) == expected)
        }
    }

    @Test("a key of one issuer does not vouch for another")
    func crossIssuer() throws {
        let first = try TokenForge.trusted()
        let other = try TokenForge.publicKey(TokenForge.otherEllipticKey, "ec", .es256)
        let second = try TokenForge.trusted(keys: [other], issuer: "https://second.test")
        let verifier = try TokenVerifier(issuers: [first, second], leewaySeconds: 0)
        let claims = TokenForge.claims([("iss", "\"https://second.test\"")])
        func rejection(_ key: Result<PrivateKey, any Error>, _ claims: String) throws -> TokenRejection? {
            let input = Base64URL.encode([UInt8](TokenForge.header.utf8)) + "." + Base64URL.encode([UInt8](claims.utf8))
            return try TokenForge.rejection(of: try TokenForge.signed(input, key: key), by: verifier)
        }
        // Both issuers' tokens have the same header bytes, so the second round goes through the header memo.
        for _ in 0..<2 {
            #expect(try rejection(TokenForge.ellipticKey, TokenForge.claims()) == nil)
            #expect(try rejection(TokenForge.otherEllipticKey, claims) == nil)
            #expect(try rejection(TokenForge.ellipticKey, claims) == .badSignature)
            #expect(try rejection(TokenForge.otherEllipticKey, TokenForge.claims()) == .badSignature)
        }
    }

    @Test("remembered headers stay bounded and right")
    func headerMemo() throws {
        let verifier = try TokenForge.verifier()
        for round in 0..<3 {
            for number in 0..<20 {
                let token = try TokenForge.token(header: #"{"alg":"ES256","kid":"ec","n":\#(number)}"#)
                #expect(try TokenForge.rejection(of: token, by: verifier) == nil, "round \(round)")
                #expect(try TokenForge.rejection(of: token + "AA", by: verifier) == .badSignature)
            }
        }
        let strict = try TokenVerifier(
            issuers: [
                try TokenForge.trusted(),
                try TokenForge.trusted(requireType: true, issuer: "https://second.test"),
            ], leewaySeconds: 0)
        let header = #"{"alg":"ES256","kid":"ec"}"#
        #expect(try TokenForge.rejection(of: try TokenForge.token(header: header), by: strict) == nil)
        let claims = TokenForge.claims([("iss", "\"https://second.test\"")])
        let untyped = try TokenForge.token(header: header, claims: claims)
        #expect(try TokenForge.rejection(of: untyped, by: strict) == .wrongType)
    }

    @Test("a verifier refuses rules that make no sense")
    func configuration() throws {
        let good = try TokenForge.trusted()
        func code(_ issuers: [TrustedIssuer], leeway: Int64 = 0) -> JOSEError.Code? {
            do throws(JOSEError) {
                _ = try TokenVerifier(issuers: issuers, leewaySeconds: leeway)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code([good], leeway: 300) == nil)
        #expect(code([good], leeway: 301) == .invalidConfiguration)
        #expect(code([good], leeway: -1) == .invalidConfiguration)
        #expect(code([good, good]) == .invalidConfiguration)
        #expect(code([try TokenForge.trusted(issuer: "")]) == .invalidConfiguration)
        #expect(code([try TokenForge.trusted(algorithms: [])]) == .invalidConfiguration)
        #expect(code([try TokenForge.trusted(maximumLifetimeSeconds: 0)]) == .invalidConfiguration)
        let nobody = TrustedIssuer(issuer: "x", audiences: [], algorithms: [.es256], keys: good.keys)
        #expect(code([nobody]) == .invalidConfiguration)
    }
}
