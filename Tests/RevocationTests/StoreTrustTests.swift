import Revocation
import StoreTestSupport
import TestSupport
import Testing

@Suite("Whether Redis is believed when it does not hold something")
struct StoreTrustTests {
    private static let lease: Int64 = 1000
    private static let second: Int64 = 1_000_000_000

    private func standing(_ epoch: String, at: Int64, since: Int64 = 0, peers: Set<String> = []) -> StreamStanding {
        StreamStanding(
            milliseconds: at, epoch: epoch, last: .start, lastDeleted: nil, hasPosition: false,
            sinceMilliseconds: since, peers: peers)
    }

    @Test("one that is met for the first time is believed at once")
    func first() {
        var trust = StoreTrust(leaseMilliseconds: Self.lease)
        #expect(trust.epoch == nil)
        trust.stood(standing("a", at: 10, since: 10), now: 0)
        #expect(trust.epoch == "a")
    }

    @Test("one that lost everything is believed a lease after the first node came back, and no sooner")
    func alone() {
        var trust = StoreTrust(leaseMilliseconds: Self.lease)
        trust.stood(standing("a", at: 0), now: 0)
        trust.lost(now: 1)
        #expect(trust.epoch == nil)
        for at: Int64 in [5000, 5500, 5999] {
            trust.stood(standing("b", at: at, since: 5000), now: 2)
            #expect(trust.epoch == nil)
        }
        trust.stood(standing("b", at: 6000, since: 5000), now: 3)
        #expect(trust.epoch == "b")
    }

    @Test("it waits for those that were there before, but not for ever")
    func peers() {
        var trust = StoreTrust(leaseMilliseconds: Self.lease)
        trust.stood(standing("a", at: 0, peers: ["x", "y"]), now: 0)
        trust.lost(now: 0)
        trust.stood(standing("b", at: 9000, since: 5000, peers: ["x", "z"]), now: 4 * Self.second)
        #expect(trust.epoch == nil)
        var other = trust
        trust.stood(standing("b", at: 9100, since: 5000, peers: ["x", "y"]), now: 4 * Self.second)
        #expect(trust.epoch == "b")
        other.stood(standing("b", at: 9900, since: 5000, peers: ["x"]), now: 5 * Self.second)
        #expect(other.epoch == "b")
        // Who did not come back is not waited for again.
        other.lost(now: 6 * Self.second)
        other.stood(standing("c", at: 20_000, since: 10_000, peers: ["x"]), now: 6 * Self.second)
        #expect(other.epoch == "c")
    }

    @Test("losses in the midst of filling begin the waiting anew, with those who were there when all was well")
    func again() {
        var trust = StoreTrust(leaseMilliseconds: Self.lease)
        trust.stood(standing("a", at: 0, peers: ["x"]), now: 0)
        trust.lost(now: 0)
        trust.stood(standing("b", at: 5500, since: 5000), now: 1)
        trust.lost(now: 2)
        trust.stood(standing("c", at: 7000, since: 5600), now: 3)
        #expect(trust.epoch == nil)
        trust.stood(standing("c", at: 7100, since: 5600, peers: ["x"]), now: 4)
        #expect(trust.epoch == "c")
    }

    @Test("a clear answer counts only with the epoch that was trusted before the question; a mark counts with any")
    func questions() async throws {
        try await RedisFixture.with { fixture in
            try fixture.server.command("SET", "p:epoch", "0123456789abcdef0123456789abcdef")
            let mirror = RevocationMirror(stalenessMilliseconds: 1000)
            let query = MirrorHarness.query()
            #expect(try await fixture.verdict(for: query, mirror: mirror) == .unavailable)
            mirror.trust(epoch: "0123456789abcdef0123456789abcdee")
            #expect(try await fixture.verdict(for: query, mirror: mirror) == .unavailable)
            mirror.trust(epoch: "0123456789abcdef0123456789abcdef")
            #expect(try await fixture.verdict(for: query, mirror: mirror) == .clear)
            for (command, value) in [("DEL", nil), ("SET", ""), ("LPUSH", "x")] as [(String, String?)] {
                try fixture.server.command("DEL", "p:epoch")
                if let value { try fixture.server.command(command, "p:epoch", value) }
                #expect(try await fixture.verdict(for: query, mirror: mirror) == .unavailable)
            }
            try await MirrorHarness.revoke(.token(jti: "j"), fixture)
            #expect(try await fixture.verdict(for: query, mirror: mirror) == .revoked(.token))
        }
    }

    @Test("leases that outlive the epoch, as where keys are evicted, do not count; those of nodes that are gone leave")
    func evictedEpoch() async throws {
        try await RedisFixture.with { fixture in
            let node = try await MirrorHarness(fixture, name: "a")
            let isFresh = await node.isFreshSoon()
            #expect(isFresh)
            try fixture.server.command("HSET", "p:mirrors", "other", "9999999999999 0-0", "gone", "1 0-0")
            let isTidied = await eventually { (try? fixture.server.command("HEXISTS", "p:mirrors", "gone")) == "0" }
            #expect(isTidied)
            let since = try fixture.server.command("HGET", "p:mirrors", "since")
            // The doubt itself may be over between two looks; the next trust is in another epoch.
            let mark = node.mirror.trustedMark
            try fixture.server.command("DEL", "p:epoch")
            let isForgotten = await eventually { (try? fixture.server.command("HEXISTS", "p:mirrors", "other")) == "0" }
            #expect(isForgotten)
            #expect(try fixture.server.command("HGET", "p:mirrors", "since") != since)
            // The other, which never comes back, is waited for, but not for ever.
            let isTrusting = await eventually { node.mirror.isTrusting && node.mirror.trustedMark != mark }
            #expect(isTrusting)
            try await node.stop()
        }
    }

    @Test("a node does not believe a Redis that lost everything before the other has written what it knows")
    func filling() async throws {
        try await RedisFixture.with { fixture in
            let first = try await MirrorHarness(fixture, name: "a")
            let second = try await MirrorHarness(fixture, name: "b")
            for node in [first, second] {
                let isFresh = await node.isFreshSoon()
                #expect(isFresh)
            }
            // The first alone knows of it: it goes to the stream of a Redis that is gone before anybody has read it.
            let query = MirrorHarness.query()
            let revocation = MirrorHarness.revocation(.token(jti: "j"))
            _ = first.mirror.index.insert([RevocationEntry(revocation)], nowMilliseconds: MirrorHarness.now)
            let mark = second.mirror.trustedMark
            try fixture.server.command("FLUSHALL")
            var verdicts: Set<RevocationVerdict> = []
            let isBelieved = try await eventually {
                let isTrusting = second.mirror.isTrusting && second.mirror.trustedMark != mark
                verdicts.insert(try await fixture.verdict(for: query, mirror: second.mirror))
                return isTrusting
            }
            #expect(isBelieved)
            #expect(!verdicts.contains(.clear))
            #expect(try await fixture.verdict(for: query, mirror: second.mirror) == .revoked(.token))
            let isFresh = await second.isFreshSoon()
            #expect(isFresh)
            try await first.stop()
            try await second.stop()
        }
    }
}
