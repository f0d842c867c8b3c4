import Synchronization
import Testing

@testable import RateLimiting

@Suite("Counts inside the process")
struct LocalRateLimitTableTests {
    /// A clock that a test sets.
    private final class Clock: Sendable {
        let milliseconds = Atomic<Int64>(1_000_000)
        func advance(_ by: Int64) { milliseconds.add(by, ordering: .relaxed) }
        var read: @Sendable () -> Int64 { { self.milliseconds.load(ordering: .relaxed) } }
    }

    private func allowed(_ table: LocalRateLimitTable, _ key: UInt128, _ tries: Int) -> Int {
        (0..<tries).count { _ in table.take(key).isAllowed }
    }

    @Test("each client has its own count, and gets it back with time")
    func clients() {
        let clock = Clock()
        let table = LocalRateLimitTable(
            GCRA(RateLimit(requests: 5, windowMilliseconds: 1000)), entries: 1 << 12, clock: clock.read)
        #expect(allowed(table, 1, 10) == 5)
        #expect(allowed(table, 2, 10) == 5)
        #expect(allowed(table, 0, 10) == 5, "0 is a client like any other")
        clock.advance(199)
        #expect(allowed(table, 1, 10) == 0)
        clock.advance(1)
        #expect(allowed(table, 1, 10) == 1)
        clock.advance(1000)
        #expect(allowed(table, 1, 10) == 5)
    }

    @Test("many threads get exactly as many requests through as one would")
    func threads() async {
        let clock = Clock()
        let table = LocalRateLimitTable(
            GCRA(RateLimit(requests: 1000, windowMilliseconds: 86_400_000)), entries: 1 << 12, clock: clock.read)
        let passed = await withTaskGroup(of: Int.self) { tasks in
            for _ in 0..<8 { tasks.addTask { (0..<500).count { _ in table.take(7).isAllowed } } }
            return await tasks.reduce(0, +)
        }
        #expect(passed == 1000)
    }

    @Test("a flood of made-up clients does not make anybody at its limit forgotten")
    func flood() {
        let clock = Clock()
        let table = LocalRateLimitTable(
            GCRA(RateLimit(requests: 3, windowMilliseconds: 86_400_000)), entries: 512, clock: clock.read)
        #expect(table.capacity == 512)
        let victims = (0..<20).map { UInt128($0) << 64 }
        for victim in victims { #expect(allowed(table, victim, 4) == 3) }
        for name in 0..<20_000 { #expect(table.take(UInt128(name) + 1).isAllowed, "a newcomer gets its place") }
        for victim in victims { #expect(allowed(table, victim, 4) == 0) }
    }

    @Test("whose debt is gone leaves before anybody who owes")
    func drainedLeaveFirst() {
        let clock = Clock()
        let table = LocalRateLimitTable(
            GCRA(RateLimit(requests: 2, windowMilliseconds: 1000)), entries: 512, clock: clock.read)
        for name in 0..<5_000 { _ = allowed(table, UInt128(name) + 1, 2) }
        clock.advance(2000)
        #expect(allowed(table, 1 << 100, 1) == 1)
        for name in 10_000..<10_060 { _ = table.take(UInt128(name)) }
        #expect(allowed(table, 1 << 100, 5) == 1, "its place was not needed")
    }

    @Test(
        "it holds what it says, rounded down to a power of two",
        arguments: [(0, 512), (512, 512), (1 << 17, 1 << 17), (100_000, 65_536)])
    func sizes(entries: Int, capacity: Int) {
        let table = LocalRateLimitTable(
            GCRA(RateLimit(requests: 1, windowMilliseconds: 1000)), entries: entries, clock: { 0 })
        #expect(table.capacity == capacity)
    }
}
