import NIOCore
import Testing

@testable import RedisClient

@Suite("the pause before connecting again")
struct ReconnectBackoffTests {
    private let backoff = ReconnectBackoff(initial: .milliseconds(100), maximum: .seconds(1))

    @Test("doubles up to its maximum", arguments: [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (900, 1000)])
    func doubles(failures: Int, longestMilliseconds: Int64) {
        let longest = TimeAmount.milliseconds(longestMilliseconds)
        #expect(backoff.delay(failures: failures, jitter: 1) == longest)
        #expect(backoff.delay(failures: failures, jitter: 0) == .nanoseconds(longest.nanoseconds / 2))
        #expect(backoff.delay(failures: failures, jitter: 0.5) == .nanoseconds(longest.nanoseconds * 3 / 4))
    }

    @Test("does not overflow")
    func noOverflow() {
        let endless = ReconnectBackoff(initial: .nanoseconds(.max), maximum: .nanoseconds(.max))
        #expect(endless.delay(failures: .max, jitter: 7) > .zero)
    }
}
