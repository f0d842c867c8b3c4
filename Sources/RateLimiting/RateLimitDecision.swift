/// Whether a request is within its limit, and how its client stands after it.
public struct RateLimitDecision: Sendable, Equatable {
    /// Whether the request may go on.
    package let isAllowed: Bool
    /// How many requests may come at once after a pause.
    package let limit: Int
    /// How many more may come right now.
    package let remaining: Int
    /// When everything is as after a pause again, in milliseconds from now.
    package let resetMilliseconds: Int64
    /// When the next request may come, in milliseconds from now; 0 for a request that is allowed.
    package let retryAfterMilliseconds: Int64
}
