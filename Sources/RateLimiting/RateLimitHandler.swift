/// Receives a decision that came from Redis, on the event loop that asked.
///
/// A class to inherit from, not a protocol: the data path keeps no existentials. `open`, and so `public`, because a
/// `package` class cannot be inherited from in another module.
open class RateLimitHandler {
    /// For subclasses.
    public init() {}

    /// Called exactly once for each ``RateLimiter/take(_:for:)`` that returned `nil`, after it has returned.
    open func decided(_ decision: RateLimitDecision) {}
}
