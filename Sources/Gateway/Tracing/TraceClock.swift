import Foundation

/// The clock that spans are timed by.
enum TraceClock {
    /// The time since 1970.
    static var nowNanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(time.tv_sec, 0)) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
