/// Whether a client takes what waits for it fast enough, as a value: it is asked each time the send timeout has passed.
struct SendClock: Equatable {
    /// How many bytes waited when the time began; none were counted yet while this is as large as can be.
    private var mark = Int.max

    /// The time begins.
    mutating func start(pendingByteCount: Int) {
        mark = pendingByteCount
    }

    /// The time is over: was enough of what waited taken? If so, the time begins anew.
    ///
    /// - Parameters:
    ///   - pendingByteCount: how many bytes wait now.
    ///   - least: how many it must have taken, at least 1.
    /// - Returns: whether it has.
    mutating func tookEnough(pendingByteCount: Int, least: Int) -> Bool {
        guard pendingByteCount > 0, mark - pendingByteCount >= max(least, 1) else { return false }
        mark = pendingByteCount
        return true
    }

    /// Forgets what was counted.
    mutating func reset() {
        mark = .max
    }
}
