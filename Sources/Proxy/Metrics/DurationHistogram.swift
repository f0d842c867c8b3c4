/// How many durations fell below each of a few bounds, and their sum: a Prometheus histogram.
///
/// A value; counting into one is a plain addition.
package struct DurationHistogram: Sendable, Equatable {
    /// The upper bounds of all buckets but the last, which has none, in nanoseconds.
    ///
    /// From what a check of a token costs up to what a person waits for.
    package static let boundsNanoseconds: [Int64] = [
        50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
        100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]

    /// How many durations each bucket has; they do not contain each other, unlike those that Prometheus reads.
    package private(set) var counts = [UInt64](repeating: 0, count: boundsNanoseconds.count + 1)
    /// The sum of all durations.
    package private(set) var sumNanoseconds: UInt64 = 0

    /// A histogram of nothing.
    package init() {}

    /// How many durations were counted.
    package var count: UInt64 { counts.reduce(0, &+) }

    /// Counts one duration; less than none counts as none.
    package mutating func record(nanoseconds: Int64) {
        var bucket = 0
        while bucket < Self.boundsNanoseconds.count, nanoseconds > Self.boundsNanoseconds[bucket] { bucket &+= 1 }
        counts[bucket] &+= 1
        sumNanoseconds &+= UInt64(max(nanoseconds, 0))
    }

    /// Adds what another has counted.
    package mutating func add(_ other: DurationHistogram) {
        for index in counts.indices { counts[index] &+= other.counts[index] }
        sumNanoseconds &+= other.sumNanoseconds
    }
}
