import Foundation
import JOSE
import Sessions
import TestSupport
import Testing

extension GatewayTests {
    @Suite("tokens that are not accepted")
    struct TokenRejectionTests {
        @Test("each flaw is 401 invalid_token with its own description, and nothing reaches the backend")
        func flaws() async throws {
            try await GatewayFixture.with { gateway in
                let idp = gateway.issuer
                let now = Int(Date.now.timeIntervalSince1970)
                let publicKey = Array(try idp.keySet().utf8)
                let es256 = #""alg":"ES256","kid":"ec""#
                let good = try idp.token()
                let flaws: [(String, String)] = [
                    (idp.unsigned(header: #"{"alg":"none"}"#), "malformed token"),
                    (idp.unsigned(header: #"{"alg":"none","kid":"ec"}"#), "malformed token"),
                    (idp.unsigned(header: #"{"alg":"nOnE","kid":"ec"}"#), "malformed token"),
                    (try idp.token(header: #"{"alg":"none","kid":"ec"}"#), "algorithm not allowed"),
                    (
                        try idp.authenticated(header: #"{"alg":"HS256","kid":"ec"}"#, secret: publicKey),
                        "algorithm not allowed"
                    ),
                    (try idp.token(header: #"{"alg":"RS256","kid":"ec"}"#), "algorithm not allowed"),
                    (try idp.token(key: idp.otherKey), "bad signature"),
                    (try idp.token(header: #"{"alg":"ES256","kid":"who"}"#), "unknown key"),
                    (try idp.token(["exp": "\(now - 31)", "iat": "\(now - 90)"]), "token expired"),
                    (try idp.token(["nbf": "\(now + 300)"]), "token not yet valid"),
                    (try idp.token(["iat": "\(now + 300)"]), "token issued in the future"),
                    (try idp.token(["iss": "\"https://evil.test\""]), "unknown issuer"),
                    (try idp.token(["iss": "\"https://idp.test/\""]), "unknown issuer"),
                    (try idp.token(["iss": nil]), "missing claim"),
                    (try idp.token(["aud": "\"others\""]), "wrong audience"),
                    (try idp.token(["aud": nil]), "missing claim"),
                    (try idp.token(["exp": nil]), "missing claim"),
                    (try idp.token(["exp": "\"\(now + 60)\""]), "invalid claim"),
                    (try idp.token(["jti": nil]), "missing claim"),
                    (try idp.token(["jti": "17"]), "invalid claim"),
                    (try idp.token(["jti": "\"\""]), "invalid claim"),
                    (try idp.token(["sub": nil]), "missing claim"),
                    (try idp.token(["sub": "[\"carol\"]"]), "invalid claim"),
                    (try idp.token(["cnf": #"{"jkt":"abc"}"#]), "sender-constrained token"),
                    (try idp.token(header: "{\(es256),\"crit\":[\"exp\"]}"), "unsupported critical header"),
                    (try idp.token(header: "{\(es256),\"b64\":false}"), "unsupported critical header"),
                    (try idp.token(header: "{\(es256),\"typ\":\"dpop+jwt\"}"), "wrong token type"),
                    (try idp.token(["exp": "\(now + 90_000)"]), "lifetime too long"),
                    (good + ".A", "malformed token"),
                    (String(good.dropLast(2)), "bad signature"),
                    (good.replacingOccurrences(of: ".", with: "="), "malformed token"),
                    (String(repeating: "a", count: 20_000), "token too large"),
                ]
                for (token, description) in flaws {
                    let answer = try await gateway.call("GET", "/api/x", token: token)
                    let shown = "\(description): \(token.prefix(40))"
                    #expect(answer.status == 401, "\(shown): \(answer.text)")
                    let said = answer.member("error_description") ?? ""
                    expectProblem(
                        answer, 401, "invalid_token", challenge: invalidTokenChallenge(said), "\(shown)")
                    #expect(said == description, "\(token.prefix(40))")
                }
                #expect(gateway.backend.arrivals.isEmpty)
                #expect(try await gateway.call("GET", "/api/x", token: good).status == 200)
            }
        }

        @Test("a token is good until its leeway has passed, and one that just began is good")
        func leeway() async throws {
            try await GatewayFixture.with { gateway in
                let now = Int(Date.now.timeIntervalSince1970)
                let late = try gateway.issuer.token(["exp": "\(now - 10)", "iat": "\(now - 60)"])
                let early = try gateway.issuer.token(["nbf": "\(now + 10)", "iat": "\(now + 10)"])
                #expect(try await gateway.call("GET", "/api/x", token: late).status == 200)
                #expect(try await gateway.call("GET", "/api/x", token: early).status == 200)
            }
        }

        @Test("a remembered token is refused once it expires")
        func expiresWhileRemembered() async throws {
            var settings = GatewaySettings()
            settings.sections = ["verification_cache: {entries: 100}"]
            try await GatewayFixture.with(settings) { gateway in
                // With the leeway of thirty seconds it has about three left.
                let expiry = Int(Date.now.timeIntervalSince1970) - 27
                let token = try gateway.issuer.token(["exp": "\(expiry)", "iat": "\(expiry - 60)"])
                let connection = try await gateway.connect()
                var seen: [Int] = []
                let isRefused = try await eventually {
                    await connection.request("GET", "/api/x", [("Authorization", "Bearer \(token)")])
                    seen.append(try await connection.answer().status)
                    return seen.last == 401
                }
                #expect(isRefused)
                #expect(seen.first == 200)
                #expect(Set(seen) == [200, 401])
            }
        }

        @Test("an own token of another type, or one that lives longer than own tokens do, is not accepted")
        func ownTokens() async throws {
            try await GatewayFixture.with { gateway in
                let signer = try SigningKeyDirectory(path: gateway.folder.path("keys")).load().keys(atSeconds: .max)
                    .signer
                let now = Int64(Date.now.timeIntervalSince1970)
                func token(type: String, lifetime: Int64) throws -> String {
                    let token = try signer.sign(
                        type: type,
                        claims: [
                            ("iss", .string("https://gateway.test")), ("sub", .string("alice")),
                            ("aud", .string("api")),
                            ("iat", .integer(now)), ("exp", .integer(now + lifetime)), ("jti", .string("own-1")),
                            ("client_id", .string("portcullis")),
                        ])
                    SecretLedger.enter(token)
                    return token
                }
                let good = try await gateway.call("GET", "/api/x", token: token(type: "at+jwt", lifetime: 60))
                #expect(good.status == 200, "\(good.text)")
                #expect(try await gateway.call("GET", "/api/x", token: token(type: "JWT", lifetime: 60)).status == 401)
                let long = try await gateway.call("GET", "/api/x", token: token(type: "at+jwt", lifetime: 3600))
                #expect(long.member("error_description") == "lifetime too long")
            }
        }
    }
}
