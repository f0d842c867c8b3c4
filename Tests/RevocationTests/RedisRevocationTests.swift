import RedisClient
import Revocation
import StoreTestSupport
import TestSupport
import Testing

@Suite("Revocations in Redis")
struct RedisRevocationTests {
    private typealias Harness = DenyListHarness
    private let now = DenyListHarness.now

    private func writer(_ fixture: RedisFixture) -> RedisRevocationWriter {
        RedisRevocationWriter(client: fixture.client, keys: Harness.keys, lifetimes: Harness.lifetimes)
    }

    /// The life left of a key, which is below what was set by the time that passed, long on a busy machine.
    private func expectLife(
        _ key: String, _ life: Int64, _ fixture: RedisFixture, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let left = Int64(try fixture.server.command("PTTL", key)) ?? -3
        #expect((life - 60_000)...life ~= left, sourceLocation: sourceLocation)
    }

    @Test("each kind has its value, its life and its stream entry")
    func contract() async throws {
        try await RedisFixture.with { fixture in
            let targets: [RevocationTarget] = [
                .token(jti: "j"), .session("s"), .subject("alice"), .client("web"), .key("k"), .all,
            ]
            for target in targets {
                let revocation = Harness.revocation(target, tokenExpiresAt: now + 100_000)
                try await writer(fixture).revoke([revocation], nowMilliseconds: now)
            }
            let lives: [(String, String, Int64)] = [
                ("p:revoked:jti:j", "1", 130_000), ("p:revoked:sid:s", "1", 930_000),
                ("p:revoked:sub:alice", String(now), 930_000), ("p:revoked:client:web", String(now), 930_000),
                ("p:revoked:kid:k", String(now), 930_000), ("p:revoked:all", String(now), 3_630_000),
                ("p:cutoff:sub:alice", String(now), 86_400_000), ("p:cutoff:all", String(now), 86_400_000),
            ]
            for (key, value, life) in lives {
                #expect(try fixture.server.command("GET", key) == value)
                try expectLife(key, life, fixture)
            }
            #expect(try fixture.server.command("XLEN", "p:revocations") == "6")
            let first = try fixture.server.command("XRANGE", "p:revocations", "-", "+", "COUNT", "1")
            let fields = first.split(separator: "\n").dropFirst().joined(separator: " ")
            #expect(fields == "kind jti id j until \(now + 130_000) reason test")
            let last = try fixture.server.command("XREVRANGE", "p:revocations", "+", "-", "COUNT", "1")
            #expect(last.contains("cutoff\n\(now)"))
            #expect(try fixture.server.command("GET", "p:epoch").count == 32)
        }
    }

    @Test("a foreign subject's cut-off lives as long as foreign tokens may")
    func foreignLife() async throws {
        try await RedisFixture.with { fixture in
            let origin = TokenOrigin.foreign(issuer: "https://idp.example")
            let revocation = Harness.revocation(.subject("alice"), origin: origin)
            try await writer(fixture).revoke([revocation], nowMilliseconds: now)
            try expectLife(Harness.keys.subjectKey("alice", origin: origin), 3_630_000, fixture)
        }
    }

    @Test("a life is never shortened, and a key without end keeps none")
    func lives() async throws {
        try await RedisFixture.with { fixture in
            let long = Harness.revocation(.token(jti: "j"), tokenExpiresAt: now + 1_000_000)
            let short = Harness.revocation(.token(jti: "j"), tokenExpiresAt: now + 1000)
            try await writer(fixture).revoke([long], nowMilliseconds: now)
            try await writer(fixture).revoke([short], nowMilliseconds: now)
            try expectLife("p:revoked:jti:j", 1_030_000, fixture)
            try fixture.server.command("SET", "p:revoked:jti:forever", "1")
            try await writer(fixture).revoke([Harness.revocation(.token(jti: "forever"))], nowMilliseconds: now)
            #expect(try fixture.server.command("PTTL", "p:revoked:jti:forever") == "-1")
        }
    }

