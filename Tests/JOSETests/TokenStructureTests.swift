import JOSE
import Testing

@Suite("Token structure and header")
struct TokenStructureTests {
    @Test("a good token is accepted and says what was claimed")
    func good() throws {
        let token = try TokenForge.verifier().verify(try TokenForge.token(), nowSeconds: TokenForge.now)
        #expect(token.issuer == TokenForge.issuer)
        #expect(token.issuerIndex == 0)
        #expect(token.subject == "user-1")
        #expect(token.tokenID == "id-1")
        #expect(token.audiences == [TokenForge.audience])
        #expect(token.scope == "read write")
        #expect(token.clientID == "client-1")
        #expect(token.sessionID == "session-1")
        #expect(token.keyID == "ec")
        #expect(token.algorithm == .es256)
        #expect(token.issuedAt.seconds == 1_799_999_940)
        #expect(token.notBefore?.seconds == 1_799_999_940)
        #expect(token.expiresAt.seconds == 1_800_000_600)
    }

    @Test("anything but three parts is refused")
    func parts() throws {
        let token = try TokenForge.token()
        let parts = token.split(separator: ".").map(String.init)
        let wrong = [
            "", ".", "..", "...", parts[0], parts[0] + "." + parts[1], token + ".", "." + token,
            token + "." + parts[2], parts[0] + ".." + parts[2], "." + parts[1] + "." + parts[2],
            parts[0] + "." + parts[1] + ".", token + ".a.b", " " + token, token + " ", token + "\n", "Bearer " + token,
        ]
        for text in wrong {
            #expect(try TokenForge.rejection(of: text) == .malformed, "\(text.count) bytes")
        }
    }

    @Test("no beginning of a token and no token with one changed byte is accepted")
    func damage() throws {
        let verifier = try TokenForge.verifier()
        let token = [UInt8](try TokenForge.token().utf8)
        for count in 0..<token.count {
            #expect(try TokenForge.rejection(of: String(decoding: token[..<count], as: UTF8.self), by: verifier) != nil)
        }
        _ = try verifier.verify(String(decoding: token, as: UTF8.self), nowSeconds: TokenForge.now)
        for place in token.indices {
            for change in [UInt8(1), 2, 32, 0x80] {
                var damaged = token
                damaged[place] ^= change
                let isAccepted = damaged.withUnsafeBytes { bytes in
                    (try? verifier.verify(bytes, nowSeconds: TokenForge.now)) != nil
                }
                #expect(!isAccepted, "byte \(place) changed by \(change)")
            }
        }
    }

    @Test("the size limit is exact, and decided before anything is decoded")
    func size() throws {
        let token = try TokenForge.token()
        let count = token.utf8.count
        let issuers = [try TokenForge.trusted()]
        let tight = try TokenVerifier(issuers: issuers, leewaySeconds: 0, maximumTokenByteCount: count)
        #expect(try TokenForge.rejection(of: token, by: tight) == nil)
        let tooTight = try TokenVerifier(issuers: issuers, leewaySeconds: 0, maximumTokenByteCount: count - 1)
        #expect(try TokenForge.rejection(of: token, by: tooTight) == .tooLarge)
        let dots = String(repeating: ".", count: 16 * 1024 + 1)
        #expect(try TokenForge.rejection(of: dots) == .tooLarge)
    }

    @Test(
        "alg none is refused in every spelling, with and without signature",
        arguments: [
            "none", "None", "NONE", "nOnE", "none ", "", "n\u{43E}ne", "none\\u0000", "n\\u006fne",
        ])
    func algorithmNone(name: String) throws {
        for kid in ["", #","kid":"ec""#] {
            let header = #"{"alg":"\#(name)","typ":"at+jwt"\#(kid)}"#
            let token = try TokenForge.token(header: header)
            #expect(try TokenForge.rejection(of: token) == .algorithmNotAllowed)
            let unsigned = token.split(separator: ".")[0...1].joined(separator: ".") + "."
            #expect(try TokenForge.rejection(of: unsigned) == .malformed)
        }
    }

