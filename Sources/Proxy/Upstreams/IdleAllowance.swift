import NIOCore

/// How many idle connections to an upstream stay open: the configured number, and for a moment as many as were in use.
///
/// Without the latter, more requests at once than the number would have each of them close a connection and open one.
/// Idle ones and those in use are together never more than the number and the most that were in use in two periods.
struct IdleAllowance {
    private static let period = TimeAmount.seconds(1)

    private let limit: Int
    private var most = 0
    private var mostBefore = 0
    private var periodEnd: NIODeadline?

    /// - Parameter limit: how many idle connections stay whatever happens; with 0 there is never one.
    init(limit: Int) {
        self.limit = limit
    }

    /// A connection was taken or opened.
    ///
    /// - Parameter count: how many are in use now.
    @inline(__always)
    mutating func inUse(_ count: Int) {
        if count > most { most = count }
    }

    /// - Parameter inUse: how many are in use now.
    /// - Returns: how many may be idle beside them.
    func idleCount(besides inUse: Int) -> Int {
        limit == 0 ? 0 : max(limit, max(most, mostBefore) - inUse)
    }

    /// Forgets, period by period, how many were in use.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - inUse: how many are in use now.
    mutating func timePassed(now: NIODeadline, inUse: Int) {
        guard let periodEnd, now < periodEnd else {
            mostBefore = most
            most = inUse
            periodEnd = now + Self.period
            return
        }
    }
}
