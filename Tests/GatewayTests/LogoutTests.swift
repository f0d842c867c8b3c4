import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("logout")
    struct LogoutTests {
        private let revoked = invalidTokenChallenge("token revoked")

        private func expectEnded(
            _ grant: GatewayFixture.Grant, _ gateway: GatewayFixture, sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let call = try await gateway.call("GET", "/api/x", token: grant.accessToken)
            expectProblem(call, 401, "invalid_token", challenge: revoked, sourceLocation: sourceLocation)
            #expect(call.member("error_description") == "token revoked", sourceLocation: sourceLocation)
            #expect(try await gateway.refresh(grant.refreshToken).status == 401, sourceLocation: sourceLocation)
        }

        private func expectAlive(
            _ grant: GatewayFixture.Grant, _ gateway: GatewayFixture, sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let status = try await gateway.call("GET", "/api/x", token: grant.accessToken).status
            #expect(status == 200, sourceLocation: sourceLocation)
        }

        private func expectDone(_ answer: HTTPAnswer, sourceLocation: SourceLocation = #_sourceLocation) {
            #expect(answer.status == 204, "\(answer.text)", sourceLocation: sourceLocation)
            #expect(answer.field("Cache-Control") == "no-store", sourceLocation: sourceLocation)
            #expect(answer.field("Content-Length") == nil, sourceLocation: sourceLocation)
        }

        @Test("by access token: the very next call is refused, again is 204, another session lives on")
        func byAccessToken() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let grant = try await gateway.login()
                let other = try await gateway.login()
                // Over one connection, so that nothing lies between logout and call.
                let connection = try await gateway.connect()
                let credential = [("Authorization", "Bearer \(grant.accessToken)")]
                await connection.request("GET", "/api/x", credential)
                #expect(try await connection.answer().status == 200)
                await connection.request("POST", "/auth/logout", credential, body: [])
                expectDone(try await connection.answer())
                await connection.request("GET", "/api/x", credential)
                #expect(try await connection.answer().status == 401)
                try await expectEnded(grant, gateway)
                expectDone(try await gateway.call("POST", "/auth/logout", token: grant.accessToken))
                try await expectAlive(other, gateway)
            }
        }

        @Test("by refresh token, of any generation; again is 204")
        func byRefreshToken() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let old = try await gateway.login()
                let grant = try GatewayFixture.Grant(try await gateway.refresh(old.refreshToken))
                for _ in 0..<2 {
                    expectDone(try await gateway.post("/auth/logout", form: "refresh_token=\(old.refreshToken)"))
                }
                try await expectEnded(grant, gateway)
                try await expectEnded(old, gateway)
            }
        }

        @Test("by both: the token and the session end")
        func byBoth() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let grant = try await gateway.login()
                let body = "{\"refresh_token\":\"\(grant.refreshToken)\"}"
                expectDone(try await gateway.post("/auth/logout", json: body, token: grant.accessToken))
                try await expectEnded(grant, gateway)
                expectDone(try await gateway.post("/auth/logout", json: body, token: grant.accessToken))
            }
        }

        @Test("everywhere: every session of the subject ends, nobody else's, and a new login works at once")
        func everywhere() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let sessions = [try await gateway.login(), try await gateway.login(), try await gateway.login()]
                let bob = try await gateway.login("bob")
                expectDone(
                    try await gateway.post(
                        "/auth/logout", json: #"{"everywhere":true}"#, token: sessions[0].accessToken))
                for session in sessions { try await expectEnded(session, gateway) }
                try await expectAlive(bob, gateway)
                let fresh = try await gateway.login()
                try await expectAlive(fresh, gateway)
                let byRefresh = "refresh_token=\(fresh.refreshToken)&everywhere=true"
                let another = try await gateway.login()
                expectDone(try await gateway.post("/auth/logout", form: byRefresh))
                try await expectEnded(fresh, gateway)
                try await expectEnded(another, gateway)
                try await expectAlive(bob, gateway)
            }
        }

        @Test("somebody else's refresh token beside one's own access token changes nothing of theirs")
        func othersRefreshToken() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let bob = try await gateway.login("bob")
                for everywhere in ["false", "true"] {
                    let alice = try await gateway.login()
                    let body = "{\"refresh_token\":\"\(bob.refreshToken)\",\"everywhere\":\(everywhere)}"
                    _ = try await gateway.post("/auth/logout", json: body, token: alice.accessToken)
                    try await expectAlive(bob, gateway)
                }
                #expect(try await gateway.refresh(bob.refreshToken).status == 200)
            }
        }

        @Test("a refresh token that is not ours changes nothing, and does not tell")
        func foreignRefreshToken() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let bob = try await gateway.login("bob")
                let forged = String(bob.refreshToken.dropLast(4)) + "AAAA"
                for wrong in ["x", forged, bob.accessToken] {
                    expectDone(try await gateway.post("/auth/logout", form: "refresh_token=\(wrong)&everywhere=true"))
                }
                try await expectAlive(bob, gateway)
                #expect(try await gateway.refresh(bob.refreshToken).status == 200)
            }
        }

        @Test("a token of another issuer is refused here after its logout, until it would have expired")
        func foreignToken() async throws {
            try await GatewayFixture.with { gateway in
                let token = try gateway.issuer.token()
                let sibling = try gateway.issuer.token()
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 200)
                expectDone(try await gateway.call("POST", "/auth/logout", token: token))
                expectProblem(
                    try await gateway.call("GET", "/api/x", token: token), 401, "invalid_token", challenge: revoked)
                #expect(try await gateway.call("GET", "/api/x", token: sibling).status == 200)
            }
        }

        @Test("a revoked token that also lacks the scope is told of the revocation only")
        func revokedBeforeScope() async throws {
            var settings = GatewaySettings()
            settings.routes = ["{path: /scoped/, upstream: api, auth: {any_of: [jwt], scopes: [\"never\"]}}"]
            try await GatewayFixture.with(settings) { gateway in
                let token = try gateway.issuer.token()
                #expect(try await gateway.call("GET", "/scoped/x", token: token).status == 403)
                expectDone(try await gateway.call("POST", "/auth/logout", token: token))
                #expect(try await gateway.call("GET", "/scoped/x", token: token).status == 401)
            }
        }

        @Test("without a credential, with a wrong one, or with nonsense, nothing ends")
        func refused() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let grant = try await gateway.login()
                let bare = "Bearer realm=\"portcullis\""
                expectProblem(try await gateway.call("POST", "/auth/logout"), 401, "unauthorized", challenge: bare)
                expectProblem(
                    try await gateway.call("POST", "/auth/logout", [("Authorization", "Basic YTpi")]), 401,
                    "unauthorized", challenge: bare)
                expectProblem(
                    try await gateway.call("POST", "/auth/logout", token: "a.b.c"), 401, "invalid_token",
                    challenge: invalidTokenChallenge("malformed token"))
                let challenge = "Bearer realm=\"portcullis\", error=\"invalid_request\""
                let credential = ("Authorization", "Bearer \(grant.accessToken)")
                for fields in [
                    [("Authorization", "Bearer")], [credential, credential], [credential, ("X-API-Key", "k")],
                ] {
                    expectProblem(
                        try await gateway.call("POST", "/auth/logout", fields), 400, "invalid_request",
                        challenge: challenge, "\(fields.map(\.0))")
                }
                for document in [
                    "{", "[]", #"{"everywhere":"perhaps"}"#, #"{"everywhere":1}"#, #"{"refresh_token":{}}"#,
                ] {
                    expectProblem(
                        try await gateway.post("/auth/logout", json: document, token: grant.accessToken), 400,
                        "invalid_request", "\(document)")
                }
                try await expectAlive(grant, gateway)
            }
        }

        @Test("the deny-list key lives until the token's expiry and the leeway have passed")
        func denyListKey() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let redis = try #require(gateway.redisServer)
                let grant = try await gateway.login()
                let jti = try #require(grant.claims["jti"] as? String)
                let sid = try #require(grant.claims["sid"] as? String)
                let expiry = try #require(grant.claims["exp"] as? Int)
                expectDone(try await gateway.call("POST", "/auth/logout", token: grant.accessToken))
                let left = Int(try redis.command("TTL", "portcullis:revoked:jti:\(jti)")) ?? -9
                let wanted = expiry + 30 - Int(Date.now.timeIntervalSince1970)
                #expect(abs(left - wanted) <= 15, "\(left) for \(wanted)")
                #expect(try redis.command("GET", "portcullis:revoked:jti:\(jti)") == "1")
                let session = Int(try redis.command("TTL", "portcullis:revoked:sid:\(sid)")) ?? -9
                #expect((910...930).contains(session), "\(session)")
                #expect(try redis.command("EXISTS", "portcullis:session:\(sid)") == "0")
                #expect(try redis.command("XLEN", "portcullis:revocations") != "0")
            }
        }

        @Test("what another service writes into the deny-list counts")
        func writtenByOthers() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let redis = try #require(gateway.redisServer)
                let grant = try await gateway.login()
                let jti = try #require(grant.claims["jti"] as? String)
                try redis.command("SET", "portcullis:revoked:jti:\(jti)", "1", "EX", "60")
                #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 401)
                let other = try await gateway.login()
                try await expectAlive(other, gateway)
                let now = Int(Date.now.timeIntervalSince1970 * 1000) + 1
                try redis.command("SET", "portcullis:revoked:all", "\(now)", "EX", "60")
                #expect(try await gateway.call("GET", "/api/x", token: other.accessToken).status == 401)
            }
        }

        @Test("keys of another issuer's tokens are apart from our own, and odd names are hashed")
        func foreignKeys() async throws {
            try await GatewayFixture.with { gateway in
                let redis = try #require(gateway.redisServer)
                let hashed = #/[0-9a-f]{64}/#
                let names = [
                    ("plain-1", #/plain-1/#), ("with space", #/with space/#), ("a:b*c", #/a:b\*c/#),
                    (String(repeating: "j", count: 128), #/j{128}/#), (String(repeating: "j", count: 129), hashed),
                    ("ünïcode", hashed),
                ]
                for (name, pattern) in names {
                    let token = try gateway.issuer.token("jti", "\"\(name)\"")
                    #expect(try await gateway.call("GET", "/api/x", token: token).status == 200, "\(name)")
                    let before = Set(try redis.command("KEYS", "portcullis:revoked:jti:*").split(separator: "\n"))
                    expectDone(try await gateway.call("POST", "/auth/logout", token: token))
                    #expect(try await gateway.call("GET", "/api/x", token: token).status == 401, "\(name)")
                    let after = Set(try redis.command("KEYS", "portcullis:revoked:jti:*").split(separator: "\n"))
                    let key = try #require(after.subtracting(before).first, "\(name)")
                    let parts = key.dropFirst("portcullis:revoked:jti:".count).split(separator: ":", maxSplits: 1)
                    #expect(parts.first?.wholeMatch(of: /[0-9a-f]{16}/) != nil, "\(key)")
                    #expect(parts.last?.wholeMatch(of: pattern) != nil, "\(key)")
                    let left = Int(try redis.command("TTL", String(key))) ?? -9
                    #expect((605...632).contains(left), "\(left)")
                }
            }
        }

        @Test("a logout at one node is a refusal at the other, whose answer was remembered")
        func twoNodes() async throws {
            try await GatewayFixture.with { first in
                var settings = GatewaySettings()
                settings.redis = .shared(try #require(first.redisServer))
                try await GatewayFixture.with(settings) { second in
                    let token = try first.issuer.token()
                    for node in [first, second, second] {
                        #expect(try await node.call("GET", "/api/x", token: token).status == 200)
                    }
                    expectDone(try await first.call("POST", "/auth/logout", token: token))
                    #expect(try await second.call("GET", "/api/x", token: token).status == 401)
                }
            }
        }
    }
}