    @Test(
        "alg must be one exact string",
        arguments: [
            ("\"es256\"", .algorithmNotAllowed), ("\"ES256 \"", .algorithmNotAllowed),
            ("\"ES384\"", .algorithmNotAllowed),
            ("\"Ed25519\"", .algorithmNotAllowed), ("\"dir\"", .algorithmNotAllowed), ("null", .malformed),
            ("1", .malformed), ("[\"ES256\"]", .malformed), ("{}", .malformed), ("true", .malformed),
        ] as [(String, TokenRejection)])
    func algorithmType(value: String, expected: TokenRejection) throws {
        let token = try TokenForge.token(header: #"{"alg":\#(value),"kid":"ec"}"#)
        #expect(try TokenForge.rejection(of: token) == expected)
    }

    @Test("a header without alg is refused")
    func algorithmMissing() throws {
        #expect(try TokenForge.rejection(of: try TokenForge.token(header: #"{"kid":"ec"}"#)) == .malformed)
    }

    @Test(
        "crit and b64 are refused, whatever they say",
        arguments: [
            #""crit":["exp"]"#, #""crit":[]"#, #""crit":null"#, #""crit":["b64"],"b64":false"#, #""b64":true"#,
            #""b64":false"#, #""\u0063rit":["x"]"#,
        ])
    func critical(member: String) throws {
        let token = try TokenForge.token(header: #"{"alg":"ES256","kid":"ec",\#(member)}"#)
        #expect(try TokenForge.rejection(of: token) == .criticalHeader)
    }

    @Test(
        "a key, a certificate or an address of one in the header changes nothing",
        arguments: [
            #""jku":"http://127.0.0.1:9/jwks""#, #""x5u":"https://evil.test/c.pem""#, #""x5c":["AAAA"]"#,
            #""x5t":"AA""#,
            #""zip":"DEF""#, #""cty":"JWT""#, #""unknown":{"a":[1]}"#,
        ])
    func ignoredMembers(member: String) throws {
        let token = try TokenForge.token(header: #"{"alg":"ES256","kid":"ec",\#(member)}"#)
        #expect(try TokenForge.rejection(of: token) == nil)
    }

    @Test("a key embedded in the header does not verify the token it came with")
    func embeddedKey() throws {
        let attacker = try TokenForge.publicKey(TokenForge.otherEllipticKey, "ec", .es256)
        let jwk = JSONWriter.text(of: try #require(attacker.publicJSON))
        for kid in [#","kid":"ec""#, ""] {
            let header = Base64URL.encode([UInt8](#"{"alg":"ES256"\#(kid),"jwk":\#(jwk)}"#.utf8))
            let input = header + "." + Base64URL.encode([UInt8](TokenForge.claims().utf8))
            let token = try TokenForge.signed(input, key: TokenForge.otherEllipticKey)
            #expect(try TokenForge.rejection(of: token) == .badSignature)
        }
    }

    @Test(
        "other kinds of token are refused by typ",
        arguments: [
            "id_token+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "refresh+jwt", "at+jwt ", "", "application/",
            "application/application/at+jwt", "at+JWT\u{212A}",
        ])
    func otherTypes(type: String) throws {
        let token = try TokenForge.token(header: #"{"alg":"ES256","typ":"\#(type)","kid":"ec"}"#)
        #expect(try TokenForge.rejection(of: token) == .wrongType)
    }

    @Test("typ must be a string", arguments: ["null", "1", "[\"at+jwt\"]"])
    func typeOfType(value: String) throws {
        let token = try TokenForge.token(header: #"{"alg":"ES256","typ":\#(value),"kid":"ec"}"#)
        #expect(try TokenForge.rejection(of: token) == .wrongType)
    }

    @Test(
        "typ at+jwt is always enough, JWT or none only where the issuer does not require it",
        arguments: [
            (#","typ":"at+jwt""#, true), (#","typ":"AT+JWT""#, true), (#","typ":"application/at+jwt""#, true),
            (#","typ":"Application/At+Jwt""#, true), (#","typ":"JWT""#, false), (#","typ":"jwt""#, false),
            (#","typ":"application/jwt""#, false), ("", false),
        ])
    func requiredType(member: String, isEnough: Bool) throws {
        let token = try TokenForge.token(header: #"{"alg":"ES256","kid":"ec"\#(member)}"#)
        #expect(try TokenForge.rejection(of: token) == nil)
        let strict = try TokenVerifier(issuers: [try TokenForge.trusted(requireType: true)], leewaySeconds: 30)
        #expect(try TokenForge.rejection(of: token, by: strict) == (isEnough ? nil : .wrongType))
    }

    @Test("duplicate members in header or claims are refused, also when one is escaped")
    func duplicates() throws {
        let headers = [
            #"{"alg":"ES256","alg":"none","kid":"ec"}"#, #"{"alg":"none","alg":"ES256","kid":"ec"}"#,
            #"{"alg":"ES256","kid":"ec","\u006bid":"rsa"}"#,
        ]
        for header in headers {
            #expect(try TokenForge.rejection(of: try TokenForge.token(header: header)) == .malformed)
        }
        for member in [#""sub":"admin""#, #""s\u0075b":"admin""#, #""x":{"y":1,"y":2}"#] {
            let claims = String(TokenForge.claims().dropLast()) + "," + member + "}"
            #expect(try TokenForge.rejection(of: try TokenForge.token(claims: claims)) == .malformed)
        }
    }

    @Test("escaped member names are the names they stand for")
    func escapedNames() throws {
        let header = #"{"\u0061lg":"\u0045S256","\u006bid":"\u0065c"}"#
        let claims =
            #"{"\u0069ss":"https:\/\/issuer.test","s\u0075b":"us\u0065r"#
            + TokenForge.claims([("iss", nil), ("sub", nil)]).replacing("{", with: "\",", maxReplacements: 1)
        let token = try TokenForge.token(header: header, claims: claims)
        #expect(try TokenForge.verifier().verify(token, nowSeconds: TokenForge.now).subject == "user")
    }

    @Test(
        "payloads that are no strict JSON object are refused",
        arguments: [
            "", "[]", "null", "1", "\"x\"", "{}x", "{", "\u{FEFF}{}", #"{"a":"\ud800"}"#, #"{"a":01}"#,
            "eyJh.eyJh.c2ln",
        ])
    func payloads(text: String) throws {
        #expect(try TokenForge.rejection(of: try TokenForge.token(claims: text)) == .malformed)
    }

    @Test("invalid UTF-8 and deep nesting are refused before the signature is looked at")
    func hostilePayloads() throws {
        let invalid = [UInt8](#"{"a":""#.utf8) + [0xC0, 0xAF] + [UInt8](#""}"#.utf8)
        let token = try TokenForge.token(header: [UInt8](TokenForge.header.utf8), payload: invalid)
        #expect(try TokenForge.rejection(of: token) == .malformed)
        for depth in [16, 4000] {
            let deep = #"{"a":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
            #expect(try TokenForge.rejection(of: try TokenForge.token(claims: deep)) == .malformed)
        }
        let nested = String(repeating: "[", count: 15) + String(repeating: "]", count: 15)
        #expect(try TokenForge.rejection(claims: [("x", nested)]) == nil)
    }
}
