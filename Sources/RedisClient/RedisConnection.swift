package import Logging
package import NIOCore
import NIOPosix

/// One connection to Redis, kept up for as long as it is wanted.
///
/// Loop-bound: create it anywhere, then use it on its event loop only.
///
/// Commands sent during one turn of the event loop leave in one write.
package final class RedisConnection {
    private let configuration: RedisConfiguration
    private let handshake: RedisHandshake
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let status: RedisStatus?
    /// Where the server to speak to is found out; `nil` when it is always the same.
    private let directory: PrimaryDirectory?
    private let jitter: @Sendable () -> Double

    /// The server to speak to; `nil` until one is known.
    private var endpoint: RedisEndpoint?
    private var state: RedisConnectionState
    private var channelHandler: RedisChannelHandler?
    private var outgoing = ByteBuffer()
    private var isFlushScheduled = false
    /// When the first command of this turn was queued; the others of the turn count as queued then, too.
    package private(set) var turnStart = NIODeadline.uptimeNanoseconds(0)
    /// When the bytes came in that the last reply was read from; the replies of one read count as come in then.
    package private(set) var lastReadAt = NIODeadline.uptimeNanoseconds(0)
    private var deadlineTask: Scheduled<Void>?
    private var reconnectTask: Scheduled<Void>?
    private var checkTask: Scheduled<Void>?
    private var isFollowing = false
    /// The node that the slot is moving to, while it does.
    private(set) var importer: RedisConnection?
    private var wasReady = false
    private var isLossUnreported = false
    private var loggedCause: RedisFailure?
    /// Called on the event loop with `true` when the handshake is done and with `false` when that connection is lost;
    /// set it before `start()`.
    ///
    /// Commands may be sent from within.
    package var onReadinessChange: ((Bool) -> Void)?
    /// Called on the event loop with each message of the subscribed channel; set it before `start()`.
    var onMessage: (() -> Void)?

    /// Makes a connection that is not started.
    /// - Parameters:
    ///   - configuration: How to reach the server.
    ///   - eventLoop: The event loop it will be used on.
    ///   - logger: Told when the connection is made and lost.
    ///   - jitter: Gives random numbers in `0..<1` that spread reconnecting.
    package convenience init(
        configuration: RedisConfiguration,
        eventLoop: any EventLoop,
        logger: Logger,
        jitter: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.init(
            configuration: configuration, eventLoop: eventLoop, logger: logger, status: nil, directory: nil,
            jitter: jitter)
    }

    init(
        configuration: RedisConfiguration,
        eventLoop: any EventLoop,
        logger: Logger,
        status: RedisStatus?,
        directory: PrimaryDirectory?,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        self.status = status
        self.directory = directory
        self.jitter = jitter
        if case .standalone(let endpoint) = configuration.topology { self.endpoint = endpoint }
        handshake = RedisHandshake(configuration: configuration)
        state = RedisConnectionState(
            configuration: configuration, handshakeStepCount: handshake.steps.count, handshakeShapes: handshake.shapes)
    }

    /// Whether the handshake is done, so that commands are sent.
    package var isReady: Bool { state.isReady }

    /// How many commands wait for their replies.
    package var pendingCount: Int { state.pendingCount }

    /// Connects, and from then on connects again whenever the connection is lost.
    package func start() {
        eventLoop.preconditionInEventLoop()
        if let directory, !isFollowing, !state.isStopped {
            isFollowing = true
            endpoint = directory.follow(self, on: eventLoop)
        }
        connectToEndpoint()
    }

    private func connectToEndpoint() {
        guard let endpoint, case .connect(let attempt) = state.connectRequested(now: .now()) else { return }
        connect(to: endpoint, attempt: attempt)
        armDeadline()
    }

    /// Leaves the server spoken to for another one.
    func retarget(to target: RedisEndpoint) {
        eventLoop.preconditionInEventLoop()
        guard !state.isStopped, target != endpoint else { return }
        endpoint = target
        dropImporter()
        switch state.targetChanged(now: .now()) {
        case .none: break
        case .connect:
            reconnectTask?.cancel()
            reconnectTask = nil
            connectToEndpoint()
        case .disconnect(let disconnection): finish(disconnection)
        }
    }

    /// Closes the connection for good and fails every waiting command.
    ///
    /// A stopped connection never calls anyone again and refuses commands with `notConnected`.
    package func stop() {
        eventLoop.preconditionInEventLoop()
        directory?.leave(self)
        dropImporter()
        finish(state.stop(now: .now()))
    }

    /// Sends one command, or fails it before returning when there is no connection or no room.
    /// - Parameters:
    ///   - command: One encoded command, as `RedisCommand.encode` makes it.
    ///   - shape: What its reply must be.
    ///   - handler: Called exactly once with the outcome.
    package func send(_ command: ByteBuffer, expecting shape: ReplyShape, to handler: RedisReplyHandler) {
        guard admits(byteCount: command.readableBytes, expecting: shape, handler) else { return }
        outgoing.writeImmutableBuffer(command)
        scheduleSending()
    }

    /// Sends one command that is kept as an array, which takes no more memory than it has bytes.
    /// - Parameters:
    ///   - command: One encoded command, as `RedisCommand.encode` makes it.
    ///   - shape: What its reply must be.
    ///   - handler: Called exactly once with the outcome.
    package func send(_ command: [UInt8], expecting shape: ReplyShape, to handler: RedisReplyHandler) {
        guard admits(byteCount: command.count, expecting: shape, handler) else { return }
        outgoing.writeBytes(command)
        scheduleSending()
    }

    /// Whether a command may be sent; if not, its handler has been told.
    private func admits(byteCount: Int, expecting shape: ReplyShape, _ handler: RedisReplyHandler) -> Bool {
        eventLoop.assertInEventLoop()
        if !isFlushScheduled { turnStart = .now() }
        switch state.submitted(to: handler, expecting: shape, byteCount: byteCount, now: turnStart) {
        case .refuse(let failure):
            handler.failed(failure)
            return false
        case .write: return true
        }
    }

    private func scheduleSending() {
        if !isFlushScheduled { scheduleFlush() }
        if deadlineTask == nil { armDeadline() }
    }
}

