import NIOCore

/// How many retries an upstream is worth, as a value: a fifth of the requests, and a few per second besides.
///
/// Without it, a service that fails because it has too much to do would get twice as much.
struct RetryBudget {
    /// So many requests earn one retry.
    static let requestsPerRetry = 5
    /// The most that is saved up, in retries.
    static let savedRetryLimit = 100
    /// How many retries there are per second without any requests to earn them.
    static let retriesPerSecond: Int64 = 10

    private var credits = 0
    private var reserve = Int(retriesPerSecond)
    private var reserveFilledAt = NIODeadline.uptimeNanoseconds(0)

    /// A request came.
    mutating func requestMade() {
        if credits < Self.requestsPerRetry * Self.savedRetryLimit { credits &+= 1 }
    }

    /// Takes one retry from the budget.
    ///
    /// - Returns: whether there was one.
    mutating func take(now: NIODeadline) -> Bool {
        if credits >= Self.requestsPerRetry {
            credits -= Self.requestsPerRetry
            return true
        }
        let step = 1_000_000_000 / Self.retriesPerSecond
        let earned = (now - reserveFilledAt).nanoseconds / step
        if earned > 0 {
            reserve = Int(min(Int64(reserve) &+ min(earned, Self.retriesPerSecond), Self.retriesPerSecond))
            reserveFilledAt = now
        }
        guard reserve > 0 else { return false }
        reserve -= 1
        return true
    }
}