    @Test("an epoch that is there stays")
    func epoch() async throws {
        try await RedisFixture.with { fixture in
            try fixture.server.command("SET", "p:epoch", "mine")
            try await writer(fixture).revoke([Harness.revocation(.all)], nowMilliseconds: now)
            #expect(try fixture.server.command("GET", "p:epoch") == "mine")
        }
    }

    @Test("the stream is trimmed to what can still matter")
    func trimming() async throws {
        try await RedisFixture.with { fixture in
            let time = Int64(try fixture.server.command("TIME").prefix { $0.isNumber }) ?? 0
            // Trimming is by whole nodes of a hundred entries, so there are enough of them.
            for index in 1...300 {
                let stamp = "\((time - 3700) * 1000)-\(index)"
                _ = try await fixture.client.execute("XADD", "p:revocations", stamp, "kind", "jti")
            }
            let kept = "\((time - 3600) * 1000)-1"
            _ = try await fixture.client.execute("XADD", "p:revocations", kept, "kind", "jti")
            try await writer(fixture).revoke([Harness.revocation(.all)], nowMilliseconds: now)
            #expect(try #require(Int(fixture.server.command("XLEN", "p:revocations"))) < 200)
            #expect(try fixture.server.command("XRANGE", "p:revocations", kept, kept).contains(kept))
        }
    }

    @Test("a value that is no cut-off makes the verdict unavailable, and revoking repairs it")
    func corruptValue() async throws {
        try await RedisFixture.with { fixture in
            try fixture.server.command("SET", "p:revoked:all", "yesterday")
            #expect(try await fixture.verdict(for: Harness.query()) == .unavailable)
            try await writer(fixture).revoke([Harness.revocation(.all)], nowMilliseconds: now)
            #expect(try await fixture.verdict(for: Harness.query()) == .revoked(.all))
        }
    }

    @Test("a key of the wrong type hides nothing of a mark")
    func wrongType() async throws {
        try await RedisFixture.with { fixture in
            try fixture.server.command("SADD", "p:revoked:jti:j", "x")
            try await writer(fixture).revoke([Harness.revocation(.token(jti: "j"))], nowMilliseconds: now)
            #expect(try await fixture.verdict(for: Harness.query()) == .revoked(.token))
        }
    }

    @Test("without Redis a check is unavailable and a revocation fails")
    func killed() async throws {
        try await RedisFixture.with { fixture in
            #expect(try await fixture.verdict(for: Harness.query()) == .clear)
            fixture.server.kill()
            let isNoticed = try await eventually {
                try await fixture.verdict(for: Harness.query()) == .unavailable
            }
            #expect(isNoticed)
            await #expect(throws: RevocationFailure.unavailable(detail: "no answer")) {
                try await writer(fixture).revoke([Harness.revocation(.all)], nowMilliseconds: now)
            }
            try fixture.server.restart()
            let isBack = try await eventually { try await fixture.verdict(for: Harness.query()) == .clear }
            #expect(isBack)
        }
    }

    @Test("many checks at once each get their own answer")
    func pipelined() async throws {
        try await RedisFixture.with { fixture in
            try await writer(fixture).revoke([Harness.revocation(.token(jti: "j7"))], nowMilliseconds: now)
            let revoked = try await withThrowingTaskGroup(of: (Int, RevocationVerdict).self) { tasks in
                for index in 0..<200 {
                    tasks.addTask {
                        (index, try await fixture.verdict(for: DenyListHarness.query(token: "j\(index % 10)")))
                    }
                }
                return try await tasks.reduce(into: [Int]()) { if $1.1 == .revoked(.token) { $0.append($1.0) } }
            }
            #expect(revoked.count == 20)
            #expect(revoked.allSatisfy { $0 % 10 == 7 })
        }
    }
}
