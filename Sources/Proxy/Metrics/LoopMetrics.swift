import HTTP1

/// What one event loop has counted since it began.
///
/// Loop-bound, so that counting is a plain addition: no atomic, no lock. Whoever asks adds the loops up.
final class LoopMetrics {
    private var routes: [RouteCounts]
    private var upstreams: [DurationHistogram]
    private var overhead = DurationHistogram()
    private var decisions = DecisionCounts()
    /// How many client connections there are, by the place of their listener.
    private var connections: [Int] = []

    init(routeCount: Int, upstreamCount: Int) {
        // The last one is for requests that found no route.
        routes = Array(repeating: RouteCounts(), count: routeCount + 1)
        upstreams = Array(repeating: DurationHistogram(), count: upstreamCount)
    }

    /// Counts a finished exchange.
    ///
    /// - Parameters:
    ///   - route: its route's index, or `nil` where none was found.
    ///   - method: the request's method.
    ///   - status: the status of its answer.
    ///   - nanoseconds: how long it took.
    ///   - upstream: the upstream's index and how long that had the request, if one had it.
    func record(
        route: Int?, method: HTTPMethod, status: Int, nanoseconds: Int64, upstream: (index: Int, nanoseconds: Int64)?
    ) {
        routes[route ?? (routes.count - 1)].record(method, status: status, nanoseconds: nanoseconds)
        guard let upstream else { return overhead.record(nanoseconds: nanoseconds) }
        upstreams[upstream.index].record(nanoseconds: upstream.nanoseconds)
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

    /// What has been counted up to now, under the names that the configuration gives.
    func snapshot(_ configuration: ProxyConfiguration) -> ProxyMetrics {
        var found = ProxyMetrics()
        for (index, counts) in routes.enumerated() {
            let known = configuration.routes.routes
            let label = index < known.count ? known[index].label : ProxyMetrics.noRoute
            for answers in counts.answers {
                let method = answers.method == .other ? "other" : answers.method.name
                let key = ProxyMetrics.Answer(route: label, method: method, status: answers.status)
                found.answers[key, default: 0] &+= answers.count
            }
            if counts.durations.sumNanoseconds > 0 || !counts.answers.isEmpty {
                found.routeDurations[label, default: DurationHistogram()].add(counts.durations)
            }
        }
        for (index, durations) in upstreams.enumerated() {
            found.upstreamDurations[configuration.upstreams[index].name, default: DurationHistogram()].add(durations)
        }
        found.overhead = overhead
        for decision in decisions.decisions {
            let key = ProxyMetrics.Decision(isPermitted: decision.isPermitted, reason: "\(decision.reason)")
            found.decisions[key, default: 0] &+= decision.count
        }
        found.connections = connections
        return found
    }
}
