extension Configuration {
    /// A service that requests are forwarded to.
    package struct Upstream: Sendable, Equatable {
        /// What routes and metrics call it: 1 to 64 letters, digits, `-` and `_`.
        package var name: String
        /// Its processes; never empty, no two alike.
        package var targets: [Target]
        /// How a target is chosen.
        package var balance: Balance
        /// How long connecting may take.
        package var connectTimeoutMilliseconds: Int64
        /// How long the head of a response may take.
        package var responseTimeoutMilliseconds: Int64
        /// How many idle connections are kept, over all targets.
        package var idleConnectionLimit: Int
    }

    /// One process of an upstream, spoken to over plain HTTP.
    package struct Target: Sendable, Equatable, Hashable {
        /// A host name, an IPv4 address, or an IPv6 address without brackets.
        package var host: String
        /// The TCP port.
        package var port: Int
    }

    /// How a target is chosen.
    package enum Balance: String, Sendable, Equatable {
        /// One after the other.
        case roundRobin = "round_robin"
    }
}