// MARK: - What the channel brings

extension RedisConnection {
    func channelActive(_ handler: RedisChannelHandler) {
        switch state.connected(attempt: handler.attempt, now: .now()) {
        case .closeChannel: handler.detachAndClose()
        case .becomeReady:
            channelHandler = handler
            becomeReady()
        case .sendHandshake(let step):
            channelHandler = handler
            handler.write(handshake.steps[step])
        }
    }

    /// Bytes have come in.
    func readBegan() {
        lastReadAt = .now()
    }

    func received(_ reply: RedisReply) {
        switch state.received(verdict(on: reply), now: .now(), jitter: jitter()) {
        case .deliver(let handler): handler.received(reply)
        case .fail(let handler, let failure):
            if directory == nil { handler.failed(failure) } else { failed(handler, failure, reply) }
        case .failThenDisconnect(let handler, let failure, let disconnection):
            followRedirection(reply)
            begin(disconnection)
            handler.failed(failure)
            failAbandoned(disconnection)
            reportLoss()
        case .sendHandshake(let step): channelHandler?.write(handshake.steps[step])
        case .becomeReady: becomeReady()
        case .disconnect(let disconnection): finish(disconnection)
        case .none: break
        }
    }

    func channelEnded(_ handler: RedisChannelHandler, cause: RedisFailure) {
        guard handler === channelHandler else { return handler.detachAndClose() }
        guard let disconnection = state.channelEnded(cause, now: .now(), jitter: jitter()) else { return }
        finish(disconnection)
    }

