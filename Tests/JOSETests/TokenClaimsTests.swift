import JOSE
import Testing

@Suite("Claims")
struct TokenClaimsTests {
    @Test(
        "the issuer must be one exact string",
        arguments: [
            ("\"https://issuer.test/\"", .unknownIssuer), ("\"HTTPS://ISSUER.TEST\"", .unknownIssuer),
            ("\"https://issuer.test.evil.test\"", .unknownIssuer), ("\"https://issuer.tes\"", .unknownIssuer),
            ("\" https://issuer.test\"", .unknownIssuer), ("\"https://issuer.test\\u0000\"", .unknownIssuer),
            ("\"\"", .unknownIssuer), ("null", .invalidClaim(.issuer)), ("1", .invalidClaim(.issuer)),
            ("[\"https://issuer.test\"]", .invalidClaim(.issuer)), (nil, .missingClaim(.issuer)),
        ] as [(String?, TokenRejection)])
    func issuer(value: String?, expected: TokenRejection) throws {
        #expect(try TokenForge.rejection(claims: [("iss", value)]) == expected)
    }

    @Test(
        "one of the issuer's audiences must be named exactly",
        arguments: [
            ("\"second\"", nil), ("[\"x\",\"second\"]", nil), ("\"x\"", .wrongAudience), ("[]", .wrongAudience),
            ("\"\"", .wrongAudience), ("\"SECOND\"", .wrongAudience), ("\"second x\"", .wrongAudience),
            ("\"*\"", .wrongAudience), ("[\"a\",\"b\"]", .wrongAudience), ("null", .invalidClaim(.audience)),
            ("1", .invalidClaim(.audience)), ("{\"second\":1}", .invalidClaim(.audience)),
            ("[[\"second\"]]", .invalidClaim(.audience)), ("[\"second\",1]", .invalidClaim(.audience)),
            ("[null,\"second\"]", .invalidClaim(.audience)), (nil, .missingClaim(.audience)),
        ] as [(String?, TokenRejection?)])
    func audience(value: String?, expected: TokenRejection?) throws {
        #expect(try TokenForge.rejection(claims: [("aud", value)]) == expected)
    }

    @Test(
        "jti and sub must be non-empty strings that cannot break out of a field",
        arguments: [
            ("sub", RegisteredClaim.subject), ("jti", .tokenID),
        ])
    func requiredIdentifiers(name: String, claim: RegisteredClaim) throws {
        #expect(try TokenForge.rejection(claims: [(name, nil)]) == .missingClaim(claim))
        try checkIdentifier(name: name, claim: claim)
    }

