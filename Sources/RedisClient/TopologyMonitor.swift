import Logging
import NIOCore

/// Asks sentinels, or the nodes of a cluster, who the primary is, and tells the directory.
///
/// Loop-bound: it lives on one of the client's event loops, where it costs a few small commands a second.
final class TopologyMonitor {
    private let configuration: RedisConfiguration
    private let question: TopologyQuestion
    private let commands: [ByteBuffer]
    private let directory: PrimaryDirectory
    private let status: RedisStatus
    private let eventLoop: any EventLoop
    private let logger: Logger

    private var election: PrimaryElection
    private var connections: [RedisEndpoint: SourceConnection] = [:]
    private var nextRound: Scheduled<Void>?
    private var nextRoundAt = NIODeadline.distantFuture
    private var isStopped = false

    /// Makes a monitor that is not started; `nil` where the server never changes.
    /// - Parameters:
    ///   - configuration: The client's.
    ///   - directory: Told of each new primary.
    ///   - status: Told which sources answer.
    ///   - eventLoop: Where it is used.
    ///   - logger: Told of each new primary, and of sources that come and go.
    init?(
        configuration: RedisConfiguration, directory: PrimaryDirectory, status: RedisStatus,
        eventLoop: any EventLoop, logger: Logger
    ) {
        let sources: [RedisEndpoint]
        switch configuration.topology {
        case .standalone: return nil
        case .sentinel(let sentinels, let primaryName):
            question = .sentinel(primaryName: primaryName)
            sources = sentinels
        case .cluster(let nodes, let slot):
            question = .cluster(slot: slot, prefersHostNames: configuration.tls?.prefersHostNames ?? false)
            sources = nodes
        }
        self.configuration = configuration
        self.directory = directory
        self.status = status
        self.eventLoop = eventLoop
        self.logger = logger
        commands = question.commands
        election = PrimaryElection(sources: sources, now: .now())
    }

    /// Begins to ask.
    func start() {
        let monitor = NIOLoopBound(self, eventLoop: eventLoop)
        let eventLoop = eventLoop
        directory.listen { doubt in eventLoop.execute { monitor.value.doubted(doubt) } }
        connectSources()
        scheduleRound()
    }

    /// Ends everything.
    func stop() {
        isStopped = true
        directory.listen(nil)
        nextRound?.cancel()
        for connection in connections.values { connection.stop() }
        connections = [:]
    }
}

// MARK: - Asking

extension TopologyMonitor {
    private func scheduleRound() {
        guard !isStopped else { return }
        let now = NIODeadline.now()
        let due = now + election.pause(now: now)
        guard due < nextRoundAt else { return }
        nextRound?.cancel()
        nextRoundAt = due
        nextRound = eventLoop.assumeIsolated().scheduleTask(deadline: due) { self.round() }
    }

    private func round() {
        nextRoundAt = .distantFuture
        for connection in connections.values { connection.ask(commands) }
        status.setSources(election.sourceEndpoints.map { ($0, connections[$0]?.isReady ?? false) })
        scheduleRound()
    }

    private func doubted(_ doubt: PrimaryDirectory.Doubt) {
        guard !isStopped else { return }
        switch doubt {
        case .lost: election.doubted(now: .now())
        case .moved(let node):
            if let primary = election.hinted(at: node, now: .now()) { follow(primary) }
        }
        scheduleRound()
    }

    fileprivate func answered(_ replies: [RedisValue?], by source: RedisEndpoint) {
        guard !isStopped else { return }
        let answer = question.answer(replies, from: source)
        let change = election.answered(by: source, claim: answer.claim, peers: answer.peers, now: .now())
        if let primary = change.primary { follow(primary) }
        if change.hasOtherSources { connectSources() }
    }

    /// A source tells of a change: all are asked at once, since the message has no epoch.
    fileprivate func notified() {
        for connection in connections.values { connection.ask(commands) }
    }