    private func verdict(on reply: RedisReply) -> RedisConnectionState.Verdict {
        guard let shape = state.expectedShape else { return unexpected(reply, instead: nil) }
        if reply.kind == .error { return .serverError(code: reply.errorCode) }
        return shape.fits(reply) ? .fits : unexpected(reply, instead: shape)
    }

    /// What a reply means that is not of the shape expected.
    private func unexpected(_ reply: RedisReply, instead shape: ReplyShape?) -> RedisConnectionState.Verdict {
        if configuration.subscribedChannel != nil, state.isReady, reply.begins(with: "message"), reply.count == 3 {
            onMessage?()
            return .message
        }
        // A replica answers `ROLE` as one that refuses writes.
        if shape == .primaryRole, reply.begins(with: "slave") { return .serverError(code: "READONLY") }
        return .misfit
    }

    /// Has the primary looked for where a cluster's node says it is.
    private func followRedirection(_ reply: RedisReply) {
        guard let directory, let redirection = reply.withBytes({ RedisRedirection($0) }),
            let node = redirection.endpoint(from: endpoint)
        else { return }
        directory.doubt(.moved(to: node))
    }

    /// A command was refused where there may be another primary.
    private func failed(_ handler: RedisReplyHandler, _ failure: RedisFailure, _ reply: RedisReply) {
        switch failure {
        case .server(code: "CLUSTERDOWN"): directory?.doubt(.lost)
        case .server(code: "ASK"), .server(code: "TRYAGAIN"):
            if let node = reply.withBytes({ RedisRedirection($0) })?.endpoint(from: endpoint) { connectImporter(node) }
            guard let command = handler.splittableRead else { break }
            return SlotMigrationRead.begin(
                command, for: handler, on: self, eventLoop: eventLoop, timeout: configuration.commandTimeout)
        default: break
        }
        handler.failed(failure)
    }

    /// Connects to the node that the slot moves to.
    private func connectImporter(_ node: RedisEndpoint) {
        if let importer, importer.endpoint == node { return }
        importer?.stop()
        var configuration = configuration
        configuration.topology = .standalone(node)
        let importer = RedisConnection(configuration: configuration, eventLoop: eventLoop, logger: logger)
        self.importer = importer
        importer.start()
    }

    private func dropImporter() {
        importer?.stop()
        importer = nil
    }

    private func becomeReady() {
        // What is armed is the end of the handshake's time; a command's may come sooner.
        deadlineTask?.cancel()
        deadlineTask = nil
        wasReady = true
        loggedCause = nil
        status?.becameReady()
        logger.info("connected to Redis", metadata: endpointMetadata)
        scheduleCheck()
        onReadinessChange?(true)
    }
}

// MARK: - Checking

extension RedisConnection {
    /// Only an answer shows that a silent connection still leads to somebody, and that he still is the primary.
    private func scheduleCheck() {
        guard let interval = configuration.checkInterval else { return }
        checkTask = eventLoop.assumeIsolated().scheduleTask(in: interval) { self.check() }
    }

    private func check() {
        guard state.isReady else { return }
        if configuration.topology.isMoving {
            send(Self.role, expecting: .primaryRole, to: RedisReplyHandler())
        } else if state.pendingCount == 0 {
            send(Self.ping, expecting: .pong, to: RedisReplyHandler())
        }
        // What is pending has a deadline, which is the check.
        if state.isReady { scheduleCheck() }
    }

    private static let ping = RedisCommand.encode("PING")
    private static let role = RedisCommand.encode("ROLE")
}

// MARK: - Writing

extension RedisConnection {
    private func scheduleFlush() {
        isFlushScheduled = true
        // Tasks run after all I/O events of the turn, so this sees everything the turn queued.
        eventLoop.assumeIsolated().execute { self.flush() }
    }

    private func flush() {
        isFlushScheduled = false
        guard outgoing.readableBytes > 0 else { return }
        channelHandler?.write(outgoing)
        clearOutgoing()
    }

