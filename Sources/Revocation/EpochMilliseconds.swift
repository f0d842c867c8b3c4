/// Arithmetic on instants (milliseconds since 1970) that cannot overflow, whatever a token says.
package enum EpochMilliseconds {
    /// The last instant used, the end of the year 9999: 15 digits, exact in a Lua number.
    package static let latest: Int64 = 253_402_300_799_999

    /// The instant of a number of seconds since 1970, held between 1970 and ``latest``.
    package static func ofSeconds(_ seconds: Int64) -> Int64 {
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? (seconds < 0 ? 0 : latest) : clamped(milliseconds)
    }

    /// A sum held between 1970 and ``latest``.
    package static func sum(_ instant: Int64, _ duration: Int64) -> Int64 {
        let (sum, overflow) = instant.addingReportingOverflow(duration)
        return overflow ? (duration < 0 ? 0 : latest) : clamped(sum)
    }

    /// An instant held between 1970 and ``latest``.
    package static func clamped(_ instant: Int64) -> Int64 {
        min(max(instant, 0), latest)
    }
}