    @Test(
        "client_id, azp and sid may be absent but not malformed",
        arguments: [
            ("client_id", RegisteredClaim.clientID), ("sid", .sessionID),
        ])
    func optionalIdentifiers(name: String, claim: RegisteredClaim) throws {
        #expect(try TokenForge.rejection(claims: [(name, nil)]) == nil)
        try checkIdentifier(name: name, claim: claim)
        #expect(
            try TokenForge.rejection(claims: [("client_id", nil), ("azp", "1")]) == .invalidClaim(.authorizedParty))
    }

    private func checkIdentifier(name: String, claim: RegisteredClaim) throws {
        let bad = [
            "\"\"", "null", "1", "true", "[\"x\"]", "{}", #""a\r\nX-Admin: 1""#, #""a\u0000b""#, #""a\tb""#,
            #"" admin""#, #""admin ""#, #"" ""#, #""a\u007fb""#,
        ]
        for value in bad {
            #expect(try TokenForge.rejection(claims: [(name, value)]) == .invalidClaim(claim), "\(value)")
        }
        for value in [#""a:b:c""#, #""é""#, #""a b""#, #""*""#, #""{x}a""#, #""\"q\\""#] {
            #expect(try TokenForge.rejection(claims: [(name, value)]) == nil, "\(value)")
        }
    }

    @Test("the client is client_id, or else azp")
    func client() throws {
        let verifier = try TokenForge.verifier()
        func client(_ changes: [(String, String?)]) throws -> String? {
            let token = try TokenForge.token(claims: TokenForge.claims(changes))
            return try verifier.verify(token, nowSeconds: TokenForge.now).clientID
        }
        #expect(try client([("azp", "\"other\"")]) == "client-1")
        #expect(try client([("client_id", nil), ("azp", "\"other\"")]) == "other")
        #expect(try client([("client_id", nil)]) == nil)
    }

    @Test(
        "scopes come from scope or scp, as a string or a list",
        arguments: [
            ([("scope", "\"a b\"")], "a b"), ([("scope", "[\"a\",\"b\"]")], "a b"), ([("scope", "\"\"")], ""),
            ([("scope", "[]")], ""), ([("scope", nil)], ""), ([("scope", nil), ("scp", "[\"a\",\"b\"]")], "a b"),
            ([("scope", nil), ("scp", "\"a b\"")], "a b"), ([("scope", "\"a\""), ("scp", "\"b\"")], "a"),
        ] as [([(String, String?)], String)])
    func scopes(changes: [(String, String?)], expected: String) throws {
        let token = try TokenForge.token(claims: TokenForge.claims(changes))
        #expect(try TokenForge.verifier().verify(token, nowSeconds: TokenForge.now).scope == expected)
    }

    @Test(
        "scopes that could be read as others are refused",
        arguments: [
            #""read\r\nX-Admin: 1""#, #""a  b""#, #"" a""#, #""a ""#, #""a\tb""#, #""é""#, #""a\"b""#, #""a\\b""#, "1",
            "null", "{}", #"["a b"]"#, #"["a",1]"#, #"[""]"#, #"[["a"]]"#,
        ])
    func badScopes(value: String) throws {
        #expect(try TokenForge.rejection(claims: [("scope", value)]) == .invalidClaim(.scope))
        #expect(try TokenForge.rejection(claims: [("scope", nil), ("scp", value)]) == .invalidClaim(.scopeList))
    }

    @Test(
        "a sender-constrained token is refused, however cnf is written",
        arguments: [
            #"{"jkt":"x"}"#, #"{"x5t#S256":"x"}"#, "{}", "null", "\"x\"",
        ])
    func senderConstrained(value: String) throws {
        #expect(try TokenForge.rejection(claims: [("cnf", value)]) == .senderConstrained)
        let claims = String(TokenForge.claims().dropLast()) + #","\u0063nf":\#(value)}"#
        #expect(try TokenForge.rejection(of: try TokenForge.token(claims: claims)) == .senderConstrained)
    }

    @Test(
        "dates must be numbers, and sensible ones",
        arguments: [
            ("exp", RegisteredClaim.expiration), ("iat", .issuedAt), ("nbf", .notBefore),
        ])
    func dateTypes(name: String, claim: RegisteredClaim) throws {
        for value in ["\"1800000600\"", "null", "true", "[1800000600]", "{}", "1e308", "18446744073709551617", "1e-10"]
        {
            #expect(try TokenForge.rejection(claims: [(name, value)]) == .invalidClaim(claim), "\(value)")
        }
        #expect(try TokenForge.rejection(claims: [(name, nil)]) == (name == "nbf" ? nil : .missingClaim(claim)))
    }

    @Test("exp with leeway: refused from the very second it has passed")
    func expiry() throws {
        // exp is 1800000600 and the leeway 30.
        #expect(try TokenForge.rejection(claims: [], at: 1_800_000_629) == nil)
        #expect(try TokenForge.rejection(claims: [], at: 1_800_000_630) == .expired)
        #expect(try TokenForge.rejection(claims: [("exp", "1800000600.5")], at: 1_800_000_630) == nil)
        #expect(try TokenForge.rejection(claims: [("exp", "1800000600.5")], at: 1_800_000_631) == .expired)
        #expect(try TokenForge.rejection(claims: [("exp", "-1"), ("iat", "-9"), ("nbf", nil)]) == .expired)
    }

    @Test("nbf and iat with leeway: accepted from the second they allow")
    func beginning() throws {
        #expect(try TokenForge.rejection(claims: [("nbf", "1800000030")]) == nil)
        #expect(try TokenForge.rejection(claims: [("nbf", "1800000030.1")]) == .notYetValid)
        #expect(try TokenForge.rejection(claims: [("nbf", "1800000031")]) == .notYetValid)
        #expect(try TokenForge.rejection(claims: [("iat", "1800000030")]) == nil)
        #expect(try TokenForge.rejection(claims: [("iat", "1800000031"), ("nbf", nil)]) == .issuedInTheFuture)
        #expect(try TokenForge.rejection(claims: [("nbf", "-5")]) == nil)
    }

    @Test("a token that was never valid is refused")
    func emptyLifetime() throws {
        #expect(
            try TokenForge.rejection(claims: [("exp", "1800000010"), ("nbf", "1800000030")])
                == .invalidClaim(.notBefore))
        #expect(
            try TokenForge.rejection(claims: [("exp", "1800000010"), ("iat", "1800000010")])
                == .invalidClaim(.expiration))
    }

    @Test("the issuer's longest lifetime is kept, to the fraction")
    func lifetime() throws {
        let verifier = try TokenVerifier(
            issuers: [try TokenForge.trusted(maximumLifetimeSeconds: 660)], leewaySeconds: 0)
        func rejection(_ expiry: String) throws -> TokenRejection? {
            try TokenForge.rejection(
                of: try TokenForge.token(claims: TokenForge.claims([("exp", expiry)])), by: verifier)
        }
        #expect(try rejection("1800000600") == nil)
        #expect(try rejection("1800000600.001") == .lifetimeTooLong)
        #expect(try rejection("1800000601") == .lifetimeTooLong)
    }

    @Test("a remembered token is judged again by the clock, with the same borders")
    func timeRejection() throws {
        let token = try TokenForge.verifier().verify(try TokenForge.token(), nowSeconds: TokenForge.now)
        #expect(token.timeRejection(nowSeconds: 1_800_000_599, leewaySeconds: 0) == nil)
        #expect(token.timeRejection(nowSeconds: 1_800_000_600, leewaySeconds: 0) == .expired)
        #expect(token.timeRejection(nowSeconds: 1_800_000_600, leewaySeconds: 1) == nil)
        #expect(token.timeRejection(nowSeconds: 1_799_999_939, leewaySeconds: 0) == .notYetValid)
        #expect(token.timeRejection(nowSeconds: 1_799_999_939, leewaySeconds: 1) == nil)
        #expect(token.timeRejection(nowSeconds: .max, leewaySeconds: .max) == .expired)
        #expect(token.timeRejection(nowSeconds: .min, leewaySeconds: .min) == .notYetValid)
    }

    @Test("the signature is judged before the claims, and syntax before both")
    func order() throws {
        let expired = TokenForge.claims([("exp", "1"), ("iat", "0"), ("nbf", nil), ("sub", nil)])
        let token = try TokenForge.token(claims: expired)
        #expect(try TokenForge.rejection(of: token + "AA") == .badSignature)
        #expect(try TokenForge.rejection(of: token) == .missingClaim(.subject))
        let unknown = try TokenForge.token(header: #"{"alg":"none"}"#, claims: TokenForge.claims([("iss", "\"x\"")]))
        #expect(try TokenForge.rejection(of: unknown) == .unknownIssuer)
    }
}