    private func clearOutgoing() {
        // When the write went out whole, the storage is ours alone again and is used for the next turn.
        if outgoing.capacity <= Self.retainedOutgoingBytes {
            outgoing.clear()
        } else {
            outgoing = ByteBuffer()
        }
    }

    private static let retainedOutgoingBytes = 256 * 1024
}

// MARK: - Connecting and ending

extension RedisConnection {
    private func connect(to endpoint: RedisEndpoint, attempt: UInt64) {
        let connection = NIOLoopBound(self, eventLoop: eventLoop)
        let prepareChannel = configuration.prepareChannel
        let tls = configuration.tls
        // Called for each address that a host name has, so each channel gets a handler of its own.
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(configuration.connectTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try prepareChannel?(channel)
                    if let tls { try tls.addHandlers(to: channel.pipeline.syncOperations, for: endpoint) }
                    guard let reader = RedisReplyReader() else { throw ChannelError.inputClosed }
                    let handler = RedisChannelHandler(connection: connection.value, attempt: attempt, reader: reader)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        let channel: EventLoopFuture<any Channel>
        switch endpoint {
        case .tcp(let host, let port):
            channel = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1).connect(host: host, port: port)
        case .unix(let path): channel = bootstrap.connect(unixDomainSocketPath: path)
        }
        channel.hop(to: eventLoop).assumeIsolated().whenFailure { _ in self.connectFailed(attempt: attempt) }
    }

    private func connectFailed(attempt: UInt64) {
        let disconnection = state.connectFailed(attempt: attempt, now: .now(), jitter: jitter())
        if let disconnection { finish(disconnection) }
    }

    private func finish(_ disconnection: RedisConnectionState.Disconnection) {
        begin(disconnection)
        failAbandoned(disconnection)
        reportLoss()
    }

    private func reportLoss() {
        guard isLossUnreported else { return }
        isLossUnreported = false
        onReadinessChange?(false)
    }

    /// Puts everything in order before any command hears of the end, since its handler may call back.
    private func begin(_ disconnection: RedisConnectionState.Disconnection) {
        channelHandler?.detachAndClose()
        channelHandler = nil
        clearOutgoing()
        deadlineTask?.cancel()
        deadlineTask = nil
        reconnectTask?.cancel()
        reconnectTask = nil
        checkTask?.cancel()
        checkTask = nil
        logEnd(disconnection)
        guard let delay = disconnection.reconnectDelay else { return }
        directory?.doubt(.lost)
        reconnectTask = eventLoop.assumeIsolated().scheduleTask(in: delay) { self.start() }
    }

    private func failAbandoned(_ disconnection: RedisConnectionState.Disconnection) {
        for command in disconnection.abandoned {
            command.handler.failed(disconnection.failure(of: command))
        }
    }

    private func armDeadline() {
        guard let deadline = state.nextDeadline else { return }
        deadlineTask = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.deadlineReached() }
    }

    private func deadlineReached() {
        deadlineTask = nil
        switch state.deadlineReached(now: .now(), jitter: jitter()) {
        case .none: break
        case .wait: armDeadline()
        case .disconnect(let disconnection): finish(disconnection)
        }
    }

    /// Logs changes only: one line when the server is lost or the reason changes, not one for each attempt.
    private func logEnd(_ disconnection: RedisConnectionState.Disconnection) {
        var metadata = endpointMetadata
        metadata["cause"] = "\(disconnection.cause)"
        status?.ended(disconnection.cause)
        metadata["abandoned_commands"] = "\(disconnection.abandoned.count)"
        if wasReady {
            wasReady = false
            isLossUnreported = true
            status?.lost()
        }
        if disconnection.reconnectDelay == nil {
            logger.debug("connection to Redis stopped", metadata: metadata)
        } else if loggedCause != disconnection.cause {
            loggedCause = disconnection.cause
            logger.warning("no connection to Redis", metadata: metadata)
        }
    }

    private var endpointMetadata: Logger.Metadata { ["redis": "\(endpoint.map { "\($0)" } ?? "unknown")"] }
}
