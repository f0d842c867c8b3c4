import HTTP1
import NIOCore

/// How a request gets its connection to the upstream: from those that are idle, by opening one, or by waiting for one.
extension ClientConnection {
    func forward(to pool: UpstreamPool) {
        // RFC 9110 section 7.6.2: the request was for the last hop it may reach, and that is this one.
        if parser.head.maxForwards == 0 {
            answerEmpty()
            return
        }
        exchange.pool = pool
        exchange.upstreamStartedAt = loop.now
        exchange.trace?.upstreamBegan()
        pool.retryBudget.requestMade()
        take(pool.acquire(), of: pool)
    }

    /// Sends the request again, elsewhere if there is an elsewhere.
    func retry(on pool: UpstreamPool, avoiding endpoint: UpstreamEndpoint) {
        take(pool.acquire(avoiding: endpoint, opensNew: true), of: pool)
    }

    private func take(_ acquisition: UpstreamPool.Acquisition, of pool: UpstreamPool) {
        switch acquisition {
        case .idle(let connection): use(connection, of: pool)
        case .connect(let endpoint): connect(to: endpoint, of: pool)
        case .wait: wait(for: pool)
        case .none: answer(.upstreamUnreachable, reason: "no_healthy_target")
        }
    }

    private func connect(to endpoint: UpstreamEndpoint, of pool: UpstreamPool) {
        phase = .connecting
        connectAttempt += 1
        let attempt = connectAttempt
        // The pool keeps to its own deadline; this one is there should it not.
        setDeadline(milliseconds: pool.upstream.connectTimeoutMilliseconds &+ 1_000)
        // The pool does not keep its loop's context alive, and this may come after everything else is gone.
        pool.connect(to: endpoint) { [handle, loop] result in
            loop.updateNow()
            guard let connection = handle.connection, connection.isConnecting(attempt) else {
                // The client left meanwhile; the connection is as good as new.
                if case .success(let opened) = result { opened.end(reuse: true) }
                return
            }
            switch result {
            case .success(let opened): connection.use(opened, of: pool)
            case .failure(let failure): connection.connectFailed(failure, at: endpoint, of: pool)
            }
            connection.advance()
        }
    }

    private func isConnecting(_ attempt: Int) -> Bool {
        phase == .connecting && attempt == connectAttempt
    }

    private func connectFailed(
        _ failure: UpstreamConnector.Failure, at endpoint: UpstreamEndpoint, of pool: UpstreamPool
    ) {
        let decision = exchange.state.connectFailed(
            elsewhere: pool.hasOther(than: endpoint), retryLimit: pool.upstream.retries
        ) { pool.retryBudget.take(now: loop.now) }
        if decision == .retry {
            retry(on: pool, avoiding: endpoint)
        } else if failure.kind == .timedOut {
            answer(.upstreamTimeout, reason: "upstream_connect_timeout")
        } else {
            answer(.upstreamUnreachable, reason: "upstream_unreachable")
        }
    }

    // MARK: - Waiting

    private func wait(for pool: UpstreamPool) {
        phase = .connecting
        connectAttempt += 1
        waitingTicket = pool.wait { [handle, loop] acquisition in
            loop.updateNow()
            guard let connection = handle.connection else {
                if case .idle(let idle) = acquisition { idle.end(reuse: true) }
                return
            }
            connection.waitingTicket = nil
            connection.take(acquisition, of: pool)
            connection.advance()
        }
        if waitingTicket == nil {
            answer(.upstreamBusy, reason: "upstream_queue_full")
        } else {
            setDeadline(milliseconds: pool.upstream.queueTimeoutMilliseconds)
        }
    }

    /// Gives up the place in the queue, if there is one.
    @discardableResult
    func leaveQueue() -> Bool {
        guard let ticket = waitingTicket else { return false }
        waitingTicket = nil
        exchange.pool?.stopWaiting(ticket)
        return true
    }

    /// The time for getting a connection is over.
    func connectingTimedOut() {
        connectAttempt += 1
        if leaveQueue() {
            answer(.upstreamBusy, reason: "upstream_busy")
        } else {
            answer(.upstreamTimeout, reason: "upstream_connect_timeout")
        }
    }
}
