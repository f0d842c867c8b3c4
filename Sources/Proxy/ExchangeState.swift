/// The life of one exchange with an upstream, as a value: which side is where, and what an event means for the rest.
struct ExchangeState: Equatable {
    /// How far the answer has come on its way to the client.
    enum Response: Equatable { case awaited, started, complete }

    /// What to do when the answer is complete.
    enum Ending: Equatable {
        /// Both sides are clean: the upstream connection can be used again, and so can the client's.
        case next(reuseUpstream: Bool)
        /// The client's connection ends, for it is not to be kept or its request is still under way.
        case close(reuseUpstream: Bool)
    }

    /// What to do when the upstream is gone before the answer is complete.
    enum Failure: Equatable {
        /// Nothing has gone to the client and the request is still at hand: send it again, on a new connection.
        case retry
        /// Nothing has gone to the client: answer with an error.
        case answer
        /// The client has part of the answer: break off, so that it cannot take the part for the whole.
        case abort
    }

    private(set) var requestIsComplete: Bool
    private(set) var response = Response.awaited
    private var retryCount = 0
    private var hasMetStaleConnection = false
    private var hasPassedInterim = false
    private var clientKeepsAlive: Bool
    private let isRepeatable: Bool

    /// - Parameters:
    ///   - requestIsComplete: whether the request has no body to come.
    ///   - clientKeepsAlive: whether the client wants to go on after this.
    ///   - isRepeatable: whether the request may be sent twice (RFC 9110 section 9.2.2) and needs no body to do so.
    init(requestIsComplete: Bool, clientKeepsAlive: Bool, isRepeatable: Bool) {
        self.requestIsComplete = requestIsComplete
        self.clientKeepsAlive = clientKeepsAlive
        self.isRepeatable = isRepeatable && requestIsComplete
    }

    /// Whether the client's connection will serve another request, as far as is known when the answer's head goes out.
    var willKeepClient: Bool { clientKeepsAlive && requestIsComplete }

    /// The last byte of the request has been received.
    mutating func requestEnded() {
        requestIsComplete = true
    }

    /// The client's connection cannot be used after this exchange.
    mutating func giveUpKeepAlive() {
        clientKeepsAlive = false
    }

    /// An interim answer was passed on.
    mutating func interimPassed() {
        hasPassedInterim = true
    }

    /// The head of the final answer was passed on.
    mutating func responseStarted() {
        response = .started
        // The head has told the client whether to go on; a request that ends only now does not change that.
        clientKeepsAlive = willKeepClient
    }

    /// The last byte of the answer was passed on.
    mutating func responseEnded(upstreamKeepsAlive: Bool) -> Ending {
        response = .complete
        let reuse = upstreamKeepsAlive && requestIsComplete
        return clientKeepsAlive ? .next(reuseUpstream: reuse) : .close(reuseUpstream: reuse)
    }

    /// The upstream's connection is gone before the answer was complete.
    ///
    /// - Parameters:
    ///   - onReusedConnection: whether the connection had served a request before: then the upstream may just have
    ///     closed it for being idle, and the request was not looked at.
    ///   - receivedBytes: whether any byte of an answer came.
    ///   - retryLimit: how often the upstream's requests may be sent again.
    ///   - takeRetry: takes a retry from the upstream's budget, if there is one.
    /// - Returns: what to do for the client.
    mutating func upstreamFailed(
        onReusedConnection: Bool, receivedBytes: Bool, retryLimit: Int = 0, takeRetry: () -> Bool = { true }
    ) -> Failure {
        guard response == .awaited else { return .abort }
        guard isRepeatable, !hasPassedInterim else { return .answer }
        let mayRetry = retryCount < retryLimit
        if onReusedConnection, !receivedBytes, !hasMetStaleConnection {
            // Always allowed once: no target failed, only a connection that had outlived its use.
            hasMetStaleConnection = true
            if mayRetry, takeRetry() { retryCount += 1 }
            return .retry
        }
        guard mayRetry, takeRetry() else { return .answer }
        retryCount += 1
        return .retry
    }

    /// No connection could be opened, so nothing of the request was sent: any method may be tried elsewhere.
    ///
    /// - Parameters:
    ///   - elsewhere: whether there is another address to try.
    ///   - retryLimit: how often the upstream's requests may be sent again.
    ///   - takeRetry: takes a retry from the upstream's budget, if there is one.
    /// - Returns: what to do for the client; never to break off.
    mutating func connectFailed(elsewhere: Bool, retryLimit: Int, takeRetry: () -> Bool) -> Failure {
        guard elsewhere, retryCount < retryLimit, takeRetry() else { return .answer }
        retryCount += 1
        return .retry
    }
}
