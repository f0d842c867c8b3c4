package import NIOCore

/// What is known about an upstream at a moment.
package struct UpstreamStatus: Sendable {
    /// How a target does.
    package enum Health: Sendable, Equatable {
        /// Its name has not been resolved.
        case unresolved
        /// It has no health checks.
        case unchecked
        /// The first check has not ended.
        case unknown
        /// At least one of its addresses passes its checks.
        case healthy
        /// None does.
        case unhealthy
    }

    /// One of its targets.
    package struct Target: Sendable {
        /// Its name in logs, metrics and readiness.
        package let name: String
        /// How it does.
        package let health: Health
        /// Where it is reached.
        package let addresses: [SocketAddress]
    }

    /// Its name in the configuration.
    package let name: String
    /// Its targets, in the order of the configuration.
    package let targets: [Target]
}
