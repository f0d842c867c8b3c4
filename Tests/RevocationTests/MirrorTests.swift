import RedisClient
import Revocation
import StoreTestSupport
import TestSupport
import Testing

@Suite("The mirror of a real Redis")
struct MirrorTests {
    private typealias Harness = MirrorHarness

    private func isRevokedSoon(_ node: MirrorHarness, _ query: DenyListQuery) async -> Bool {
        await eventually { node.verdict(query) != .clear }
    }

    @Test("what was written before it began, and what comes later, is refused; a fresh mirror knows the rest is not")
    func following() async throws {
        try await RedisFixture.with { fixture in
            try await Harness.revoke(.token(jti: "early"), fixture)
            let node = try await Harness(fixture)
            let isFresh = await node.isFreshSoon()
            #expect(isFresh)
            #expect(node.verdict(Harness.query(token: "early")) == .revoked(.token))
            #expect(node.verdict(Harness.query(token: "late")) == .clear)
            let issuedBefore = Harness.now - 10
            for target in [RevocationTarget.token(jti: "late"), .subject("bob")] {
                try await Harness.revoke(target, fixture)
            }
            let late = await isRevokedSoon(node, Harness.query(token: "late"))
            let subject = await isRevokedSoon(node, Harness.query(subject: "bob", issuedAt: issuedBefore))
            #expect(late && subject)
            try await node.stop()
        }
    }

    @Test("a Redis that stands still makes it stale, and it is fresh again when Redis goes on")
    func staleness() async throws {
        try await RedisFixture.with { fixture in
            let node = try await Harness(fixture)
            let isFresh = await node.isFreshSoon()
            fixture.server.pause()
            let isStale = await eventually { !node.mirror.isFresh() }
            fixture.server.resume()
            let isBack = await node.isFreshSoon()
            #expect(isFresh && isStale && isBack)
            try await node.stop()
        }
    }

    @Test("what was revoked while it was cut off is known after the reconnect")
    func lossless() async throws {
        try await RedisFixture.with { fixture in
            let node = try await Harness(fixture)
            _ = await node.isFreshSoon()
            for round in 0..<5 {
                try fixture.server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                _ = await eventually { (try? await fixture.client.execute("PING")) != nil }
                try await Harness.revoke(.token(jti: "j\(round)"), fixture)
                let isKnown = await isRevokedSoon(node, Harness.query(token: "j\(round)"))
                #expect(isKnown)
            }
            try await node.stop()
        }
    }

    @Test("a stream that was trimmed too early: the mirror is not used, and the keys answer")
    func trimmed() async throws {
        try await RedisFixture.with { fixture in
            let node = try await Harness(fixture)
            try await Harness.revoke(.token(jti: "a"), fixture)
            _ = await isRevokedSoon(node, Harness.query(token: "a"))
            _ = await node.isFreshSoon()
            fixture.server.pause()
            _ = await eventually { !node.mirror.isFresh() }
            fixture.server.resume()
            try fixture.server.command("XTRIM", "p:revocations", "MAXLEN", "0")
            let isUnused = await eventually { node.mirror.age() == nil }
            #expect(isUnused)
            #expect(node.verdict(Harness.query(token: "a")) == .revoked(.token))
            #expect(try await fixture.verdict(for: Harness.query(token: "a")) == .revoked(.token))
            try await node.stop()
        }
    }

    @Test("a node that starts on a stream trimmed too early does not trust it either")
    func trimmedBefore() async throws {
        try await RedisFixture.with { fixture in
            try await Harness.revoke(.token(jti: "a"), fixture)
            try fixture.server.command("XTRIM", "p:revocations", "MAXLEN", "0")
            let node = try await Harness(fixture)
            let isFresh = await eventually(within: .seconds(1)) { node.mirror.isFresh() }
            #expect(!isFresh)
            try await node.stop()
        }
    }

    @Test("a Redis that lost everything is filled again, keys, cut-offs, lives and stream", arguments: [true, false])
    func refilled(byRestart: Bool) async throws {
        try await RedisFixture.with { fixture in
            let node = try await Harness(fixture)
            _ = await node.isFreshSoon()
            let before = Harness.now - 10
            for target in [RevocationTarget.token(jti: "a"), .session("other"), .subject("bob"), .all] {
                try await Harness.revoke(target, fixture)
            }
            let known = await isRevokedSoon(node, Harness.query(issuedAt: before))
            #expect(known)
            let life = Int64(try fixture.server.command("PTTL", "p:revoked:sub:bob")) ?? 0
            if byRestart { try fixture.server.restart() } else { try fixture.server.command("FLUSHALL") }
            let isFilled = await eventually {
                (try? fixture.server.command(
                    "EXISTS", "p:revoked:jti:a", "p:revoked:sid:other", "p:revoked:sub:bob", "p:revoked:all"))
                    == "4"
            }
            #expect(isFilled)
            let lifeAfter = Int64(try fixture.server.command("PTTL", "p:revoked:sub:bob")) ?? 0
            #expect((life - 60_000...life + 2_000).contains(lifeAfter))
            let other = try await Harness(fixture, name: "other")
            let isFresh = await other.isFreshSoon()
            #expect(isFresh)
            #expect(other.verdict(Harness.query(token: "a", issuedAt: Harness.now + 60_000)) == .revoked(.token))
            #expect(node.unknownLossCount == 1)
            try await node.stop()
            try await other.stop()
        }
    }

