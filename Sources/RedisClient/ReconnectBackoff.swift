package import NIOCore

/// The pause before connecting again: doubling, bounded, and spread so that many nodes that lost one
/// server at the same moment do not return at the same moment.
package struct ReconnectBackoff: Sendable, Equatable {
    /// The longest first pause.
    package var initial: TimeAmount
    /// The longest pause.
    package var maximum: TimeAmount
    /// A connection that was ready for this long ends a series of failures.
    package var stableAfter: TimeAmount

    /// Makes a back-off.
    ///
    /// The maximum is also the time within which a server that came back is noticed.
    package init(
        initial: TimeAmount = .milliseconds(100),
        maximum: TimeAmount = .seconds(1),
        stableAfter: TimeAmount = .seconds(1)
    ) {
        self.initial = initial
        self.maximum = maximum
        self.stableAfter = stableAfter
    }

    /// The pause after `failures` failures in a row, from half of the doubled time to all of it.
    /// - Parameters:
    ///   - failures: How many attempts failed since a stable connection, from 1.
    ///   - jitter: A random number in `0..<1`.
    /// - Returns: The time to wait.
    func delay(failures: Int, jitter: Double) -> TimeAmount {
        let doublings = min(max(failures - 1, 0), 20)
        let (doubled, overflow) = initial.nanoseconds.multipliedReportingOverflow(by: 1 << Int64(doublings))
        let longest = overflow ? maximum.nanoseconds : min(doubled, maximum.nanoseconds)
        let half = longest / 2
        let spread = Int64(Double(half) * min(max(jitter, 0), 1))
        return .nanoseconds(half + spread)
    }
}
