import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("one's own sessions")
    struct SessionListTests {
        private func list(
            _ gateway: GatewayFixture, _ token: String, _ query: String = ""
        ) async throws -> [[String: Any]] {
            let answer = try await gateway.call("GET", "/auth/sessions" + query, token: token)
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.field("Cache-Control") == "no-store")
            return try #require(answer.json["sessions"] as? [[String: Any]])
        }

        @Test(
            "they are listed with device, address and times, the asking one marked; nobody else's are",
            arguments: [true, false])
        func listing(hasRedis: Bool) async throws {
            var settings = GatewaySettings.accounts
            if !hasRedis { settings.redis = .none }
            try await GatewayFixture.with(settings) { gateway in
                let before = Int(Date.now.timeIntervalSince1970)
                func login(_ extra: String, _ fields: [(String, String)] = []) async throws -> GatewayFixture.Grant {
                    try GatewayFixture.Grant(
                        try await gateway.call(
                            "POST", "/auth/login", [("Content-Type", "application/json")] + fields,
                            body:
                                "{\"username\":\"alice\",\"password\":\"\(Accounts.passwords["alice"] ?? "")\"\(extra)}"
                        ))
                }
                let named = try await login(",\"device\":\"My \\u202e\\u0007 laptop\"", [("User-Agent", "Agent/1")])
                let agent = try await login("", [("User-Agent", "Agent/1 (x)")])
                _ = try await gateway.login("bob")
                let listed = try await list(gateway, agent.accessToken)
                #expect(listed.count == 2)
                for (grant, device) in [(named, "My laptop"), (agent, "Agent/1 (x)")] {
                    let id = try #require(grant.claims["sid"] as? String)
                    let session = try #require(listed.first { $0["id"] as? String == id })
                    #expect(session["device"] as? String == device)
                    #expect(session["address"] as? String == "127.0.0.1")
                    #expect(session["scope"] as? String == Accounts.scope)
                    #expect(session["client_id"] as? String == "portcullis")
                    #expect(session["current"] as? Bool == (device != "My laptop"))
                    let created = try #require(session["created_at"] as? Int)
                    #expect((before - 1...before + 30).contains(created))
                    #expect((created...created + 30).contains(session["last_used_at"] as? Int ?? 0))
                    let expires = session["expires_at"] as? Int ?? 0
                    #expect((created + 14 * 86_400 - 2...created + 14 * 86_400 + 30).contains(expires))
                }
                #expect(try await gateway.call("HEAD", "/auth/sessions", token: agent.accessToken).status == 200)
            }
        }

        @Test("page by page, within bounds")
        func pages() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                var token = ""
                for _ in 0..<3 { token = try await gateway.login().accessToken }
                var seen: [String] = []
                var query = "?limit=2"
                for _ in 0..<4 {
                    let answer = try await gateway.call("GET", "/auth/sessions" + query, token: token)
                    seen += try #require(answer.json["sessions"] as? [[String: Any]]).compactMap { $0["id"] as? String }
                    guard let next = answer.member("next") else { break }
                    query = "?limit=2&after=\(next)"
                }
                #expect(seen.count == 3 && Set(seen).count == 3)
                for query in [
                    "?limit=0", "?limit=101", "?limit=-1", "?limit=ten", "?limit=1&limit=2", "?after=x", "?after=1-2",
                    "?limit=99999999999999999999", "?%zz",
                ] {
                    expectProblem(
                        try await gateway.call("GET", "/auth/sessions" + query, token: token), 400, "invalid_request",
                        "\(query)")
                }
            }
        }

        @Test("one is ended by its id; somebody else's, an unknown and a malformed one are 404 and change nothing")
        func ending() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let grant = try await gateway.login()
                let other = try await gateway.login()
                let bob = try await gateway.login("bob")
                func end(_ id: String) async throws -> HTTPAnswer {
                    try await gateway.call("DELETE", "/auth/sessions/\(id)", token: grant.accessToken)
                }
                let bobs = try #require(bob.claims["sid"] as? String)
                for id in [bobs, String(repeating: "0", count: 32), "x", "%2e%2e", bobs.uppercased(), "*"] {
                    expectProblem(try await end(id), 404, "not_found", "\(id)")
                }
                #expect(try await gateway.call("GET", "/api/x", token: bob.accessToken).status == 200)
                let id = try #require(other.claims["sid"] as? String)
                #expect(try await end(id).status == 204)
                #expect(try await end(id).status == 404)
                #expect(try await gateway.call("GET", "/api/x", token: other.accessToken).status == 401)
                #expect(try await gateway.refresh(other.refreshToken).status == 401)
                #expect(try await list(gateway, grant.accessToken).count == 1)
                // The asking one itself: a logout.
                #expect(try await end(try #require(grant.claims["sid"] as? String)).status == 204)
                #expect(try await gateway.call("GET", "/auth/sessions", token: grant.accessToken).status == 401)
            }
        }

        @Test("without a live token of a session of ours there is nothing to see")
        func refused() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let grant = try await gateway.login()
                let bare = "Bearer realm=\"portcullis\""
                for (method, path) in [("GET", "/auth/sessions"), ("DELETE", "/auth/sessions/x")] {
                    expectProblem(try await gateway.call(method, path), 401, "unauthorized", challenge: bare)
                    #expect(try await gateway.call(method, path, token: "a.b.c").status == 401)
                    #expect(try await gateway.call(method, path, token: grant.refreshToken).status == 401)
                    // Another issuer's alice is somebody else.
                    let foreign = try gateway.issuer.token("sub", "\"alice\"")
                    expectProblem(
                        try await gateway.call(method, path, token: foreign), 401, "invalid_token",
                        challenge: invalidTokenChallenge("not a token of a session of this gateway"))
                }
                #expect(try await gateway.call("POST", "/auth/logout", token: grant.accessToken).status == 204)
                expectProblem(
                    try await gateway.call("GET", "/auth/sessions", token: grant.accessToken), 401, "invalid_token",
                    challenge: invalidTokenChallenge("token revoked"))
                let fresh = try await gateway.login()
                for (method, path) in [
                    ("POST", "/auth/sessions"), ("GET", "/auth/sessions/x"), ("DELETE", "/auth/sessions"),
                ] {
                    #expect(
                        try await gateway.call(method, path, token: fresh.accessToken).status == 405,
                        "\(method) \(path)")
                }
                gateway.redisServer?.kill()
                expectProblem(
                    try await gateway.call("GET", "/auth/sessions", token: fresh.accessToken), 503,
                    "temporarily_unavailable")
            }
        }
    }
}
