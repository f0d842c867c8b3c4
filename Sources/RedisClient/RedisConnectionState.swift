import NIOCore

/// What one connection to Redis does next: a value without sockets, clocks or randomness.
///
/// Each event is a method that returns what to do about it. Commands wait for their replies in the order
/// they were sent. Whatever puts that order in doubt (a late, surplus or misshapen reply) ends the
/// connection and fails every waiting command, so no reply can reach a command it does not belong to.
struct RedisConnectionState {
    /// A command that was sent and has no reply yet.
    struct PendingCommand {
        let handler: RedisReplyHandler
        let shape: ReplyShape
        let deadline: NIODeadline
        let byteCount: Int
    }

    /// What a reply means, judged against the shape expected next.
    enum Verdict: Equatable {
        case fits
        case serverError(code: String)
        /// A message of a channel that was subscribed to; it answers nothing.
        case message
        case misfit
    }

    /// The end of a connection, or of an attempt to make one.
    struct Disconnection {
        /// Commands that will have no reply, in the order they were sent.
        let abandoned: CircularBuffer<PendingCommand>
        let cause: RedisFailure
        let now: NIODeadline
        /// The pause before connecting again; `nil` when that is not wanted.
        let reconnectDelay: TimeAmount?

        /// What to tell a command: only those past their deadline have timed out.
        func failure(of command: PendingCommand) -> RedisFailure {
            cause == .timedOut && command.deadline > now ? .connectionClosed : cause
        }
    }

    enum StartAction: Equatable {
        case connect(attempt: UInt64)
        case none
    }

    enum ConnectedAction {
        case sendHandshake(step: Int)
        case becomeReady
        /// The channel belongs to an attempt that was given up.
        case closeChannel
    }

    enum SubmitAction: Equatable {
        case write
        case refuse(RedisFailure)
    }

    enum ReplyAction {
        case deliver(RedisReplyHandler)
        case fail(RedisReplyHandler, RedisFailure)
        /// The server's refusal of one command means that this connection is of no use to the others.
        case failThenDisconnect(RedisReplyHandler, RedisFailure, Disconnection)
        case sendHandshake(step: Int)
        case becomeReady
        case disconnect(Disconnection)
        case none
    }

    enum DeadlineAction {
        case wait(until: NIODeadline)
        case disconnect(Disconnection)
        case none
    }

    enum TargetAction {
        /// The old server is left.
        case disconnect(Disconnection)
        /// There is nothing to leave.
        case connect
        case none
    }

    private enum Phase {
        case idle
        case connecting(deadline: NIODeadline)
        case handshaking(step: Int, deadline: NIODeadline)
        case ready(since: NIODeadline)
        case waiting
        case stopped
    }

    private let handshakeStepCount: Int
    /// What the steps of the handshake must be answered; those without a shape with `OK`.
    private let handshakeShapes: [ReplyShape]
    private let followsPrimary: Bool
    private let connectTimeout: TimeAmount
    private let commandTimeout: TimeAmount
    private let maximumPendingCommands: Int
    private let maximumPendingBytes: Int
    private let backoff: ReconnectBackoff

    private var phase = Phase.idle
    private var pending = CircularBuffer<PendingCommand>()
    private var pendingByteCount = 0
    private var failures = 0
    private(set) var attempt: UInt64 = 0

    init(configuration: RedisConfiguration, handshakeStepCount: Int, handshakeShapes: [ReplyShape] = []) {
        self.handshakeStepCount = handshakeStepCount
        self.handshakeShapes = handshakeShapes
        followsPrimary = configuration.topology.isMoving
        connectTimeout = configuration.connectTimeout
        commandTimeout = configuration.commandTimeout
        maximumPendingCommands = configuration.maximumPendingCommands
        maximumPendingBytes = configuration.maximumPendingBytes
        backoff = configuration.backoff
    }

