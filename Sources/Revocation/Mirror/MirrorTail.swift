import LibCrypto
package import Logging
package import NIOCore
package import RedisClient

/// Keeps a mirror up: follows the stream of revocations on a connection and an event loop of its own.
///
/// What to do is decided by ``MirrorTailState``; here are the connection, the clocks, and the log.
package final class MirrorTail {
    /// What it is made with.
    package struct Settings: Sendable {
        /// The names in Redis.
        package var keys: RevocationKeys
        /// How long revocations matter.
        package var lifetimes: RevocationLifetimes
        /// How long Redis may take for an answer that it need not wait for.
        package var commandTimeoutMilliseconds: Int64
        /// Names this process among those that have a mirror.
        package var nodeName: String

        /// Puts them together.
        package init(
            keys: RevocationKeys, lifetimes: RevocationLifetimes, commandTimeoutMilliseconds: Int64, nodeName: String
        ) {
            self.keys = keys
            self.lifetimes = lifetimes
            self.commandTimeoutMilliseconds = commandTimeoutMilliseconds
            self.nodeName = nodeName
        }
    }

    private static let batchLimit = 1000
    private static let restoreLimit = 100
    private static let sweepSeconds: Int64 = 10
    private static let retryMilliseconds: Int64 = 200

    private let mirror: RevocationMirror
    private let settings: Settings
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let connection: RedisConnection
    private let blockMilliseconds: Int64
    private let clock: @Sendable () -> Int64
    /// Told when Redis has lost revocations that nobody here knows.
    private let onUnknownLoss: @Sendable () -> Void
    private var state: MirrorTailState
    private var sweep: RepeatedTask?
    private var seed = ""
    private var isFull = false

    /// - Parameters:
    ///   - mirror: what to keep up.
    ///   - client: the Redis that holds the deny-list.
    ///   - settings: names and times.
    ///   - eventLoop: best one that no request waits for: reading a long stream takes its time.
    ///   - logger: told of gaps and losses.
    ///   - clock: the wall clock, milliseconds since 1970.
    ///   - onUnknownLoss: called when Redis has lost revocations that nobody here knows, or may have before we came.
    package init(
        mirror: RevocationMirror, client: RedisClient, settings: Settings, eventLoop: any EventLoop, logger: Logger,
        clock: @escaping @Sendable () -> Int64, onUnknownLoss: @escaping @Sendable () -> Void = {}
    ) {
        self.mirror = mirror
        self.settings = settings
        self.eventLoop = eventLoop
        self.logger = logger
        self.clock = clock
        self.onUnknownLoss = onUnknownLoss
        // So that several rounds fit into the staleness allowed.
        blockMilliseconds = max(10, mirror.stalenessNanoseconds / 4_000_000)
        state = MirrorTailState(
            horizonMilliseconds: settings.lifetimes.horizonMilliseconds, batchLimit: Self.batchLimit,
            leaseMilliseconds: Self.leaseMilliseconds(of: mirror))
        connection = client.makeDedicatedConnection(
            on: eventLoop,
            commandTimeout: .milliseconds(blockMilliseconds + settings.commandTimeoutMilliseconds),
            clientName: "portcullis-mirror")
    }

    /// Begins; on the event loop.
    package func start() {
        connection.onReadinessChange = { [unowned self] isReady in
            if isReady { act(state.connected(now: RevocationMirror.now)) } else { state.lost() }
        }
        connection.start()
        let (mirror, clock) = (mirror, clock)
        sweep = eventLoop.scheduleRepeatedTask(
            initialDelay: .seconds(Self.sweepSeconds), delay: .seconds(Self.sweepSeconds)
        ) { _ in mirror.index.removeExpired(nowMilliseconds: clock()) }
    }

    /// Ends; on the event loop.
    package func stop() {
        sweep?.cancel()
        connection.stop()
    }

    private func act(_ action: MirrorTailState.Action) {
        mirror.setComplete(since: isFull ? nil : state.completeSince)
        mirror.trust(epoch: state.trustedEpoch)
        for notice in state.takeNotices() { tell(notice) }
        switch action {
        case .none: break
        case .stand(let question): stand(question)
        case .read(let position): read(after: position)
        case .restore(let loss): restore(loss)
        }
    }

    private func stand(_ question: MirrorTailState.Question) {
        guard let seed = try? RedisRevocationWriter.epochSeed() else { return tryLater() }
        self.seed = seed
        let arguments = [
            "EVAL", MirrorScripts.stand.source, "3", settings.keys.stream, settings.keys.epoch, settings.keys.mirrors,
            question.read?.text ?? "", settings.nodeName,
            String(question.takesLease ? Self.leaseMilliseconds(of: mirror) : 0), question.applied.text, seed,
        ]
        send(arguments) { tail, reply in
            guard var standing = StreamStanding(reply) else { return false }
            standing.isNew = standing.epoch == tail.seed
            tail.mirror.see(epoch: standing.epoch)
            tail.act(
                tail.state.stood(standing, ownMilliseconds: tail.clock(), now: RevocationMirror.now))
            return true
        }
    }

    /// Longer than the mirror answers after a round began, by what two clocks may drift apart meanwhile.
    package static func leaseMilliseconds(of mirror: RevocationMirror) -> Int64 {
        let staleness = mirror.stalenessNanoseconds / 1_000_000
        return staleness + staleness / 50 + 50
    }

    private func read(after position: StreamPosition) {
        let arguments = [
            "XREAD", "COUNT", String(Self.batchLimit), "BLOCK", String(blockMilliseconds), "STREAMS",
            settings.keys.stream, position.text,
        ]
        send(arguments) { tail, reply in
            guard let batch = StreamBatch(reply) else { return false }
            tail.apply(batch)
            return true
        }
    }

    private func apply(_ batch: StreamBatch) {
        if !mirror.index.insert(batch.entries, nowMilliseconds: clock()), !isFull {
            isFull = true
            logger.error("the mirror of revocations is full, Redis is asked for each request")
        }
        let action = state.received(batch, now: RevocationMirror.now)
        act(action)
        if batch.count > 0 { mirror.tellListeners() }
    }

    // MARK: - Losses

    private func restore(_ loss: MirrorTailState.DataLoss) {
        mirror.countLoss()
        logger.error(
            "Redis has lost revocations, and they are written again from memory",
            metadata: ["entries": "\(mirror.index.count)", "all": "\(loss != .latest)"])
        if loss == .everything(isKnown: false) { onUnknownLoss() }
        restore(from: 0)
    }

    private func restore(from cursor: Int) {
        let now = clock()
        let page = mirror.index.entries(from: cursor, limit: Self.restoreLimit, nowMilliseconds: now)
        guard !page.entries.isEmpty, let seed = try? RedisRevocationWriter.epochSeed() else {
            guard let next = page.next else {
                logger.notice("what was known of lost revocations is in Redis again")
                return act(state.restored(now: RevocationMirror.now))
            }
            return restore(from: next)
        }
        var arguments = ["EVAL", MirrorScripts.restore.source, String(page.entries.count + 2)]
        arguments += [settings.keys.stream, settings.keys.epoch]
        arguments += page.entries.map { settings.keys.key(of: $0) }
        arguments += [String(now), String(settings.lifetimes.horizonMilliseconds), seed]
        for entry in page.entries {
            arguments += [
                entry.kind.rawValue, String(decoding: entry.identifier, as: UTF8.self),
                entry.cutoffMilliseconds.map { String($0) } ?? "", String(entry.untilMilliseconds - now),
            ]
        }
        send(arguments) { tail, reply in
            guard reply.kind == .integer else { return false }
            guard let next = page.next else {
                tail.logger.notice("what was known of lost revocations is in Redis again")
                tail.act(tail.state.restored(now: RevocationMirror.now))
                return true
            }
            tail.restore(from: next)
            return true
        }
    }

    private func tell(_ notice: MirrorTailState.Notice) {
        switch notice {
        case .newStore:
            logger.notice("Redis holds no epoch: it is new, or has lost its data")
            onUnknownLoss()
        case .gap:
            logger.error(
                "revocations may be missing from the stream, Redis is asked for each request until they have expired")
        }
    }

    // MARK: - The connection

    private func send(_ arguments: [String], _ body: @escaping (MirrorTail, RedisReply) -> Bool) {
        connection.send(RedisCommand.encode(arguments), expecting: .any, to: TailReply(self, body))
    }

    fileprivate func failed() {
        state.lost()
        tryLater()
    }

    /// A refusal leaves the connection as it is; if that is lost, its return begins anew anyway.
    private func tryLater() {
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Self.retryMilliseconds)) { [weak self] in
            guard let self, connection.isReady, !state.isBusy else { return }
            act(state.connected(now: RevocationMirror.now))
        }
    }
}

/// Hands one reply to the tail.
private final class TailReply: RedisReplyHandler {
    private weak var tail: MirrorTail?
    private let body: (MirrorTail, RedisReply) -> Bool

    init(_ tail: MirrorTail, _ body: @escaping (MirrorTail, RedisReply) -> Bool) {
        self.tail = tail
        self.body = body
        super.init()
    }

    override func received(_ reply: RedisReply) {
        guard let tail else { return }
        if !body(tail, reply) { tail.failed() }
    }

    override func failed(_ failure: RedisFailure) {
        tail?.failed()
    }
}