    fileprivate func becameReady(_ connection: SourceConnection) {
        connection.ask(commands)
    }

    private func follow(_ primary: RedisEndpoint) {
        logger.notice("the Redis primary is another one", metadata: ["redis": "\(primary)"])
        directory.changed(to: primary)
    }
}

// MARK: - Sources

extension TopologyMonitor {
    private func connectSources() {
        let wanted = election.sourceEndpoints
        for (endpoint, connection) in connections where !wanted.contains(endpoint) {
            connection.stop()
            connections[endpoint] = nil
        }
        for endpoint in wanted where connections[endpoint] == nil {
            let connection = SourceConnection(
                endpoint: endpoint, configuration: sourceConfiguration(endpoint), channel: question.channel,
                eventLoop: eventLoop, logger: logger, monitor: self)
            connections[endpoint] = connection
            connection.start()
        }
    }

    private func sourceConfiguration(_ endpoint: RedisEndpoint) -> RedisConfiguration {
        var configuration = configuration
        configuration.topology = .standalone(endpoint)
        configuration.database = 0
        // Told apart from the connections that are for asking and writing.
        configuration.clientName = "topology.\(configuration.clientName)"
        if case .sentinel = question { configuration.credentials = configuration.sentinelCredentials }
        // Sentinels that are busy electing are worth waiting for.
        configuration.commandTimeout = max(configuration.commandTimeout, .seconds(1))
        return configuration
    }
}

/// The connections to one source: one that asks, and one that listens where the source tells of changes.
private final class SourceConnection {
    private let endpoint: RedisEndpoint
    private let connection: RedisConnection
    private let subscription: RedisConnection?
    private unowned let monitor: TopologyMonitor
    private var isAsking = false

    init(
        endpoint: RedisEndpoint, configuration: RedisConfiguration, channel: String?, eventLoop: any EventLoop,
        logger: Logger, monitor: TopologyMonitor
    ) {
        self.endpoint = endpoint
        self.monitor = monitor
        connection = RedisConnection(configuration: configuration, eventLoop: eventLoop, logger: logger)
        if let channel {
            var listening = configuration
            listening.subscribedChannel = channel
            subscription = RedisConnection(configuration: listening, eventLoop: eventLoop, logger: logger)
        } else {
            subscription = nil
        }
    }

    var isReady: Bool { connection.isReady }

    func start() {
        connection.onReadinessChange = { [unowned self] isReady in
            if isReady { monitor.becameReady(self) }
        }
        subscription?.onMessage = { [unowned self] in monitor.notified() }
        connection.start()
        subscription?.start()
    }

    func stop() {
        connection.onReadinessChange = nil
        subscription?.onMessage = nil
        connection.stop()
        subscription?.stop()
    }

    /// Asks, unless an answer is awaited.
    func ask(_ commands: [ByteBuffer]) {
        guard connection.isReady, !isAsking else { return }
        isAsking = true
        let handler = AnswerHandler(commandCount: commands.count) { [self] replies in
            isAsking = false
            monitor.answered(replies, by: endpoint)
        }
        for command in commands { connection.send(command, expecting: .any, to: handler) }
    }
}

/// Collects the replies to one question; nothing is said of a source that was lost meanwhile.
private final class AnswerHandler: RedisReplyHandler {
    private let commandCount: Int
    private var replies: [RedisValue?] = []
    private var finish: (([RedisValue?]) -> Void)?

    init(commandCount: Int, finish: @escaping ([RedisValue?]) -> Void) {
        self.commandCount = commandCount
        self.finish = finish
        super.init()
    }

    override func received(_ reply: RedisReply) {
        append(reply.copy())
    }

    override func failed(_ failure: RedisFailure) {
        append(nil)
    }

    private func append(_ reply: RedisValue?) {
        replies.append(reply)
        guard replies.count == commandCount, let finish else { return }
        self.finish = nil
        finish(replies)
    }
}
