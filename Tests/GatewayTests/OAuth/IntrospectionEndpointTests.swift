import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("OAuth: the introspection endpoint")
    struct IntrospectionEndpointTests {
        private let settings = GatewayFixture.oauthSettings

        @Test("7662-01: POST of a form by a client that proves who it is")
        func callers() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                try gateway.makeClient("public", isPublic: true)
                let token = try await gateway.grant(client).accessToken
                #expect(try await gateway.call("GET", "/oauth2/introspect").status == 405)
                for form in [
                    "token=\(token)", "token=\(token)&client_id=public", "token=\(token)&client_id=portcullis",
                ] {
                    expectProblem(
                        try await gateway.oauth("introspect", form), 401, "invalid_client", challenge: basicChallenge)
                }
                // A token is no proof of who a client is.
                expectProblem(
                    try await gateway.oauth("introspect", "token=\(token)", token: token), 401, "invalid_client",
                    challenge: basicChallenge)
                expectProblem(try await gateway.oauth("introspect", "x=1", basic: client), 400, "invalid_request")
                let answer = try await gateway.introspect(token, client)
                #expect(answer.status == 200 && answer.json["active"] as? Bool == true)
                let body = "token=\(token)&client_id=\(client.id)&client_secret=\(client.secret)"
                #expect(try await gateway.oauth("introspect", body).json["active"] as? Bool == true)
            }
        }

        @Test("7662-02: what is not active is exactly that, and nothing else is told")
        func inactivity() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let (client, other) = (try gateway.client("a"), try gateway.client("b"))
                let grant = try await gateway.grant(client)
                let next = try GatewayFixture.Grant(try await gateway.refresh(grant.refreshToken, client))
                let now = Int(Date.now.timeIntervalSince1970)
                for token in [
                    "garbage", "a.b.c", try gateway.issuer.token("exp", "\(now - 31)"),
                    try gateway.issuer.token("nbf", "\(now + 60)"), try gateway.issuer.token("aud", "\"else\""),
                    try gateway.issuer.token("iss", "\"https://nobody.test\""), grant.refreshToken,
                    String(next.accessToken.dropLast(3)),
                ] {
                    let answer = try await gateway.introspect(token, client)
                    #expect(answer.status == 200 && answer.text == inactive, "\(token.prefix(20))")
                    expectNotStored(answer)
                }
                // Somebody else's refresh token is nobody's business.
                #expect(try await gateway.introspect(next.refreshToken, other).text == inactive)
                #expect(try await gateway.introspect(next.refreshToken, client).json["active"] as? Bool == true)
            }
        }

        @Test("7662-03: it agrees with what the data path does, whatever is against the token")
        func agreement() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let redis = try #require(gateway.redisServer)
                func expectAgreement(_ token: String, _ isActive: Bool, _ note: Comment) async throws {
                    let isForwarded = try await gateway.call("GET", "/api/x", token: token).status == 200
                    let answer = try await gateway.introspect(token, client)
                    #expect(answer.json["active"] as? Bool == isActive && isForwarded == isActive, note)
                }
                let now = Int(Date.now.timeIntervalSince1970)
                for (claim, value, isActive) in [
                    ("exp", "\(now + 100)", true), ("exp", "\(now - 20)", true), ("exp", "\(now - 40)", false),
                    ("nbf", "\(now + 20)", true), ("nbf", "\(now + 50)", false), ("iat", "\(now + 50)", false),
                    ("aud", "[\"x\",\"api\"]", true), ("aud", "\"x\"", false), ("cnf", "{}", false),
                ] {
                    try await expectAgreement(
                        try gateway.issuer.token(["iat": "\(now - 500)", claim: value]), isActive, "\(claim) \(value)")
                }
                let marks: [(String, (GatewayFixture.Grant) -> String)] = [
                    ("jti", { "\($0.claims["jti"] ?? "")" }), ("sid", { "\($0.claims["sid"] ?? "")" }),
                    ("sub", { _ in "alice" }), ("client", { _ in "app" }),
                ]
                for (kind, name) in marks {
                    let grant = try await gateway.grant(client)
                    try await expectAgreement(grant.accessToken, true, "\(kind) before")
                    let value = kind == "jti" || kind == "sid" ? "1" : "\((now + 1000) * 1000)"
                    let key = "portcullis:revoked:\(kind):\(name(grant))"
                    _ = try redis.command("SET", key, value)
                    try await expectAgreement(grant.accessToken, false, "\(kind) after")
                    _ = try redis.command("DEL", key)
                }
                _ = try redis.command("SET", "portcullis:revoked:sub:alice", "nonsense")
                let grant = try gateway.issuer.token("sub", "\"bob\"")
                try await expectAgreement(grant, true, "somebody else")
            }
        }

        @Test("7662-04: a wrong secret is 401; an inactive token is no error")
        func wrongSecret() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                expectProblem(
                    try await gateway.introspect("x", (client.id, "wrong")), 401, "invalid_client",
                    challenge: basicChallenge)
                #expect(try await gateway.introspect("x", client).status == 200)
            }
        }

        @Test("7662-05: not to be stored; who fails too often gets 429; without Redis 503 and no guess")
        func scanning() async throws {
            var settings = settings
            settings.redisOptions = "command_timeout: 200ms"
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let grant = try await gateway.grant(client)
                expectNotStored(try await gateway.introspect(grant.accessToken, client))
                gateway.redisServer?.kill()
                expectProblem(
                    try await gateway.introspect(grant.accessToken, client), 503, "temporarily_unavailable")
                for _ in 0..<30 { _ = try await gateway.introspect("x", (client.id, "wrong")) }
                let answer = try await gateway.introspect("x", (client.id, "wrong"))
                expectProblem(answer, 429, "too_many_requests")
            }
        }

        @Test("an active access token is told with its claims")
        func claims() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let grant = try await gateway.grant(client)
                let told = try await gateway.introspect(grant.accessToken, client).json
                for claim in ["iss", "sub", "jti", "client_id", "scope", "sid"] {
                    #expect(told[claim] as? String == grant.claims[claim] as? String, "\(claim)")
                }
                for claim in ["exp", "iat", "nbf"] {
                    #expect(told[claim] as? Int == grant.claims[claim] as? Int, "\(claim)")
                }
                #expect(told["token_type"] as? String == "Bearer")
            }
        }
    }
}
