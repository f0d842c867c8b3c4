import JOSE
import Revocation
import Sessions
import StoreTestSupport
import TestSupport
import Testing

@Suite("Sessions in Redis")
struct RedisSessionTests {
    private typealias Harness = SessionHarness

    private func life(_ key: String, _ harness: SessionHarness) throws -> Int64 {
        let fixture = try #require(harness.fixture)
        return try #require(Int64(fixture.server.command("PTTL", key)))
    }

    @Test("keys, fields and lives are the documented ones")
    func contract() async throws {
        try await Harness.with(.redis) { harness in
            let server = try #require(harness.fixture).server
            let tokens = try await harness.begin()
            let key = "p:session:\(tokens.sessionID)"
            let fields = ["subject", "client", "scope", "generation", "created", "rotated", "expires", "ends"]
            let values = try fields.map { try server.command("HGET", key, $0) }
            let now = harness.clock.milliseconds
            #expect(
                values == [
                    "alice", "web", "a b", "1", "\(now)", "\(now)", "\(now + 86_400_000)", "\(now + 864_000_000)",
                ])
            #expect((86_380_000...86_400_000).contains(try life(key, harness)))
            #expect(try server.command("ZRANGE", "p:sessions:alice", "0", "-1") == tokens.sessionID)
            #expect((86_380_000...86_400_000).contains(try life("p:sessions:alice", harness)))

            let token = try harness.verify(tokens.accessToken)
            let ended = EndedToken(tokenID: token.tokenID, expiresAtMilliseconds: token.expiresAt.seconds * 1000)
            try await harness.service.logOut(sessionID: tokens.sessionID, token: ended)
            // exp + leeway - now, and the clock stands half a second past the second of iat. A busy machine is given
            // twenty seconds, which is less than the leeway that must not be missing.
            #expect((909_500...929_500).contains(try life("p:revoked:jti:\(token.tokenID)", harness)))
            #expect((910_000...930_000).contains(try life("p:revoked:sid:\(tokens.sessionID)", harness)))
            #expect(try server.command("EXISTS", key, "p:sessions:alice") == "0")
        }
    }

    @Test("reuse is written to the stream as it is detected")
    func reuseEntry() async throws {
        try await Harness.with(.redis, policy: Harness.policy(grace: 0)) { harness in
            let tokens = try await harness.begin()
            _ = try await harness.service.refresh(tokens.refreshToken)
            await harness.expectRefused(tokens.refreshToken, .reused)
            let entries = try #require(harness.fixture).server.command("XRANGE", "p:revocations", "-", "+")
            let fields = entries.split(separator: "\n").dropFirst().joined(separator: " ")
            let until = harness.clock.milliseconds + 930_000
            #expect(fields == "kind sid id \(tokens.sessionID) until \(until) reason refresh token reuse")
            #expect((910_000...930_000).contains(try life("p:revoked:sid:\(tokens.sessionID)", harness)))
        }
    }

    @Test("expired ids leave the subject's list")
    func cleaning() async throws {
        try await Harness.with(.redis) { harness in
            let server = try #require(harness.fixture).server
            _ = try await harness.begin()
            harness.clock.advance(bySeconds: 86_400)
            let second = try await harness.begin()
            #expect(try server.command("ZRANGE", "p:sessions:alice", "0", "-1") == second.sessionID)
        }
    }

    @Test("a damaged session or cut-off is unavailable and changes nothing")
    func damaged() async throws {
        try await Harness.with(.redis) { harness in
            let server = try #require(harness.fixture).server
            let tokens = try await harness.begin()
            let key = "p:session:\(tokens.sessionID)"
            try server.command("SET", "p:revoked:all", "soon")
            await #expect(throws: SessionError.unavailable) { try await harness.service.refresh(tokens.refreshToken) }
            await #expect(throws: SessionError.unavailable) { try await harness.begin() }
            try server.command("DEL", "p:revoked:all")
            #expect(try server.command("HGET", key, "generation") == "1")
            try server.command("HSET", key, "generation", "one")
            await #expect(throws: SessionError.unavailable) { try await harness.service.refresh(tokens.refreshToken) }
            try server.command("HSET", key, "generation", "1")
            _ = try await harness.service.refresh(tokens.refreshToken)
        }
    }

    @Test("without Redis every operation is unavailable, and with it again the same token works")
    func killed() async throws {
        try await Harness.with(.redis) { harness in
            let server = try #require(harness.fixture).server
            let tokens = try await harness.begin()
            server.pause()
            let pending = Task { try await harness.service.refresh(tokens.refreshToken) }
            server.kill()
            await #expect(throws: SessionError.unavailable) { try await pending.value }
            await #expect(throws: SessionError.unavailable) { try await harness.begin() }
            await #expect(throws: SessionError.unavailable) { try await harness.service.endAll(subject: "alice") }
            await #expect(throws: SessionError.unavailable) {
                try await harness.service.logOut(refreshToken: tokens.refreshToken)
            }
            await #expect(throws: SessionError.unavailable) { try await harness.service.sessions(of: "alice") }
            try server.restart()
            let isBack = await eventually { (try? await harness.begin()) != nil }
            #expect(isBack)
            await harness.expectRefused(tokens.refreshToken, .unknownSession)
        }
    }

    @Test("an answer lost on its way does not cost the session: the same token gets the successor")
    func lostAnswer() async throws {
        try await Harness.with(.redis) { harness in
            let server = try #require(harness.fixture).server
            let tokens = try await harness.begin()
            server.pause()
            let lost = Task { try await harness.service.refresh(tokens.refreshToken) }
            lost.cancel()
            await #expect(throws: SessionError.unavailable) { try await lost.value }
            server.resume()
            let first = try await harness.service.refresh(tokens.refreshToken)
            let second = try await harness.service.refresh(tokens.refreshToken)
            #expect(first.refreshToken == second.refreshToken)
        }
    }

    @Test("a Redis out of memory refuses wholly")
    func outOfMemory() async throws {
        try await Harness.with(.redis) { harness in
            let server = try #require(harness.fixture).server
            let tokens = try await harness.begin()
            try server.command("CONFIG", "SET", "maxmemory", "1")
            await #expect(throws: SessionError.unavailable) { try await harness.service.refresh(tokens.refreshToken) }
            await #expect(throws: SessionError.unavailable) { try await harness.service.endAll(subject: "alice") }
            try server.command("CONFIG", "SET", "maxmemory", "0")
            #expect(try server.command("HGET", "p:session:\(tokens.sessionID)", "generation") == "1")
            #expect(try await harness.verdict(tokens.accessToken) == .clear)
            _ = try await harness.service.refresh(tokens.refreshToken)
        }
    }
}
