import Logging
import RedisClient
import Revocation
import StoreTestSupport
import TestSupport
import Testing

@Suite("Revocations that could not be written")
struct PersistentRevocationWriterTests {
    @Test("this node refuses them at once, and writes them when Redis is back")
    func outage() async throws {
        try await RedisFixture.with { fixture in
            let mirror = RevocationMirror(stalenessMilliseconds: 2_000)
            let inner = RedisRevocationWriter(
                client: fixture.client, keys: MirrorHarness.keys, lifetimes: MirrorHarness.lifetimes)
            let writer = PersistentRevocationWriter(
                inner: inner, mirror: mirror, acknowledgement: nil,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { MirrorHarness.now })
            let query = MirrorHarness.query()
            let reader = RevocationIndexReader(mirror.index)
            #expect(reader.verdict(for: query) == .clear)
            fixture.server.kill()
            let isNoticed = await eventually { (try? await fixture.client.execute("PING")) == nil }
            #expect(isNoticed)
            await #expect(throws: RevocationFailure.self) {
                try await writer.revoke(
                    [MirrorHarness.revocation(.token(jti: "j"))], nowMilliseconds: MirrorHarness.now)
            }
            #expect(reader.verdict(for: query) == .revoked(.token))
            #expect(writer.pendingCount == 1)
            try fixture.server.restart()
            let isWritten = await eventually { (try? fixture.server.command("GET", "p:revoked:jti:j")) == "1" }
            #expect(isWritten)
            let isDone = await eventually { writer.pendingCount == 0 }
            #expect(isDone)
            await writer.shutdown()
        }
    }

    @Test("what was written before a loss was found is not confirmed, and written once more")
    func lossMeanwhile() async throws {
        try await RedisFixture.with { fixture in
            let node = try await MirrorHarness(fixture)
            let isFresh = await node.isFreshSoon()
            #expect(isFresh)
            let inner = RedisRevocationWriter(
                client: fixture.client, keys: MirrorHarness.keys, lifetimes: MirrorHarness.lifetimes)
            let writer = PersistentRevocationWriter(
                inner: inner, mirror: node.mirror, acknowledgement: nil,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { MirrorHarness.now })
            let before = writer.lossCount
            let revocations = [MirrorHarness.revocation(.token(jti: "j"))]
            try await inner.revoke(revocations, nowMilliseconds: MirrorHarness.now)
            try fixture.server.command("FLUSHALL")
            let isFound = await eventually { writer.lossCount > before }
            #expect(isFound)
            await #expect(throws: RevocationFailure.lost) {
                try await writer.written(revocations, since: before, nowMilliseconds: MirrorHarness.now)
            }
            let isWritten = await eventually { (try? fixture.server.command("GET", "p:revoked:jti:j")) == "1" }
            #expect(isWritten)
            await writer.shutdown()
            try await node.stop()
        }
    }
}
