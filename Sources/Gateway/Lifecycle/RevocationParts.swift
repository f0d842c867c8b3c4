import GatewayConfiguration
import Logging
import NIOCore
import NIOPosix
import RedisClient
import Revocation
import Sessions
import Synchronization

/// What the process has once for revocation: the mirror and what keeps it up, and who writes.
final class RevocationParts: Sendable {
    /// What is known in memory; `nil` without Redis, and where nothing is asked.
    let mirror: RevocationMirror?
    /// Writes revocations.
    let writer: any RevocationWriter
    /// Tells of outages.
    let outage: DenyListOutage

    private let mode: Configuration.RevocationMode
    private let redis: RedisClient?
    private let inProcess: InProcessDenyList
    private let persistent: PersistentRevocationWriter?
    /// Writes where replicas must confirm: waiting for them holds up a connection, so it has one that no request uses.
    private let confirmingClient: RedisClient?
    /// A thread of its own: to read a long stream, or to move a large table, must not hold up requests.
    private let group: MultiThreadedEventLoopGroup?
    private let makeTail: (@Sendable (any EventLoop) -> MirrorTail)?
    private let tail = Mutex<NIOLoopBound<MirrorTail>?>(nil)
    private let loops = Mutex<[NIOLoopBound<LoopAuthenticator>]>([])

    /// - Parameters:
    ///   - configuration: the configuration.
    ///   - plan: names and lives.
    ///   - redis: the client that the data path uses.
    ///   - inProcess: the store without Redis.
    ///   - logger: for the operator.
    ///   - clock: the wall clock, milliseconds since 1970.
    init(
        _ configuration: Configuration, _ plan: GatewayPlan, redis: RedisClient?, inProcess: InProcessDenyList,
        logger: Logger, clock: @escaping @Sendable () -> Int64
    ) {
        let settings = configuration.revocation
        mode = settings.mode
        outage = DenyListOutage(logger: logger)
        self.redis = redis
        self.inProcess = inProcess
        guard let redis, let redisSettings = plan.redis else {
            writer = inProcess
            (mirror, persistent, confirmingClient, group, makeTail) = (nil, nil, nil, nil, nil)
            return
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        confirmingClient = Self.confirmingClient(settings, redisSettings, group: group, logger: logger)
        let client = confirmingClient ?? redis
        let keys = plan.revocationKeys
        let inner = RedisRevocationWriter(client: client, keys: keys, lifetimes: plan.lifetimes)
        guard settings.mode != .off else {
            writer = inner
            (mirror, persistent, makeTail) = (nil, nil, nil)
            return
        }
        let mirror = RevocationMirror(stalenessMilliseconds: settings.mirrorStalenessMilliseconds)
        let acknowledgement =
            settings.acknowledgement == .nodes
            ? NodeAcknowledgement(
                client: redis, keys: keys, leaseMilliseconds: MirrorTail.leaseMilliseconds(of: mirror)) : nil
        let persistent = PersistentRevocationWriter(
            inner: inner, mirror: mirror, acknowledgement: acknowledgement, logger: logger, clock: clock)
        self.mirror = mirror
        self.persistent = persistent
        writer = persistent
        let lifetimes = plan.lifetimes
        let onUnknownLoss: @Sendable () -> Void = {
            guard settings.onDataLoss == .refuseOlder else { return }
            let now = clock()
            let everything = lifetimes.revocation(of: .all, nowMilliseconds: now, reason: "data loss")
            persistent.refuse([everything], nowMilliseconds: now)
        }
        let tailSettings = MirrorTail.Settings(
            keys: keys, lifetimes: lifetimes,
            commandTimeoutMilliseconds: redisSettings.commandTimeout.nanoseconds / 1_000_000,
            nodeName: TimeOrderedID(
                milliseconds: clock(), randomness: (0..<10).map { _ in UInt8.random(in: .min ... .max) }
            ).text)
        makeTail = { eventLoop in
            MirrorTail(
                mirror: mirror, client: redis, settings: tailSettings, eventLoop: eventLoop, logger: logger,
                clock: clock, onUnknownLoss: onUnknownLoss)
        }
    }

    /// The client that writes sessions.
    var sessionClient: RedisClient? { confirmingClient ?? redis }

    /// A session store that keeps to what it could not write.
    func persistent(_ store: any SessionStore) -> any SessionStore {
        persistent.map { RefusingSessionStore(store, writer: $0) } ?? store
    }

    /// The deny-list of an event loop; on that loop.
    func denyList(on eventLoop: any EventLoop) -> DenyList {
        // Without a mirror nothing is asked.
        guard let redis, let mirror else { return DenyList(inProcess: inProcess) }
        return DenyList(
            connection: redis.connection(on: eventLoop), mirror: mirror, answersFromMirror: mode == .mirror)
    }

    /// Takes note of what an event loop counts; on that loop.
    func add(_ loop: LoopAuthenticator, on eventLoop: any EventLoop) {
        let bound = NIOLoopBound(loop, eventLoop: eventLoop)
        loops.withLock { $0.append(bound) }
    }

    /// The authenticator of an event loop; on that loop.
    func authenticator(on eventLoop: any EventLoop) -> LoopAuthenticator? {
        loops.withLock { $0.first { $0.eventLoop === eventLoop } }?.value
    }

    /// What the authenticators of all event loops have counted.
    func counts() async -> AuthenticationCounts {
        var counts = AuthenticationCounts()
        for loop in loops.withLock({ $0 }) {
            if let part = try? await loop.eventLoop.submit({ loop.value.allCounts }).get() { counts.add(part) }
        }
        return counts
    }

    /// Begins to follow the stream.
    func start() async {
        guard let makeTail, let eventLoop = group?.next() else { return }
        let started = try? await eventLoop.submit {
            let tail = makeTail(eventLoop)
            tail.start()
            return NIOLoopBound(tail, eventLoop: eventLoop)
        }.get()
        tail.withLock { $0 = started }
    }

    /// Waits until requests can be answered, but not for long: a gateway also starts without Redis.
    func waitUntilUsable(milliseconds: Int64) async {
        guard let mirror else { return }
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        while mode == .mirror ? !mirror.isFresh() : !mirror.isTrusting, ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Ends everything; requests must be over.
    func shutdown() async {
        await persistent?.shutdown()
        if let tail = tail.withLock({ $0 }) { try? await tail.eventLoop.submit { tail.value.stop() }.get() }
        await confirmingClient?.shutdown()
        try? await group?.shutdownGracefully()
    }

    private static func confirmingClient(
        _ settings: Configuration.Revocation, _ redis: RedisConfiguration, group: MultiThreadedEventLoopGroup,
        logger: Logger
    ) -> RedisClient? {
        guard settings.minimumReplicas > 0 else { return nil }
        var configuration = redis
        configuration.confirmingReplicas = settings.minimumReplicas
        configuration.confirmationMilliseconds = redis.commandTimeout.nanoseconds / 1_000_000
        // The write, then as long again for the replicas, and a little for those ahead of it.
        configuration.commandTimeout = .nanoseconds(3 * redis.commandTimeout.nanoseconds)
        configuration.clientName = "portcullis-confirming"
        return RedisClient(configuration: configuration, eventLoopGroup: group, logger: logger)
    }
}
