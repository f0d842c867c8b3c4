/// The generic cell rate algorithm (ITU-T I.371 annex A, in its form as a continuous-state leaky bucket).
///
/// A client has a debt. Each request adds to it, time drains it, and a request that would lift it over the capacity is
/// refused and adds nothing. The other form of the same algorithm keeps the instant at which the debt is gone; a debt
/// and its instant are exact in whole numbers, here and in Lua, for every limit: no rate is rounded.
package struct GCRA: Sendable, Hashable {
    /// What is remembered of one client; the initial value is that of a client never seen.
    package struct State: Sendable, Equatable {
        /// The debt at the instant, in units of which a request costs ``GCRA/cost``.
        package var debt: Int64 = 0
        /// The instant in milliseconds of the clock used.
        package var atMilliseconds: Int64 = 0
    }

    /// What one request adds to the debt.
    package let cost: Int64
    /// What a millisecond takes off it.
    package let drain: Int64
    /// The highest debt; below 2^47 for every limit, so Lua's numbers hold it.
    package let capacity: Int64

    private let burst: Int

    /// Makes the algorithm of a limit.
    package init(_ limit: RateLimit) {
        let requests = Int64(limit.requests)
        let divisor = Self.greatestCommonDivisor(limit.windowMilliseconds, requests)
        cost = limit.windowMilliseconds / divisor
        drain = requests / divisor
        capacity = Int64(limit.burst) * cost
        burst = limit.burst
    }

    /// Judges one request.
    ///
    /// - Parameters:
    ///   - state: what is remembered of its client; changed only when the request is allowed.
    ///   - nowMilliseconds: the clock; one that went back drains nothing, and counts from there.
    /// - Returns: the decision.
    package func take(from state: inout State, nowMilliseconds: Int64) -> RateLimitDecision {
        let debt = debt(of: state, nowMilliseconds: nowMilliseconds)
        guard debt <= capacity - cost else { return decision(debt: debt, isAllowed: false) }
        state = State(debt: debt + cost, atMilliseconds: nowMilliseconds)
        return decision(debt: state.debt, isAllowed: true)
    }

    /// Takes back what one request that was allowed has cost.
    package func giveBack(to state: inout State, nowMilliseconds: Int64) {
        let debt = debt(of: state, nowMilliseconds: nowMilliseconds)
        state = State(debt: max(debt - cost, 0), atMilliseconds: nowMilliseconds)
    }

    /// What is left of a debt.
    package func debt(of state: State, nowMilliseconds: Int64) -> Int64 {
        let elapsed = max(nowMilliseconds &- state.atMilliseconds, 0)
        // Compared by division, because the product could overflow.
        return elapsed > state.debt / drain ? 0 : max(state.debt - elapsed * drain, 0)
    }

    /// The decision of the script in Redis, which answers with the debt, made negative for a request that is refused.
    ///
    /// - Returns: `nil` for what that script cannot have answered.
    func decision(reply: Int64) -> RateLimitDecision? {
        guard reply != 0, reply >= -capacity, reply <= capacity else { return nil }
        return decision(debt: abs(reply), isAllowed: reply > 0)
    }

    private func decision(debt: Int64, isAllowed: Bool) -> RateLimitDecision {
        RateLimitDecision(
            isAllowed: isAllowed, limit: burst, remaining: Int((capacity - debt) / cost),
            resetMilliseconds: timeToDrain(debt),
            retryAfterMilliseconds: isAllowed ? 0 : timeToDrain(debt + cost - capacity))
    }

    private func timeToDrain(_ debt: Int64) -> Int64 {
        (debt + drain - 1) / drain
    }

    private static func greatestCommonDivisor(_ first: Int64, _ second: Int64) -> Int64 {
        var (larger, smaller) = (first, second)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return larger
    }
}
