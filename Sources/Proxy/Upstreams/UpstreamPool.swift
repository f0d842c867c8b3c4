import Logging
import NIOCore

/// One event loop's view of one upstream: its addresses, the connections to them, and whose turn it is.
///
/// Of an address's connections the one used last is used first.
final class UpstreamPool {
    /// What a request gets.
    enum Acquisition {
        /// A connection that can be used at once.
        case idle(UpstreamConnection)
        /// An address to open a connection to.
        case connect(UpstreamEndpoint)
        /// All are at their limit: there is a queue.
        case wait
        /// There is no address that could be asked.
        case none
    }

    /// Takes what a request in the queue gets.
    typealias Waiter = (Acquisition) -> Void

    let upstream: Upstream
    /// The same on every event loop, and of no other upstream before or after.
    let id: UInt64
    /// Where its times are counted.
    let counter: UpstreamCounter
    unowned let loop: LoopContext
    /// Where the operator is told what happens to targets.
    var logger: Logger?
    var retryBudget = RetryBudget()
    private(set) var endpoints: [UpstreamEndpoint] = []
    /// The addresses that get requests; made anew when anything about one changes, so that choosing looks at nothing.
    private var usable: [UpstreamEndpoint] = []
    private var balancer: EndpointBalancer
    /// An address that was left out and is to be tried by the next request.
    private var trial: UpstreamEndpoint?
    private var idleCount = 0
    /// Connections that are open or being opened, idle ones included.
    private var openCount = 0
    private var allowance: IdleAllowance
    private var waiting = WaitingQueue<Waiter>()
    private var isServing = false
    /// Whether the configuration in force knows it no more: it only ends what it has begun.
    private var isRetired = false

    init(_ upstream: Upstream, id: UInt64, loop: LoopContext, counter: UpstreamCounter) {
        self.upstream = upstream
        self.id = id
        self.loop = loop
        self.counter = counter
        balancer = EndpointBalancer(upstream.balance, weights: [], start: 0)
        allowance = IdleAllowance(limit: upstream.idleConnections)
    }

    // MARK: - Choosing

    /// A connection, or where to get one.
    ///
    /// - Parameters:
    ///   - avoided: the address that just failed; it is asked again only if there is no other.
    ///   - opensNew: whether to open a connection even if there is an idle one: that may be as dead as the one before.
    /// - Returns: what there is for the request.
    func acquire(avoiding avoided: UpstreamEndpoint? = nil, opensNew: Bool = false) -> Acquisition {
        // Nobody overtakes those who wait.
        guard waiting.isEmpty else { return .wait }
        return take(avoiding: avoided, opensNew: opensNew)
    }

    private func take(avoiding avoided: UpstreamEndpoint?, opensNew: Bool) -> Acquisition {
        guard let endpoint = choose(avoiding: avoided) else { return usable.isEmpty ? .none : .wait }
        if !opensNew || isFull(endpoint), let connection = endpoint.idle.popLast() {
            idleCount &-= 1
            allowance.inUse(openCount &- idleCount)
            return .idle(connection)
        }
        return .connect(endpoint)
    }

    private func choose(avoiding avoided: UpstreamEndpoint?) -> UpstreamEndpoint? {
        // What has failed once does not try its luck.
        if let trial, avoided == nil {
            self.trial = nil
            trial.ejection.trialBegan()
            if trial.isHealthy, !trial.isRemoved { return trial }
        }
        guard let first = usable.first else { return nil }
        var index = 0
        var endpoint = first
        if usable.count > 1 {
            index = balancer.choose(chance: upstream.balance == .leastRequests ? loop.makeChance() : 0) {
                usable[$0].outstanding
            }
            endpoint = usable[index]
        }
        if endpoint !== avoided, !isUsedUp(endpoint) { return endpoint }
        for offset in 1..<max(usable.count, 1) {
            let other = usable[(index + offset) % usable.count]
            if other !== avoided, !isUsedUp(other) { return other }
        }
        if avoided != nil, let other = lastResort(insteadOf: endpoint) { return other }
        return isUsedUp(endpoint) ? nil : endpoint
    }

    /// An address that is left out, for a request that would fail otherwise.
    private func lastResort(insteadOf endpoint: UpstreamEndpoint) -> UpstreamEndpoint? {
        let other = endpoints.first {
            $0 !== endpoint && $0.isHealthy && !$0.ejection.isAdmitted && !isUsedUp($0)
        }
        other?.ejection.becameLastResort()
        return other
    }

    private func isFull(_ endpoint: UpstreamEndpoint) -> Bool {
        upstream.connectionLimit > 0 && endpoint.connections >= upstream.connectionLimit
    }

    private func isUsedUp(_ endpoint: UpstreamEndpoint) -> Bool {
        isFull(endpoint) && endpoint.idle.isEmpty
    }

