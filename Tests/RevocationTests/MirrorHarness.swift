import Glibc
import Logging
import NIOCore
import NIOPosix
import RedisClient
import Revocation
import StoreTestSupport
import Synchronization
import TestSupport

/// A node with a mirror of a Redis that belongs to the test.
final class MirrorHarness: Sendable {
    static let keys = RevocationKeys(prefix: "p:")
    static let lifetimes = RevocationLifetimes(
        accessMilliseconds: 900_000, foreignMilliseconds: 3_600_000, leewayMilliseconds: 30_000,
        sessionIdleMilliseconds: 86_400_000)

    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    let mirror: RevocationMirror
    private let tail: NIOLoopBound<MirrorTail>

    /// Starts one.
    /// - Parameters:
    ///   - fixture: the Redis.
    ///   - name: the node's name among those with a lease.
    ///   - skewMilliseconds: how far the node's clock is ahead.
    ///   - stalenessMilliseconds: `mirror_staleness`.
    /// - Throws: when the event loop has ended.
    init(
        _ fixture: RedisFixture, name: String = "node", skewMilliseconds: Int64 = 0, stalenessMilliseconds: Int64 = 400
    ) async throws {
        let mirror = RevocationMirror(stalenessMilliseconds: stalenessMilliseconds)
        let loop = fixture.group.next()
        self.mirror = mirror
        let counter = LossCounter()
        self.counter = counter
        tail = try await loop.submit {
            let settings = MirrorTail.Settings(
                keys: Self.keys, lifetimes: Self.lifetimes, commandTimeoutMilliseconds: 2_000, nodeName: name)
            let tail = MirrorTail(
                mirror: mirror, client: fixture.client, settings: settings, eventLoop: loop,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                clock: { Self.now + skewMilliseconds }, onUnknownLoss: { counter.add() })
            tail.start()
            return NIOLoopBound(tail, eventLoop: loop)
        }.get()
    }

    private let counter: LossCounter
    /// How often revocations were lost that the node did not know.
    var unknownLossCount: Int { counter.count }

    func stop() async throws {
        try await tail.eventLoop.submit { self.tail.value.stop() }.get()
    }

    /// What the mirror says of a token, without asking Redis.
    func verdict(_ query: DenyListQuery) -> RevocationVerdict {
        RevocationIndexReader(mirror.index).verdict(for: query)
    }

    func isFreshSoon() async -> Bool { await eventually { mirror.isFresh() } }

    static func query(token: String = "j", subject: String = "alice", issuedAt: Int64 = now) -> DenyListQuery {
        DenyListQuery(
            tokenID: token, sessionID: "s", subject: subject, clientID: "web", keyID: "k", origin: .own,
            issuedAtMilliseconds: issuedAt, keys: keys, forms: [.command, .digests])
    }

    static func revocation(_ target: RevocationTarget) -> Revocation {
        let now = now
        return lifetimes.revocation(
            of: target, tokenExpiresAtMilliseconds: now + 900_000, nowMilliseconds: now, reason: "test")
    }

    static func revoke(_ target: RevocationTarget, _ fixture: RedisFixture) async throws {
        let writer = RedisRevocationWriter(client: fixture.client, keys: keys, lifetimes: lifetimes)
        try await writer.revoke([revocation(target)], nowMilliseconds: now)
    }

    private final class LossCounter: Sendable {
        private let value = Atomic<Int>(0)
        var count: Int { value.load(ordering: .relaxed) }
        func add() { value.add(1, ordering: .relaxed) }
    }
}
