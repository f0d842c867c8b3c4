import NIOCore

/// How long a request's body may take at the slowest average rate allowed, as a value.
///
/// The time during which the gateway itself keeps the client from sending does not count.
struct BodyClock: Equatable {
    /// No body takes longer than this, so that no sum overflows.
    private static let longestMilliseconds = Int64(1) << 40

    private var startedAt = NIODeadline.uptimeNanoseconds(0)
    private var pausedAt: NIODeadline?

    /// The body's time begins.
    mutating func start(at now: NIODeadline) {
        startedAt = now
        if pausedAt != nil { pausedAt = now }
    }

    /// The client is kept from sending.
    mutating func pause(at now: NIODeadline) {
        pausedAt = now
    }

    /// The client may send again.
    mutating func resume(at now: NIODeadline) {
        if let pausedAt, now > pausedAt { startedAt = startedAt + (now - pausedAt) }
        pausedAt = nil
    }

    /// When the next byte must be here.
    ///
    /// - Parameters:
    ///   - byteCount: how many bytes of the body came.
    ///   - minimumRate: the fewest bytes a second, above 0.
    ///   - graceMilliseconds: the time that every body has, however small.
    /// - Returns: the moment after which the body is too slow.
    func limit(byteCount: Int, minimumRate: Int, graceMilliseconds: Int64) -> NIODeadline {
        let rate = max(minimumRate, 1)
        let (seconds, rest) = byteCount.quotientAndRemainder(dividingBy: rate)
        let earned = min(Int64(clamping: seconds), Self.longestMilliseconds / 1000) * 1000
        let fraction = Int64(Double(rest) / Double(rate) * 1000)
        return startedAt + .milliseconds(min(graceMilliseconds, Self.longestMilliseconds) + earned + fraction)
    }
}