    var isReady: Bool {
        if case .ready = phase { true } else { false }
    }

    var isStopped: Bool {
        if case .stopped = phase { true } else { false }
    }

    var pendingCount: Int { pending.count }

    /// The shape of the reply that must come next; `nil` when none may come.
    var expectedShape: ReplyShape? {
        switch phase {
        case .handshaking(let step, _): step < handshakeShapes.count ? handshakeShapes[step] : .ok
        case .ready: pending.first?.shape
        case .idle, .connecting, .waiting, .stopped: nil
        }
    }

    /// When something must have happened.
    var nextDeadline: NIODeadline? {
        switch phase {
        case .connecting(let deadline), .handshaking(_, let deadline): deadline
        case .ready: pending.first?.deadline
        case .idle, .waiting, .stopped: nil
        }
    }
}

// MARK: - Connecting

extension RedisConnectionState {
    /// The connection is wanted, or the pause before connecting again is over.
    mutating func connectRequested(now: NIODeadline) -> StartAction {
        switch phase {
        case .idle, .waiting:
            attempt &+= 1
            phase = .connecting(deadline: now + connectTimeout)
            return .connect(attempt: attempt)
        case .connecting, .handshaking, .ready, .stopped: return .none
        }
    }

    /// A channel became active.
    mutating func connected(attempt: UInt64, now: NIODeadline) -> ConnectedAction {
        guard case .connecting(let deadline) = phase, attempt == self.attempt else { return .closeChannel }
        guard handshakeStepCount > 0 else {
            phase = .ready(since: now)
            return .becomeReady
        }
        phase = .handshaking(step: 0, deadline: deadline)
        return .sendHandshake(step: 0)
    }

    /// No channel came of an attempt; `nil` when that attempt was given up before.
    mutating func connectFailed(attempt: UInt64, now: NIODeadline, jitter: Double) -> Disconnection? {
        guard case .connecting = phase, attempt == self.attempt else { return nil }
        return disconnect(.notConnected, now: now, jitter: jitter)
    }
}

// MARK: - Commands and replies

extension RedisConnectionState {
    /// A command wants to be sent.
    mutating func submitted(
        to handler: RedisReplyHandler,
        expecting shape: ReplyShape,
        byteCount: Int,
        now: NIODeadline
    ) -> SubmitAction {
        guard isReady else { return .refuse(.notConnected) }
        guard byteCount > 0 else { return .refuse(.invalidCommand) }
        guard pending.count < maximumPendingCommands, byteCount <= maximumPendingBytes - pendingByteCount else {
            return .refuse(.queueFull)
        }
        pendingByteCount += byteCount
        pending.append(
            PendingCommand(handler: handler, shape: shape, deadline: now + commandTimeout, byteCount: byteCount)
        )
        return .write
    }

    /// A whole reply came.
    ///
    /// The clock and the random source are asked only when they are needed.
    mutating func received(
        _ verdict: Verdict,
        now: @autoclosure () -> NIODeadline,
        jitter: @autoclosure () -> Double
    ) -> ReplyAction {
        switch phase {
        case .handshaking(let step, let deadline):
            return receivedInHandshake(verdict, step: step, deadline: deadline, now: now(), jitter: jitter())
        case .ready: return receivedWhenReady(verdict, now: now, jitter: jitter)
        case .connecting: return .disconnect(disconnect(.protocolViolation, now: now(), jitter: jitter()))
        case .idle, .waiting, .stopped: return .none
        }
    }

    private mutating func receivedInHandshake(
        _ verdict: Verdict,
        step: Int,
        deadline: NIODeadline,
        now: NIODeadline,
        jitter: Double
    ) -> ReplyAction {
        switch verdict {
        case .fits where step + 1 < handshakeStepCount:
            phase = .handshaking(step: step + 1, deadline: deadline)
            return .sendHandshake(step: step + 1)
        case .fits:
            phase = .ready(since: now)
            return .becomeReady
        case .serverError(let code): return .disconnect(disconnect(.server(code: code), now: now, jitter: jitter))
        case .message, .misfit: return .disconnect(disconnect(.protocolViolation, now: now, jitter: jitter))
        }
    }

