import HTTP1
import NIOCore

/// The one deadline of a connection, and what happens when it passes.
extension ClientConnection {
    /// Sets the one deadline of the connection.
    ///
    /// The timer is left alone unless it would ring too late: it finds out by itself when it rings too early, so that
    /// a busy connection hardly ever touches it.
    func setDeadline(milliseconds: Int64) {
        setDeadline(loop.now + .milliseconds(milliseconds))
    }

    private func setDeadline(_ newDeadline: NIODeadline) {
        deadline = newDeadline
        if timer == nil || deadline < timerDeadline { armTimer() }
    }

    private func armTimer() {
        timer?.cancel()
        timerDeadline = deadline
        timer = loop.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [handle] in
            handle.connection?.timerRang()
        }
    }

    private func timerRang() {
        timer = nil
        guard phase != .closed else { return }
        loop.updateNow()
        if loop.now < deadline { armTimer() } else { deadlinePassed() }
    }

    private func deadlinePassed() {
        switch phase {
        case .readingHead:
            if parser.isInsideHead {
                answer(.requestTimeout, reason: "header_timeout")
            } else if !clientTakesEnough() {
                closeNow()
            }
        case .gathering:
            answer(.requestTimeout, reason: "body_timeout")
        case .deciding:
            authentication.cancel()
            answer(.decisionTimeout, reason: "decision_timeout")
        case .answering:
            answer(.internalError, reason: "internal")
        case .connecting:
            connectingTimedOut()
        case .exchanging:
            exchangeTimedOut()
        case .tunnelling:
            abort("tunnel_idle_timeout")
        case .lingering:
            if hasFlushed || !clientTakesEnough() { closeNow() }
        case .closed:
            break
        }
    }

    private func exchangeTimedOut() {
        if !isWritable || isHoldingBack, exchange.state.response == .started {
            if !clientTakesEnough() { abort("send_timeout") }
            return
        }
        let waitsForClient = !exchange.state.requestIsComplete && !isPaused
        if exchange.state.response == .awaited, !waitsForClient { upstream?.timedOut() }
        upstream?.close()
        upstream = nil
        guard exchange.state.response == .awaited else {
            abort(waitsForClient ? "body_timeout" : "upstream_timeout")
            return
        }
        if waitsForClient {
            answer(.requestTimeout, reason: "body_timeout")
        } else {
            answer(.upstreamTimeout, reason: "upstream_timeout")
        }
    }

    // MARK: - How fast a client must be

    /// The time for the body of a request begins.
    func startBodyClock() {
        bodyClock.start(at: loop.now)
        setBodyDeadline()
    }

    /// Sets the deadline for the next part of a body.
    func setBodyDeadline() {
        let limits = serving.configuration.limits
        var next = loop.now + .milliseconds(limits.bodyIdleTimeoutMilliseconds)
        if limits.bodyMinimumRate > 0 {
            let limit = bodyClock.limit(
                byteCount: exchange.bodyByteCount, minimumRate: limits.bodyMinimumRate,
                graceMilliseconds: limits.bodyRateGraceMilliseconds)
            next = min(next, limit)
        }
        setDeadline(next)
    }

    /// The time for the client to take what waits for it begins.
    func startSendClock() {
        sendClock.start(pendingByteCount: pendingByteCount)
        setDeadline(milliseconds: serving.configuration.limits.sendTimeoutMilliseconds)
    }

    /// Whether the client took enough of what waits for it since it was last asked; then it gets the same time again.
    private func clientTakesEnough() -> Bool {
        let limits = serving.configuration.limits
        let share = Double(limits.bodyMinimumRate) * Double(limits.sendTimeoutMilliseconds) / 1000
        guard sendClock.tookEnough(pendingByteCount: pendingByteCount, least: Int(share)) else { return false }
        setDeadline(milliseconds: limits.sendTimeoutMilliseconds)
        return true
    }

    /// How many bytes wait here because the client does not take them.
    private var pendingByteCount: Int {
        // Channels that are no sockets need not know; asking them may even be a trap.
        guard let channel = context?.channel, channel is any SocketOptionProvider else { return 0 }
        return (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
