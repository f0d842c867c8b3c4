import TestSupport
import Testing

@testable import RateLimiting

@Suite("The generic cell rate algorithm")
struct GCRATests {
    /// A bucket of credit that is filled a millisecond at a time: slow, and plainly right.
    private struct NaiveBucket {
        let limit: RateLimit
        var credit: Int64
        var full: Int64 { Int64(limit.burst) * limit.windowMilliseconds }

        init(_ limit: RateLimit) {
            self.limit = limit
            credit = Int64(limit.burst) * limit.windowMilliseconds
        }

        mutating func wait(_ milliseconds: Int64) {
            for _ in 0..<milliseconds { credit = min(credit + Int64(limit.requests), full) }
        }

        func timeUntil(_ wanted: Int64) -> Int64 {
            var (copy, time) = (self, Int64(0))
            while copy.credit < wanted {
                copy.wait(1)
                time += 1
            }
            return time
        }

        mutating func take() -> RateLimitDecision {
            let isAllowed = credit >= limit.windowMilliseconds
            let retryAfter = timeUntil(limit.windowMilliseconds)
            if isAllowed { credit -= limit.windowMilliseconds }
            return RateLimitDecision(
                isAllowed: isAllowed, limit: limit.burst, remaining: Int(credit / limit.windowMilliseconds),
                resetMilliseconds: timeUntil(full), retryAfterMilliseconds: isAllowed ? 0 : retryAfter)
        }
    }

    /// One client's state, with its algorithm.
    private final class Client {
        let algorithm: GCRA
        var state: GCRA.State

        init(_ algorithm: GCRA, state: GCRA.State = GCRA.State()) {
            self.algorithm = algorithm
            self.state = state
        }

        func take(at now: Int64) -> RateLimitDecision {
            algorithm.take(from: &state, nowMilliseconds: now)
        }
    }

    @Test("agrees with a bucket filled a millisecond at a time, for any limit and any sequence")
    func model() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let limit = RateLimit(
                requests: .random(in: 1...40, using: &random),
                windowMilliseconds: .random(in: 1...300, using: &random),
                burst: .random(in: 1...20, using: &random))
            let algorithm = GCRA(limit)
            var bucket = NaiveBucket(limit)
            var state = GCRA.State()
            var now = Int64.random(in: 0...1_000_000, using: &random)
            for step in 0..<60 {
                let pause = Bool.random(using: &random) ? 0 : Int64.random(in: 0...60, using: &random)
                now += pause
                bucket.wait(pause)
                let expected = bucket.take()
                let decision = algorithm.take(from: &state, nowMilliseconds: now)
                #expect(decision == expected, "seed \(seed), \(limit), step \(step)")
                guard decision == expected else { return }
            }
        }
    }

    @Test(
        "as many as the burst at once and none more; then one for each part of the window",
        arguments: [
            RateLimit(requests: 1, windowMilliseconds: 1000), RateLimit(requests: 100, windowMilliseconds: 1000),
            RateLimit(requests: 3, windowMilliseconds: 1000), RateLimit(requests: 7, windowMilliseconds: 60_000),
            RateLimit(requests: 999_983, windowMilliseconds: 86_400_000, burst: 500),
            RateLimit(requests: 5, windowMilliseconds: 1000, burst: 2),
        ])
    func burst(limit: RateLimit) {
        let client = Client(GCRA(limit))
        for index in 0..<limit.burst {
            let decision = client.take(at: 5)
            #expect(decision.isAllowed && decision.limit == limit.burst)
            #expect(decision.remaining == limit.burst - index - 1)
        }
        let refused = client.take(at: 5)
        #expect(!refused.isAllowed && refused.remaining == 0)
        let share = (limit.windowMilliseconds + Int64(limit.requests) - 1) / Int64(limit.requests)
        #expect(refused.retryAfterMilliseconds == share)
        let before = client.state
        #expect(!client.take(at: 5 + share - 1).isAllowed)
        #expect(client.state == before, "who is refused owes no more for it")
        #expect(client.take(at: 5 + share).isAllowed)
        // Where a share is no whole millisecond, what is over may be enough for another request.
        let isWhole = share * Int64(limit.requests) == limit.windowMilliseconds
        if isWhole { #expect(!client.take(at: 5 + share).isAllowed) }
    }

    @Test("after a window all of it may come again, and not more, however long the pause")
    func recovery() {
        let client = Client(GCRA(RateLimit(requests: 10, windowMilliseconds: 1000)))
        for pause in [0, 1000, 5000, Int64.max / 2] as [Int64] {
            let now = client.state.atMilliseconds + pause
            #expect((0..<20).count { _ in client.take(at: now).isAllowed } == 10)
        }
    }

    @Test("no limit that can be made overflows, and its debt is exact in Lua")
    func extremes() {
        for requests in [1, 999_983, 1_000_000, .max] {
            for window in [1, 86_399_999, 86_400_000, .max] as [Int64] {
                for burst in [1, 1_000_000, .max] {
                    let algorithm = GCRA(RateLimit(requests: requests, windowMilliseconds: window, burst: burst))
                    #expect(algorithm.capacity < 1 << 47)
                    for instant in [0, Int64.max, 1_700_000_000_000] {
                        let client = Client(algorithm, state: GCRA.State(debt: algorithm.capacity))
                        #expect(client.take(at: instant).isAllowed == (instant > 0))
                    }
                }
            }
        }
    }

    @Test("a clock that goes back gives nothing away, and does not hold anybody up when it goes on")
    func clockGoesBack() {
        let client = Client(GCRA(RateLimit(requests: 2, windowMilliseconds: 1000)))
        #expect(client.take(at: 1_000_000).isAllowed)
        #expect(client.take(at: 10).isAllowed)
        #expect(!client.take(at: 10).isAllowed)
        #expect(!client.take(at: 509).isAllowed)
        #expect(client.take(at: 510).isAllowed)
    }

    @Test("an answer that the script cannot have given is none")
    func replies() {
        let algorithm = GCRA(RateLimit(requests: 2, windowMilliseconds: 1000))
        #expect(algorithm.decision(reply: 500)?.remaining == 1)
        #expect(algorithm.decision(reply: -1000)?.isAllowed == false)
        for reply in [0, 1001, -1001, .max, .min] as [Int64] { #expect(algorithm.decision(reply: reply) == nil) }
    }
}