    private mutating func receivedWhenReady(
        _ verdict: Verdict,
        now: () -> NIODeadline,
        jitter: () -> Double
    ) -> ReplyAction {
        var refusal: String?
        switch verdict {
        case .fits: break
        case .serverError(let code): refusal = code
        case .message: return .none
        case .misfit: return .disconnect(disconnect(.protocolViolation, now: now(), jitter: jitter()))
        }
        guard let command = pending.popFirst() else {
            return .disconnect(disconnect(.protocolViolation, now: now(), jitter: jitter()))
        }
        pendingByteCount -= command.byteCount
        guard let code = refusal else { return .deliver(command.handler) }
        let failure = RedisFailure.server(code: code)
        guard
            Self.codesThatEndTheConnection.contains(code)
                || followsPrimary && Self.codesOfAnotherPrimary.contains(code)
        else { return .fail(command.handler, failure) }
        let disconnection = disconnect(.connectionClosed, now: now(), jitter: jitter())
        return .failThenDisconnect(command.handler, failure, disconnection)
    }

    /// A new connection may be authenticated again, or reach the server that is now the primary.
    private static let codesThatEndTheConnection: Set<String> = ["NOAUTH", "READONLY"]
    /// Where there may be another primary, these say that there is.
    private static let codesOfAnotherPrimary: Set<String> = ["MASTERDOWN", "MOVED"]
}

// MARK: - Endings

extension RedisConnectionState {
    /// Time has passed.
    ///
    /// Only the oldest command is looked at, since all have the same time-out.
    mutating func deadlineReached(now: NIODeadline, jitter: Double) -> DeadlineAction {
        guard let deadline = nextDeadline else { return .none }
        guard deadline <= now else { return .wait(until: deadline) }
        return .disconnect(disconnect(.timedOut, now: now, jitter: jitter))
    }

    /// The channel closed, failed, or carried bytes that are no reply; `nil` when it was given up before.
    mutating func channelEnded(_ cause: RedisFailure, now: NIODeadline, jitter: Double) -> Disconnection? {
        switch phase {
        case .connecting, .handshaking, .ready: disconnect(cause, now: now, jitter: jitter)
        case .idle, .waiting, .stopped: nil
        }
    }

    /// Another server is to be spoken to from now on, whatever became of the attempts to reach the one before.
    mutating func targetChanged(now: NIODeadline) -> TargetAction {
        failures = 0
        switch phase {
        case .idle, .waiting: return .connect
        case .stopped: return .none
        case .connecting, .handshaking, .ready:
            phase = .waiting
            return .disconnect(
                Disconnection(
                    abandoned: takePending(), cause: .connectionClosed, now: now, reconnectDelay: .zero))
        }
    }

    /// The connection is not wanted any more, for good.
    mutating func stop(now: NIODeadline) -> Disconnection {
        phase = .stopped
        return Disconnection(
            abandoned: takePending(),
            cause: .connectionClosed,
            now: now,
            reconnectDelay: nil
        )
    }

    private mutating func disconnect(_ cause: RedisFailure, now: NIODeadline, jitter: Double) -> Disconnection {
        if case .ready(let since) = phase, now - since >= backoff.stableAfter { failures = 0 }
        failures = min(failures + 1, 1_000)
        phase = .waiting
        return Disconnection(
            abandoned: takePending(),
            cause: cause,
            now: now,
            reconnectDelay: backoff.delay(failures: failures, jitter: jitter)
        )
    }

    private mutating func takePending() -> CircularBuffer<PendingCommand> {
        pendingByteCount = 0
        let taken = pending
        pending = CircularBuffer()
        return taken
    }
}
