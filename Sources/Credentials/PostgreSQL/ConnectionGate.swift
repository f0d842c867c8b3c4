/// Decides who may try to connect: everybody while connecting works, else one at a time with growing pauses between.
///
/// A server that is away then costs its callers nothing but an error, and is not met by all of them when it returns. A
/// value without clock or randomness.
struct ConnectionGate: Sendable {
    static let firstPause = Duration.milliseconds(100)
    static let longestPause = Duration.seconds(2)

    private var failureCount = 0
    private var isProbing = false
    private var closedUntil: ContinuousClock.Instant?

    /// Asks for leave to connect; whoever gets it has to report how that went.
    mutating func admit(now: ContinuousClock.Instant) -> Bool {
        guard failureCount > 0 else { return true }
        guard !isProbing, closedUntil.map({ now >= $0 }) ?? true else { return false }
        isProbing = true
        return true
    }

    /// A connection was made.
    mutating func succeeded() {
        self = ConnectionGate()
    }

    /// No connection could be made.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - jitter: A random number in `0..<1`, so that nodes do not return in step.
    mutating func failed(now: ContinuousClock.Instant, jitter: Double) {
        isProbing = false
        // 2^5 times the first pause is above the longest.
        let longest = min(Self.firstPause * (1 << min(failureCount, 5)), Self.longestPause)
        failureCount = min(failureCount + 1, 1000)
        closedUntil = now + longest / 2 + longest / 2 * min(max(jitter, 0), 1)
    }
}
