import HTTP1

/// What one event loop has counted since it began.
///
/// Loop-bound, so that counting is a plain addition: no atomic, no lock. Whoever asks adds the loops up.
final class LoopMetrics {
    /// Labels and names that no configuration uses any more are kept up to this number, so that counts go on where a
    /// route comes back.
    static let retiredLimit = 10_000

    private var routes: [String: RouteCounter] = [:]
    private let noRoute = RouteCounter(label: ProxyMetrics.noRoute)
    private var upstreams: [String: UpstreamCounter] = [:]
    private var overhead = DurationHistogram()
    private var decisions = DecisionCounts()
    /// How many client connections there are, by the place of their listener.
    private var connections: [Int] = []

    /// Where the answers of routes are counted, in the order of their labels.
    func routeCounters(labelled labels: [String]) -> [RouteCounter] {
        Self.counters(labels, among: &routes, make: RouteCounter.init)
    }

    /// Where the times of upstreams are counted, in the order of their names.
    func upstreamCounters(named names: [String]) -> [UpstreamCounter] {
        Self.counters(names, among: &upstreams, make: UpstreamCounter.init)
    }

    private static func counters<Counter>(
        _ names: [String], among known: inout [String: Counter], make: (String) -> Counter
    ) -> [Counter] {
        if known.count > retiredLimit {
            let used = Set(names)
            known = known.filter { used.contains($0.key) }
        }
        return names.map { name in
            if let counter = known[name] { return counter }
            let counter = make(name)
            known[name] = counter
            return counter
        }
    }

    /// Counts a finished exchange.
    ///
    /// - Parameters:
    ///   - route: its route's, or `nil` where none was found.
    ///   - method: the request's method.
    ///   - status: the status of its answer.
    ///   - nanoseconds: how long it took.
    ///   - upstream: the upstream's and how long that had the request, if one had it.
    func record(
        route: RouteCounter?, method: HTTPMethod, status: Int, nanoseconds: Int64,
        upstream: (counter: UpstreamCounter, nanoseconds: Int64)?
    ) {
        (route ?? noRoute).counts.record(method, status: status, nanoseconds: nanoseconds)
        guard let upstream else { return overhead.record(nanoseconds: nanoseconds) }
        upstream.counter.durations.record(nanoseconds: upstream.nanoseconds)
        overhead.record(nanoseconds: nanoseconds &- upstream.nanoseconds)
    }

    /// Counts what was decided about a request on a protected route.
    func recordDecision(isPermitted: Bool, reason: StaticString) {
        decisions.record(isPermitted: isPermitted, reason: reason)
    }

    /// Counts a connection that a listener has taken.
    func connectionOpened(listener: Int) {
        while connections.count <= listener { connections.append(0) }
        connections[listener] &+= 1
    }

    /// Counts a connection no more.
    func connectionClosed(listener: Int) {
        guard connections.indices.contains(listener) else { return }
        connections[listener] &-= 1
    }

    /// What has been counted up to now.
    func snapshot() -> ProxyMetrics {
        var found = ProxyMetrics()
        for counter in routes.values { Self.add(counter, to: &found) }
        Self.add(noRoute, to: &found)
        for counter in upstreams.values {
            found.upstreamDurations[counter.name, default: DurationHistogram()].add(counter.durations)
        }
        found.overhead = overhead
        for decision in decisions.decisions {
            let key = ProxyMetrics.Decision(isPermitted: decision.isPermitted, reason: "\(decision.reason)")
            found.decisions[key, default: 0] &+= decision.count
        }
        found.connections = connections
        return found
    }

    private static func add(_ counter: RouteCounter, to found: inout ProxyMetrics) {
        let counts = counter.counts
        for answers in counts.answers {
            let method = answers.method == .other ? "other" : answers.method.name
            let key = ProxyMetrics.Answer(route: counter.label, method: method, status: answers.status)
            found.answers[key, default: 0] &+= answers.count
        }
        guard counts.durations.sumNanoseconds > 0 || !counts.answers.isEmpty else { return }
        found.routeDurations[counter.label, default: DurationHistogram()].add(counts.durations)
    }
}