    /// Whether a request that failed at an address could go to another one.
    func hasOther(than endpoint: UpstreamEndpoint) -> Bool {
        endpoints.contains { $0 !== endpoint && $0.isHealthy }
    }

    // MARK: - Waiting

    /// Queues for a connection.
    ///
    /// - Parameter completion: called once, unless the place is given up.
    /// - Returns: the place, or `nil` when the queue is full.
    func wait(_ completion: @escaping Waiter) -> WaitingQueue<Waiter>.Ticket? {
        guard waiting.count < upstream.queueLimit else { return nil }
        return waiting.append(completion)
    }

    /// Gives up a place in the queue.
    func stopWaiting(_ ticket: WaitingQueue<Waiter>.Ticket) {
        waiting.remove(ticket)
    }

    /// Lets those go on who wait, as far as they can: after the event in hand, not within it.
    private func serveWaiting() {
        guard !waiting.isEmpty, !isServing else { return }
        isServing = true
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        loop.eventLoop.execute {
            let pool = bound.value
            pool.isServing = false
            while !pool.waiting.isEmpty {
                let acquisition = pool.take(avoiding: nil, opensNew: false)
                if case .wait = acquisition { return }
                pool.waiting.popFirst()?(acquisition)
            }
        }
    }

    // MARK: - Connections

    /// Opens a connection; to another address of the same target when the first takes none.
    ///
    /// - Parameters:
    ///   - endpoint: the address.
    ///   - completion: called on the event loop.
    func connect(
        to endpoint: UpstreamEndpoint,
        completion: @escaping (Result<UpstreamConnection, UpstreamConnector.Failure>) -> Void
    ) {
        open(
            endpoint, tried: [], deadline: .now() + .milliseconds(upstream.connectTimeoutMilliseconds),
            completion: completion)
    }

    private func open(
        _ endpoint: UpstreamEndpoint, tried: [UpstreamEndpoint], deadline: NIODeadline,
        completion: @escaping (Result<UpstreamConnection, UpstreamConnector.Failure>) -> Void
    ) {
        let connection = UpstreamConnection(pool: self, endpoint: endpoint)
        endpoint.outstanding += 1
        let connector = UpstreamConnector(target: endpoint.target, address: endpoint.address, tls: upstream.tls)
        let opened = connector.connect(with: connection, on: loop.eventLoop, deadline: deadline)
        opened.assumeIsolated().whenComplete { [self] result in
            loop.updateNow()
            endpoint.outstanding -= 1
            switch result {
            case .success:
                completion(.success(connection))
            case .failure(let error):
                let failure = UpstreamConnector.Failure(error)
                connection.hasEnded()
                failed(endpoint, failure.reason, detail: failure.detail)
                let tried = tried + [endpoint]
                if failure.kind != .timedOut, tried.count < 4, let other = untried(tried) {
                    open(other, tried: tried, deadline: deadline, completion: completion)
                } else {
                    completion(.failure(failure))
                }
            }
        }
    }

    /// Another address of the same target: one that has both kinds of address may listen on one kind only.
    private func untried(_ tried: [UpstreamEndpoint]) -> UpstreamEndpoint? {
        endpoints.first { endpoint in
            endpoint.targetIndex == tried.first?.targetIndex && endpoint.isWelcome && !isFull(endpoint)
                && !tried.contains { $0 === endpoint }
        }
    }

    /// Takes back a connection that is clean.
    func giveBack(_ connection: UpstreamConnection) {
        let isKept = idleCount < allowance.idleCount(besides: openCount &- idleCount &- 1)
        guard isKept, !isRetired, connection.endpoint.isWelcome else {
            connection.close()
            return
        }
        connection.idleSince = loop.now
        connection.endpoint.idle.append(connection)
        idleCount &+= 1
        if !waiting.isEmpty { serveWaiting() }
    }

    /// Forgets a connection that cannot be used any more although it was idle.
    func forget(_ connection: UpstreamConnection) {
        guard let index = connection.endpoint.idle.firstIndex(where: { $0 === connection }) else { return }
        connection.endpoint.idle.remove(at: index)
        idleCount -= 1
    }

    /// There is one connection more, to be opened and used.
    func connectionBegan(_ endpoint: UpstreamEndpoint) {
        endpoint.connections += 1
        openCount += 1
        allowance.inUse(openCount - idleCount)
    }

    /// A connection is no longer there.
    func connectionEnded(_ endpoint: UpstreamEndpoint) {
        endpoint.connections -= 1
        openCount -= 1
        if !waiting.isEmpty { serveWaiting() }
    }

    /// Requests in hand may end; whatever is idle is closed, now and later.
    func retire() {
        isRetired = true
        closeIdle()
    }