    @Test("nodes whose clocks differ refuse the same", arguments: [-240_000, 240_000] as [Int64])
    func skew(_ milliseconds: Int64) async throws {
        try await RedisFixture.with { fixture in
            try await Harness.revoke(.token(jti: "a"), fixture)
            let node = try await Harness(fixture, skewMilliseconds: milliseconds)
            let isFresh = await node.isFreshSoon()
            #expect(isFresh)
            #expect(node.verdict(Harness.query(token: "a")) == .revoked(.token))
            try await Harness.revoke(.session("s"), fixture)
            let isKnown = await isRevokedSoon(node, Harness.query(token: "b"))
            #expect(isKnown)
            try await node.stop()
        }
    }

    @Test("an entry of a form nobody knows stops the mirror from being used")
    func unintelligible() async throws {
        try await RedisFixture.with { fixture in
            let node = try await Harness(fixture)
            _ = await node.isFreshSoon()
            try fixture.server.command("XADD", "p:revocations", "*", "kind", "device", "id", "x", "until", "1")
            let isUnused = await eventually { node.mirror.age() == nil }
            #expect(isUnused)
            try await node.stop()
        }
    }

    @Test("a revocation is acknowledged when every node with a lease has applied it, or its lease has run out")
    func acknowledgement() async throws {
        try await RedisFixture.with { fixture in
            let nodes = [try await Harness(fixture, name: "a"), try await Harness(fixture, name: "b")]
            for node in nodes {
                let isFresh = await node.isFreshSoon()
                #expect(isFresh)
            }
            let acknowledgement = NodeAcknowledgement(
                client: fixture.client, keys: Harness.keys,
                leaseMilliseconds: MirrorTail.leaseMilliseconds(of: nodes[0].mirror))
            for number in 0..<20 {
                try await Harness.revoke(.token(jti: "j\(number)"), fixture)
                try await acknowledgement.wait(epoch: fixture.server.command("GET", "p:epoch"))
                for node in nodes { #expect(node.verdict(Harness.query(token: "j\(number)")) == .revoked(.token)) }
            }
            // A node that hangs holds a logout up for as long as its lease, and then must not answer any more.
            try await nodes[1].stop()
            try await Harness.revoke(.token(jti: "last"), fixture)
            try await acknowledgement.wait(epoch: fixture.server.command("GET", "p:epoch"))
            #expect(nodes[0].verdict(Harness.query(token: "last")) == .revoked(.token))
            #expect(!nodes[1].mirror.isFresh() || nodes[1].verdict(Harness.query(token: "last")) != .clear)
            try await nodes[0].stop()
        }
    }

    @Test("a revocation whose Redis has lost it meanwhile is not acknowledged")
    func lostMeanwhile() async throws {
        try await RedisFixture.with { fixture in
            let node = try await Harness(fixture, name: "a")
            _ = await node.isFreshSoon()
            let acknowledgement = NodeAcknowledgement(
                client: fixture.client, keys: Harness.keys,
                leaseMilliseconds: MirrorTail.leaseMilliseconds(of: node.mirror))
            let epoch = try fixture.server.command("GET", "p:epoch")
            try await Harness.revoke(.token(jti: "x"), fixture)
            try fixture.server.command("FLUSHALL")
            await #expect(throws: RevocationFailure.lost) { try await acknowledgement.wait(epoch: epoch) }
            try await node.stop()
        }
    }

    @Test("a Redis that lost the leases makes writers wait until every lease has run out")
    func lostLeases() async throws {
        try await RedisFixture.with { fixture in
            let node = try await Harness(fixture, name: "a")
            _ = await node.isFreshSoon()
            let lease = MirrorTail.leaseMilliseconds(of: node.mirror)
            let acknowledgement = NodeAcknowledgement(
                client: fixture.client, keys: Harness.keys, leaseMilliseconds: lease)
            try await acknowledgement.wait(epoch: fixture.server.command("GET", "p:epoch"))
            try await node.stop()
            try fixture.server.command("DEL", "p:mirrors")
            try await Harness.revoke(.token(jti: "x"), fixture)
            try await acknowledgement.wait(epoch: fixture.server.command("GET", "p:epoch"))
            #expect(!node.mirror.isFresh())
        }
    }
}
