import NIOCore
import TestSupport

@testable import RedisClient

/// A caller, a clock and a server that do anything at any time, and a record of what must follow.
struct RandomWorld {
    private final class Command: RedisReplyHandler {}

    private(set) var faults: [String] = []
    private var state: RedisConnectionState
    private let maximumPending: Int
    private var random: SeededGenerator
    private var now = NIODeadline.uptimeNanoseconds(1_000_000)
    /// The commands that were accepted and have no outcome yet.
    private var waiting: [Command] = []
    private var openAttempt: UInt64?
    private var isReady = false
    private var stopped = false

    init(configuration: RedisConfiguration, handshakeStepCount: Int, seed: UInt64) {
        state = RedisConnectionState(configuration: configuration, handshakeStepCount: handshakeStepCount)
        maximumPending = configuration.maximumPendingCommands
        random = SeededGenerator(seed: seed)
    }

    mutating func step() {
        now = now + .milliseconds(.random(in: 0...4, using: &random))
        let jitter = Double.random(in: 0..<1, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<10: requestConnection()
        case 10..<25: channelConnects()
        case 25..<28:
            guard let openAttempt else { break }
            let attempt = attempt(near: openAttempt)
            ended(state.connectFailed(attempt: attempt, now: now, jitter: jitter))
        case 28..<60: submit()
        case 60..<90: reply(jitter: jitter)
        case 90..<95: passDeadline(jitter: jitter)
        case 95..<98: ended(state.channelEnded(.connectionClosed, now: now, jitter: jitter))
        case 99: changeTarget()
        case 98: if Int.random(in: 0..<20, using: &random) == 0 { stop() }
        default: break
        }
        check(state.pendingCount == waiting.count, "pending commands were lost or made up")
        check(state.isReady == isReady, "readiness is not as told")
        check(waiting.isEmpty || state.nextDeadline != nil, "waiting commands have no deadline")
    }

    mutating func finish() {
        stop()
        check(waiting.isEmpty, "commands without an outcome")
        check(state.connectRequested(now: now) == .none, "connects after a stop")
    }

    /// Mostly the given attempt, sometimes the one before it.
    private mutating func attempt(near attempt: UInt64) -> UInt64 {
        Int.random(in: 0..<4, using: &random) == 0 ? attempt &- 1 : attempt
    }

    private mutating func requestConnection() {
        guard case .connect(let attempt) = state.connectRequested(now: now) else { return }
        check(!stopped, "connects after a stop")
        check(openAttempt == nil, "two attempts at the same time")
        openAttempt = attempt
    }

    private mutating func channelConnects() {
        guard let openAttempt else { return }
        let attempt = attempt(near: openAttempt)
        switch state.connected(attempt: attempt, now: now) {
        case .becomeReady: isReady = true
        case .sendHandshake(let step): check(step == 0, "the handshake begins at \(step)")
        case .closeChannel: return
        }
        check(attempt == openAttempt, "a channel of an old attempt was taken")
    }

    private mutating func changeTarget() {
        switch state.targetChanged(now: now) {
        case .none: check(stopped, "another server was ignored")
        case .connect: check(openAttempt == nil && !stopped, "a connection to the old server was forgotten")
        case .disconnect(let end):
            check(openAttempt != nil, "an end without a connection")
            check(end.reconnectDelay == .zero, "waits before it connects to another server")
            checkAbandoned(end)
            waiting = []
            openAttempt = nil
            isReady = false
        }
    }

    private mutating func submit() {
        let command = Command()
        let byteCount = Int.random(in: 0...40, using: &random)
        switch state.submitted(to: command, expecting: .integer, byteCount: byteCount, now: now) {
        case .write:
            check(isReady && byteCount > 0, "accepted without a connection, or empty")
            waiting.append(command)
            check(waiting.count <= maximumPending, "more pending than allowed")
        case .refuse(.notConnected): check(!isReady, "refused though ready")
        case .refuse(.invalidCommand): check(byteCount == 0, "refused though not empty")
        case .refuse(.queueFull): check(waiting.count >= 2, "refused though there is room")
        case .refuse(let failure): check(false, "refused as \(failure)")
        }
    }

    private mutating func reply(jitter: Double) {
        let verdicts: [RedisConnectionState.Verdict] = [
            .fits, .fits, .fits, .fits, .serverError(code: "ERR"), .serverError(code: "NOAUTH"), .misfit, .message,
        ]
        let verdict = verdicts.randomElement(using: &random) ?? .misfit
        switch state.received(verdict, now: now, jitter: jitter) {
        case .deliver(let handler):
            check(verdict == .fits, "\(verdict) was delivered")
            settle(handler)
        case .fail(let handler, let failure):
            check(verdict == .serverError(code: "ERR") && failure == .server(code: "ERR"), "\(verdict) as \(failure)")
            settle(handler)
        case .failThenDisconnect(let handler, let failure, let end):
            check(failure == .server(code: "NOAUTH"), "\(verdict) as \(failure)")
            settle(handler)
            ended(end)
        case .sendHandshake: check(!isReady && verdict == .fits, "a handshake step upon \(verdict)")
        case .becomeReady:
            check(openAttempt != nil && verdict == .fits, "ready upon \(verdict)")
            isReady = true
        case .disconnect(let end): ended(end)
        case .none: check(openAttempt == nil || verdict == .message, "a reply was ignored")
        }
    }

    private mutating func passDeadline(jitter: Double) {
        now = now + .milliseconds(.random(in: 0...30, using: &random))
        switch state.deadlineReached(now: now, jitter: jitter) {
        case .none: check(state.nextDeadline == nil, "a deadline was forgotten")
        case .wait(let deadline): check(deadline > now, "waits for the past")
        case .disconnect(let end):
            check(end.cause == .timedOut, "timed out as \(end.cause)")
            ended(end)
        }
    }

    private mutating func stop() {
        let end = state.stop(now: now)
        stopped = true
        check(end.reconnectDelay == nil, "reconnects after a stop")
        checkAbandoned(end)
        waiting = []
        openAttempt = nil
        isReady = false
    }

    private mutating func settle(_ handler: RedisReplyHandler) {
        check(waiting.first === handler, "an outcome for another command than the oldest")
        if !waiting.isEmpty { waiting.removeFirst() }
    }

    private mutating func ended(_ end: RedisConnectionState.Disconnection?) {
        guard let end else { return }
        check(openAttempt != nil, "an end without a connection")
        checkAbandoned(end)
        let delay = end.reconnectDelay ?? .zero
        check(delay >= .milliseconds(50) && delay <= .seconds(1), "a pause of \(delay)")
        waiting = []
        openAttempt = nil
        isReady = false
    }

    private mutating func checkAbandoned(_ end: RedisConnectionState.Disconnection) {
        let abandoned = end.abandoned.map { ObjectIdentifier($0.handler) }
        check(abandoned == waiting.map { ObjectIdentifier($0) }, "other commands were abandoned than those waiting")
    }

    private mutating func check(_ condition: Bool, _ fault: String) {
        if !condition { faults.append(fault) }
    }
}
