/// How many requests one client may make: `requests` per window in the long run, `burst` of them at once.
package struct RateLimit: Sendable, Hashable {
    /// The most that ``requests`` and ``burst`` can be.
    package static let largestCount = 1_000_000
    /// The longest window: a day.
    package static let longestWindowMilliseconds: Int64 = 86_400_000

    /// Requests per window.
    package let requests: Int
    /// The window in milliseconds.
    package let windowMilliseconds: Int64
    /// How many may come at once after a pause.
    package let burst: Int

    /// Makes a limit; what is out of range is brought into it, so that no arithmetic with it overflows.
    ///
    /// - Parameters:
    ///   - requests: 1 to ``largestCount``.
    ///   - windowMilliseconds: 1 to ``longestWindowMilliseconds``.
    ///   - burst: 1 to ``largestCount``; left out: as many as `requests`.
    package init(requests: Int, windowMilliseconds: Int64, burst: Int? = nil) {
        self.requests = min(max(requests, 1), Self.largestCount)
        self.windowMilliseconds = min(max(windowMilliseconds, 1), Self.longestWindowMilliseconds)
        self.burst = min(max(burst ?? requests, 1), Self.largestCount)
    }
}
