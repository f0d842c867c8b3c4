import HTTP1

/// What tracing adds to the way of a request; for those that are not traced it is a look at a `nil`.
extension ClientConnection {
    /// Has the authentication measure its part.
    func traceAuthentication() {
        guard let trace = exchange.trace else { return }
        trace.verificationBegan()
        authentication.follow(trace)
    }

    /// Hands over what was measured, once the exchange has ended.
    func finishTrace() {
        guard let trace = exchange.trace else { return }
        exchange.trace = nil
        authentication.follow(nil)
        loop.tracing?.append(
            trace.finished(
                method: parser.head.method, route: exchange.route?.label, upstreamName: exchange.pool?.upstream.name,
                status: exchange.status, outcome: exchange.reason))
    }
}
