import NIOCore

/// The addresses behind one name as far as they are known, as a value: an answer holds until there is another.
struct ResolvedName: Equatable {
    private(set) var addresses: [SocketAddress] = []
    /// How many look-ups failed since the last answer.
    private(set) var failures = 0

    /// The name was looked up.
    ///
    /// - Parameter answer: the addresses found; none counts as a failure, for a service without any is a mistake more
    ///   often than a wish.
    /// - Returns: whether the addresses are others than before.
    mutating func answered(_ answer: [SocketAddress]) -> Bool {
        guard !answer.isEmpty else {
            failures = min(failures + 1, 30)
            return false
        }
        failures = 0
        // Servers give the same addresses in changing order.
        guard Set(answer) != Set(addresses) else { return false }
        addresses = answer
        return true
    }

    /// How long to wait until the next look-up: after failures a second, doubled each time, but never longer than else.
    func pauseMilliseconds(interval: Int64) -> Int64 {
        guard failures > 0 else { return interval }
        return min(interval, 1_000 << Int64(min(failures - 1, 20)))
    }
}
