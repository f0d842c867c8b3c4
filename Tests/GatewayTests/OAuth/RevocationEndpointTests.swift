import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("OAuth: the revocation endpoint")
    struct RevocationEndpointTests {
        private let settings = GatewayFixture.oauthSettings

        @Test("7009-01: POST only")
        func methods() async throws {
            try await GatewayFixture.with(settings) { gateway in
                for method in ["GET", "DELETE"] {
                    let answer = try await gateway.call(method, "/oauth2/revoke?token=x")
                    expectProblem(answer, 405, "invalid_request")
                    #expect(answer.field("Allow") == "POST")
                }
            }
        }

        @Test("7009-02: a token is needed, and only its own client takes it back")
        func binding() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let (first, second) = (try gateway.client("a"), try gateway.client("b"))
                let grant = try await gateway.grant(first)
                expectProblem(try await gateway.oauth("revoke", "x=1", basic: first), 400, "invalid_request")
                expectProblem(
                    try await gateway.oauth("revoke", "token=\(grant.accessToken)"), 401, "invalid_client",
                    challenge: basicChallenge)
                for token in [grant.accessToken, grant.refreshToken] {
                    expectProblem(
                        try await gateway.oauth("revoke", "token=\(token)", basic: second), 400, "invalid_grant")
                    // To a client that has proved nothing it is not told.
                    let silent = try await gateway.oauth("revoke", "token=\(token)&client_id=portcullis")
                    #expect(silent.status == 200 && silent.body.isEmpty)
                }
                #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 200)
                #expect(try await gateway.refresh(grant.refreshToken, first).status == 200)
            }
        }

        @Test("7009-03: a right, a wrong and an unknown hint come to the same")
        func hints() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                for hint in ["access_token", "refresh_token", "something", ""] {
                    let grant = try await gateway.grant(client)
                    for token in [grant.accessToken, "garbage", grant.refreshToken] {
                        let form = "token=\(token)&token_type_hint=\(hint)"
                        #expect(try await gateway.oauth("revoke", form, basic: client).status == 200)
                    }
                    #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 401)
                    #expect(try await gateway.refresh(grant.refreshToken, client).status == 400)
                }
            }
        }

        @Test("7009-04: with a refresh token its access tokens end; an access token ends alone")
        func families() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let first = try await gateway.grant(client)
                let second = try GatewayFixture.Grant(try await gateway.refresh(first.refreshToken, client))
                _ = try await gateway.oauth("revoke", "token=\(second.accessToken)", basic: client)
                #expect(try await gateway.call("GET", "/api/x", token: second.accessToken).status == 401)
                #expect(try await gateway.call("GET", "/api/x", token: first.accessToken).status == 200)
                let third = try GatewayFixture.Grant(try await gateway.refresh(second.refreshToken, client))
                #expect(try await gateway.oauth("revoke", "token=\(third.refreshToken)", basic: client).status == 200)
                for token in [first.accessToken, third.accessToken] {
                    expectProblem(
                        try await gateway.call("GET", "/api/x", token: token), 401, "invalid_token",
                        challenge: invalidTokenChallenge("token revoked"))
                }
                expectProblem(try await gateway.refresh(third.refreshToken, client), 400, "invalid_grant")
            }
        }

        @Test("7009-05: garbage, what is revoked already, and another issuer's token are 200, a hundred times")
        func idempotence() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let grant = try await gateway.grant(client)
                let foreign = try gateway.issuer.token(["client_id": "\"app\""])
                for token in ["garbage", "a.b.c", foreign, "rt_x", "pk_x"] {
                    let answer = try await gateway.oauth("revoke", "token=\(token)", basic: client)
                    #expect(answer.status == 200 && answer.body.isEmpty)
                    expectNotStored(answer)
                }
                #expect(try await gateway.call("GET", "/api/x", token: foreign).status == 200)
                for _ in 0..<100 {
                    let answer = try await gateway.oauth("revoke", "token=\(grant.refreshToken)", basic: client)
                    #expect(answer.status == 200)
                }
            }
        }

        @Test("7009-06: Redis away is 503 with Retry-After, never 200; afterwards it works")
        func outage() async throws {
            var settings = settings
            settings.redis = .durable
            settings.redisOptions = "command_timeout: 200ms"
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let grant = try await gateway.grant(client)
                let redis = try #require(gateway.redisServer)
                redis.kill()
                for token in [grant.accessToken, grant.refreshToken] {
                    let answer = try await gateway.oauth("revoke", "token=\(token)", basic: client)
                    expectProblem(answer, 503, "temporarily_unavailable")
                }
                try redis.restart()
                let isBack = try await eventually {
                    try await gateway.oauth("revoke", "token=\(grant.refreshToken)", basic: client).status == 200
                }
                #expect(isBack)
                #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 401)
            }
        }

        @Test("7009-07: the very next request at any node is refused")
        func immediacy() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                for _ in 0..<20 {
                    let grant = try await gateway.grant(client)
                    #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 200)
                    #expect(
                        try await gateway.oauth("revoke", "token=\(grant.accessToken)", basic: client).status == 200)
                    #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 401)
                    #expect(try await gateway.introspect(grant.accessToken, client).text == inactive)
                }
            }
        }

        @Test("7009-08: a public client cannot tell somebody's token from garbage")
        func silence() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let grant = try await gateway.grant(try gateway.client())
                func answer(_ token: String) async throws -> String {
                    let answer = try await gateway.oauth("revoke", "token=\(token)&client_id=portcullis")
                    let fields = answer.fields.filter { !["date", "x-request-id"].contains($0.name.lowercased()) }
                    return "\(answer.status) \(fields) \(answer.text)"
                }
                let garbage = try await answer("garbage")
                #expect(try await answer(grant.accessToken) == garbage)
                #expect(try await answer(grant.refreshToken) == garbage)
            }
        }
    }
}
