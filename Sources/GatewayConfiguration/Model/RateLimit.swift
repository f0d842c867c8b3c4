extension Configuration {
    /// How many requests one client may make on a route.
    package struct RateLimit: Sendable, Equatable {
        /// Requests per window in the long run.
        package var requestCount: Int
        /// The window.
        package var windowMilliseconds: Int64
        /// How many may come at once after a pause.
        package var burstCount: Int
        /// What makes two requests one client's; ``RateLimitKey/address`` on a route that anybody may use.
        package var key: RateLimitKey
        /// Whether all nodes count together, in Redis; then there is one.
        package var isShared: Bool
    }

    /// What makes two requests one client's.
    package enum RateLimitKey: String, Sendable, Equatable {
        /// The token's subject.
        case subject
        /// The client that the token was given to.
        case client
        /// The address that the request came from.
        case address
    }
}
