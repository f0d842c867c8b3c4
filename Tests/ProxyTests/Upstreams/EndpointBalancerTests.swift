import Testing

@testable import Proxy

@Suite("Choosing among addresses")
struct EndpointBalancerTests {
    private func counts(
        _ balancer: inout EndpointBalancer, _ rounds: Int, _ addresses: Int, load: (Int) -> Int = { _ in 0 }
    ) -> [Int] {
        var random = SeededGenerator(seed: (11, 13))
        var counts = [Int](repeating: 0, count: addresses)
        for _ in 0..<rounds { counts[balancer.choose(chance: random.next(), load: load)] += 1 }
        return counts
    }

    @Test("by turns: each in its turn, from any start")
    func turns() {
        for start in 0..<5 as Range<UInt64> {
            var balancer = EndpointBalancer(.roundRobin, weights: [1, 1, 1], start: start)
            let order = (0..<6).map { _ in balancer.choose(chance: 0) { _ in 0 } }
            #expect(Set(order.prefix(3)) == [0, 1, 2] && Array(order.prefix(3)) == Array(order.suffix(3)))
            #expect(order[0] == Int(start % 3))
        }
    }

    @Test("by turns, weights unlike: each its share, the heavy one not in bursts")
    func weightedTurns() {
        var balancer = EndpointBalancer(.roundRobin, weights: [5, 1, 1], start: 0)
        let order = (0..<7).map { _ in balancer.choose(chance: 0) { _ in 0 } }
        #expect(order.filter { $0 == 0 }.count == 5 && Set(order) == [0, 1, 2])
        #expect(!order.elementsEqual([0, 0, 0, 0, 0, 1, 2]))
        #expect(counts(&balancer, 700, 3) == [500, 100, 100])
    }

    @Test("by load: of two addresses the less busy one always, of idle ones each its share")
    func load() {
        var two = EndpointBalancer(.leastRequests, weights: [1, 1], start: 0)
        #expect(counts(&two, 100, 2) { $0 == 0 ? 3 : 2 } == [0, 100])
        var four = EndpointBalancer(.leastRequests, weights: [1, 1, 1, 1], start: 0)
        for count in counts(&four, 4000, 4) { #expect((800...1200).contains(count)) }
        // The busiest is never the better of two.
        #expect(counts(&four, 1000, 4) { $0 == 2 ? 9 : 1 }[2] == 0)
    }

    @Test("by load, weights unlike: a heavy address may have as many times the requests")
    func weightedLoad() {
        var balancer = EndpointBalancer(.leastRequests, weights: [3, 1], start: 0)
        let idle = counts(&balancer, 4000, 2)
        #expect((2700...3300).contains(idle[0]))
        #expect(counts(&balancer, 100, 2) { $0 == 0 ? 4 : 1 } == [100, 0])
        #expect(counts(&balancer, 100, 2) { $0 == 0 ? 9 : 1 } == [0, 100])
    }

    @Test("any weights, loads and chances give an address that is there")
    func bounds() {
        var random = SeededGenerator(seed: (1, 2))
        for _ in 0..<2000 {
            let weights = (0..<Int.random(in: 1...9, using: &random)).map { _ in Int.random(in: 1...100, using: &random)
            }
            for balance in [Upstream.Balance.roundRobin, .leastRequests] {
                var balancer = EndpointBalancer(balance, weights: weights, start: random.next())
                for chance in [0, UInt64.max, random.next()] {
                    #expect(weights.indices.contains(balancer.choose(chance: chance) { $0 * 7 % 5 }))
                }
            }
        }
        var none = EndpointBalancer(.roundRobin, weights: [], start: 7)
        #expect(none.choose(chance: 1) { _ in 0 } == 0)
    }
}