    /// Closes every idle connection.
    func closeIdle() {
        for endpoint in endpoints { closeIdle(of: endpoint) }
    }

    private func closeIdle(of endpoint: UpstreamEndpoint) {
        let idle = endpoint.idle
        endpoint.idle = []
        idleCount -= idle.count
        for connection in idle { connection.close() }
    }

    // MARK: - What becomes of addresses

    /// An address answered.
    func succeeded(_ endpoint: UpstreamEndpoint) {
        guard endpoint.ejection.consecutiveFailures > 0 else { return }
        guard endpoint.ejection.succeeded(now: loop.now) else { return }
        log(.notice, "upstream target is used again", endpoint)
        rebuild()
    }

    /// An address failed to do what it is there for.
    func failed(_ endpoint: UpstreamEndpoint, _ reason: StaticString, detail: String? = nil) {
        let isEjected = endpoint.ejection.failed(
            threshold: upstream.ejectAfter, othersRemain: usable.contains { $0 !== endpoint },
            firstMilliseconds: upstream.ejectTimeMilliseconds, now: loop.now)
        if isEjected {
            log(.warning, "upstream target is left out for a while", endpoint, reason: reason, detail: detail)
            closeIdle(of: endpoint)
            rebuild()
        } else if endpoint.ejection.consecutiveFailures == max(upstream.ejectAfter, 1) {
            log(.warning, "upstream target keeps failing", endpoint, reason: reason, detail: detail)
        }
    }

    /// Takes over what the process knows about the addresses.
    func update(_ states: [UpstreamEndpoint.State]) {
        var known: [UpstreamEndpoint.State: UpstreamEndpoint] = [:]
        for endpoint in endpoints { known[endpoint.identity] = endpoint }
        endpoints = states.map { state in
            let endpoint = known.removeValue(forKey: state.identity) ?? UpstreamEndpoint(state, of: upstream)
            endpoint.isHealthy = state.isHealthy
            return endpoint
        }
        for endpoint in known.values { endpoint.isRemoved = true }
        if trial?.isRemoved == true { trial = nil }
        for endpoint in known.values { closeIdle(of: endpoint) }
        for endpoint in endpoints where !endpoint.isHealthy { closeIdle(of: endpoint) }
        rebuild()
    }

    private func rebuild() {
        let healthy = endpoints.filter(\.isHealthy)
        let admitted = healthy.filter(\.ejection.isAdmitted)
        // Failing requests are a guess, health checks a verdict: only by the latter may all be left out.
        usable = admitted.isEmpty ? healthy : admitted
        if admitted.isEmpty { for endpoint in healthy { endpoint.ejection.becameLastResort() } }
        balancer = EndpointBalancer(upstream.balance, weights: usable.map(\.target.weight), start: loop.makeChance())
        serveWaiting()
    }

    /// Does what the clock asks for: closes connections that nobody has used for long, and lets ejected addresses try.
    func keepHouse() {
        closeSurplus()
        let limit = loop.now - .milliseconds(upstream.idleTimeoutMilliseconds)
        for endpoint in endpoints {
            // The stack's bottom is its oldest part.
            while let oldest = endpoint.idle.first, oldest.idleSince < limit {
                endpoint.idle.removeFirst()
                idleCount -= 1
                oldest.close()
            }
            if !endpoint.ejection.isAdmitted, trial == nil,
                endpoint.ejection.timePassed(now: loop.now, isIdle: endpoint.outstanding == 0)
            {
                trial = endpoint
            }
        }
    }

    /// Closes what a burst has left, the oldest of each address first and not all in one turn.
    private func closeSurplus() {
        allowance.timePassed(now: loop.now, inUse: openCount - idleCount)
        let surplus = min(256, idleCount - allowance.idleCount(besides: openCount - idleCount))
        guard surplus > 0 else { return }
        let all = idleCount
        var (seen, closed) = (0, 0)
        for endpoint in endpoints {
            // Each address gives up its share; what rounding leaves of one counts for the next, so that they add up.
            seen += endpoint.idle.count
            let leaving = endpoint.idle.prefix(seen * surplus / all - closed)
            endpoint.idle.removeFirst(leaving.count)
            idleCount -= leaving.count
            closed += leaving.count
            for connection in leaving { connection.close() }
        }
    }

    private func log(
        _ level: Logger.Level, _ message: Logger.Message, _ endpoint: UpstreamEndpoint, reason: StaticString? = nil,
        detail: String? = nil
    ) {
        guard let logger else { return }
        var metadata: Logger.Metadata = [
            "upstream": "\(upstream.name)", "target": "\(endpoint.target.name)", "address": "\(endpoint.address)",
        ]
        if let reason { metadata["reason"] = "\(reason)" }
        if let detail { metadata["detail"] = "\(detail)" }
        logger.log(level: level, message, metadata: metadata)
    }
}
