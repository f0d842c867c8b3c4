/// What the data path has counted, all event loops together.
package struct ProxyMetrics: Sendable {
    /// Answers that are counted together.
    package struct Answer: Hashable, Sendable {
        /// The route's label.
        package var route: String
        /// The request's method, or `other` for one that is not well known.
        package var method: String
        /// The answer's status; 0 where a route has more kinds of answers than are told apart.
        package var status: Int
    }

    /// Decisions that are counted together.
    package struct Decision: Hashable, Sendable {
        /// Whether the request went on.
        package var isPermitted: Bool
        /// The word for why.
        package var reason: String
    }

    /// The label of requests that found no route.
    package static let noRoute = "none"

    /// How many answers there were.
    package var answers: [Answer: UInt64] = [:]
    /// How long requests took, by route.
    package var routeDurations: [String: DurationHistogram] = [:]
    /// How long upstreams had requests, by upstream.
    package var upstreamDurations: [String: DurationHistogram] = [:]
    /// How long requests took less the time that an upstream had them.
    package var overhead = DurationHistogram()
    /// How requests on protected routes were decided.
    package var decisions: [Decision: UInt64] = [:]
    /// How many client connections there are, in the order of the listeners.
    package var connections: [Int] = []

    /// Nothing counted.
    package init() {}

    /// Adds what another event loop has counted.
    package mutating func add(_ other: ProxyMetrics) {
        answers.merge(other.answers, uniquingKeysWith: &+)
        decisions.merge(other.decisions, uniquingKeysWith: &+)
        for (route, durations) in other.routeDurations {
            routeDurations[route, default: DurationHistogram()].add(durations)
        }
        for (upstream, durations) in other.upstreamDurations {
            upstreamDurations[upstream, default: DurationHistogram()].add(durations)
        }
        overhead.add(other.overhead)
        for (index, count) in other.connections.enumerated() {
            if index < connections.count { connections[index] &+= count } else { connections.append(count) }
        }
    }
}
