import NIOCore
import Testing

@testable import Proxy

@Suite("The rules about upstreams, as values")
struct UpstreamValueTests {
    private func time(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(1_000_000_000_000) + .milliseconds(milliseconds)
    }

    // MARK: - Retries

    private func taken(_ attempts: Int, from budget: inout RetryBudget, at milliseconds: Int64) -> Int {
        var count = 0
        for _ in 0..<attempts where budget.take(now: time(milliseconds)) { count += 1 }
        return count
    }

    @Test("a fifth of the requests may be retried, and ten a second besides")
    func budget() {
        var budget = RetryBudget()
        #expect(taken(50, from: &budget, at: 0) == 10, "nothing earned yet")
        #expect(budget.take(now: time(99)) == false)
        #expect(budget.take(now: time(100)) == true)
        #expect(budget.take(now: time(100)) == false)
        for _ in 0..<100 { budget.requestMade() }
        #expect(taken(50, from: &budget, at: 100) == 20)
        #expect(taken(50, from: &budget, at: 1_000_000) == 10, "not more than a second's")
        for _ in 0..<1_000_000 { budget.requestMade() }
        #expect(taken(1000, from: &budget, at: 1_000_000) == 100, "savings are bounded")
    }

    @Test("with every request failing, at most a fifth more are sent, and ten a second")
    func storm() {
        var budget = RetryBudget()
        var retries = 0
        for millisecond in 0..<10_000 as Range<Int64> {
            budget.requestMade()
            if budget.take(now: time(millisecond)) { retries += 1 }
        }
        #expect((2000...2120).contains(retries), "\(retries)")
    }

    // MARK: - Queue

    @Test("first come, first served; who leaves is skipped; nothing piles up")
    func queue() {
        var random = SeededGenerator(seed: (3, 5))
        var queue = WaitingQueue<Int>()
        var model: [(UInt64, Int)] = []
        for step in 0..<50_000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1: model.append((queue.append(step), step))
            case 2:
                #expect(queue.popFirst() == model.first?.1)
                if !model.isEmpty { model.removeFirst() }
            case 3 where !model.isEmpty:
                let index = Int.random(in: 0..<model.count, using: &random)
                let ticket = model.remove(at: index).0
                queue.remove(ticket)
                queue.remove(ticket)
            default: queue.remove(UInt64.random(in: 0...UInt64(step) * 2, using: &random) | 1 << 60)
            }
            #expect(queue.count == model.count && queue.isEmpty == model.isEmpty)
        }
        for (_, element) in model { #expect(queue.popFirst() == element) }
        #expect(queue.isEmpty)
    }

    @Test("those who come and leave again leave no room taken behind one who stays")
    func queueIsTidied() {
        var queue = WaitingQueue<Int>()
        _ = queue.append(0)
        for number in 1...100_000 { queue.remove(queue.append(number)) }
        #expect(queue.count == 1 && queue.placeCount < 100)
        #expect(queue.popFirst() == 0)
        #expect(queue.popFirst() == nil)
    }

    // MARK: - Health

    @Test("the first probe decides; afterwards so many in a row do")
    func health() {
        let check = Upstream.HealthCheck(path: "/", unhealthyAfter: 3, healthyAfter: 2)
        var state = HealthState()
        #expect(state.verdict == .unknown)
        #expect(state.probed(passed: true, by: check) == true)
        #expect(state.verdict == .healthy)
        for passed in [false, false, true, false, false] { #expect(state.probed(passed: passed, by: check) == false) }
        #expect(state.probed(passed: false, by: check) == true)
        #expect(state.verdict == .unhealthy)
        for passed in [false, true, false, true] { #expect(state.probed(passed: passed, by: check) == false) }
        #expect(state.probed(passed: true, by: check) == true)
        #expect(state.verdict == .healthy)
        var other = HealthState()
        #expect(other.probed(passed: false, by: check) == true)
        #expect(other.verdict == .unhealthy)
    }

    // MARK: - Names

    @Test("the last good answer holds; failures are followed sooner, but not without pause")
    func names() throws {
        let first = try SocketAddress(ipAddress: "192.0.2.1", port: 1)
        let second = try SocketAddress(ipAddress: "192.0.2.2", port: 1)
        var name = ResolvedName()
        #expect(name.answered([]) == false)
        #expect(name.addresses.isEmpty && name.pauseMilliseconds(interval: 30_000) == 1000)
        #expect(name.answered([first, second]) == true)
        #expect(name.pauseMilliseconds(interval: 30_000) == 30_000)
        #expect(name.answered([second, first]) == false, "another order is no other answer")
        for pause in [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] as [Int64] {
            #expect(name.answered([]) == false)
            #expect(name.pauseMilliseconds(interval: 30_000) == pause)
        }
        #expect(name.addresses == [first, second])
        #expect(name.answered([second]) == true)
        #expect(name.addresses == [second] && name.failures == 0)
        for _ in 0..<100 { _ = name.answered([]) }
        #expect(name.pauseMilliseconds(interval: 3_600_000) == 3_600_000)
    }

    @Test(
        "what a target is called, and its Host",
        arguments: [
            (Upstream.Target(host: "a.test", port: 80), "a.test:80", "a.test"),
            (Upstream.Target(host: "a.test", port: 80, usesTLS: true), "a.test:80", "a.test:80"),
            (Upstream.Target(host: "a.test", port: 443, usesTLS: true), "a.test:443", "a.test"),
            (Upstream.Target(host: "::1", port: 9000), "[::1]:9000", "[::1]:9000"),
            (Upstream.Target(socketPath: "/run/a"), "unix:/run/a", "localhost"),
        ])
    func targets(target: Upstream.Target, name: String, authority: String) {
        #expect(target.name == name && target.authority == authority)
    }
}
