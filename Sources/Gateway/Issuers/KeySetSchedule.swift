/// When an issuer's published keys are fetched, and for how long they count: a value that knows neither clock nor network.
///
/// All times are milliseconds of one clock that only grows.
struct KeySetSchedule {
    /// The bounds that are configured.
    struct Settings: Sendable, Equatable {
        /// The longest time between two fetches, whatever the issuer says; what it counts on when the issuer says nothing.
        var refreshMilliseconds: Int64
        /// How long a set counts after it was last confirmed.
        var maximumStaleMilliseconds: Int64
    }

    enum Action: Equatable {
        case fetch
        case wait(untilMilliseconds: Int64)
    }

    /// The shortest time between two fetches, so that `max-age=0` does not make the gateway fetch for ever.
    static let shortestRefreshMilliseconds: Int64 = 30_000
    /// The pause after a first failure; it doubles with each further one.
    static let firstRetryMilliseconds: Int64 = 1_000
    /// The longest pause after a failure.
    static let longestRetryMilliseconds: Int64 = 60_000

    private let settings: Settings
    private(set) var isFetching = false
    private(set) var failureCount = 0
    private var nextFetch: Int64 = .min
    private var confirmedAt: Int64?
    /// Whether the last answer of ``availability(nowMilliseconds:)`` was that the keys count.
    private var wasAvailable = false

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// What to do now; after `fetch`, one of ``fetchSucceeded(nowMilliseconds:maximumAgeMilliseconds:)`` and
    /// ``fetchFailed(nowMilliseconds:jitter:)`` must follow.
    mutating func next(nowMilliseconds now: Int64) -> Action {
        if !isFetching, now >= nextFetch {
            isFetching = true
            return .fetch
        }
        // Whatever is told first: the next fetch, or that the keys count no longer.
        var until = isFetching ? Int64.max : nextFetch
        if wasAvailable, let confirmedAt { until = min(until, confirmedAt + settings.maximumStaleMilliseconds + 1) }
        return .wait(untilMilliseconds: until)
    }

    /// Somebody wants a fetch now.
    ///
    /// - Returns: whether it is to be made; not while there is one.
    mutating func demanded() -> Bool {
        guard !isFetching else { return false }
        isFetching = true
        return true
    }

    /// A set came, or was confirmed.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - maximumAge: how long the issuer lets it be kept, if it says so.
    mutating func fetchSucceeded(nowMilliseconds now: Int64, maximumAgeMilliseconds maximumAge: Int64?) {
        isFetching = false
        failureCount = 0
        confirmedAt = now
        let age = min(maximumAge ?? settings.refreshMilliseconds, settings.refreshMilliseconds)
        // Before it expires: a fifth of its time is left for failures.
        nextFetch = now + max(age / 5 * 4, min(Self.shortestRefreshMilliseconds, settings.refreshMilliseconds))
    }

    /// No set came.
    ///
    /// - Parameters:
    ///   - now: the time.
    ///   - jitter: a random number in `0..<1`, so that many gateways do not come back together.
    mutating func fetchFailed(nowMilliseconds now: Int64, jitter: Double) {
        isFetching = false
        failureCount = min(failureCount + 1, 1000)
        let doubled = Self.firstRetryMilliseconds << Int64(min(failureCount - 1, 16))
        let pause = min(doubled, Self.longestRetryMilliseconds, settings.refreshMilliseconds)
        nextFetch = now + pause / 2 + Int64(Double(pause / 2) * min(max(jitter, 0), 1))
    }

    /// Whether the keys count; they do not before the first has come, and when none has been confirmed for too long.
    mutating func availability(nowMilliseconds now: Int64) -> Bool {
        wasAvailable = confirmedAt.map { now - $0 <= settings.maximumStaleMilliseconds } ?? false
        return wasAvailable
    }
}
