import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Proxy

@Suite("How many idle connections stay open")
struct IdleAllowanceTests {
    private func at(_ milliseconds: Int64) -> NIODeadline {
        NIODeadline.uptimeNanoseconds(1_000_000_000) + .milliseconds(milliseconds)
    }

    @Test("a burst's connections may stay for the period after it, and then only the configured number")
    func burst() {
        var allowance = IdleAllowance(limit: 4)
        allowance.timePassed(now: at(0), inUse: 0)
        #expect(allowance.idleCount(besides: 0) == 4)
        for count in 1...20 { allowance.inUse(count) }
        #expect(allowance.idleCount(besides: 19) == 4)
        #expect(allowance.idleCount(besides: 5) == 15)
        #expect(allowance.idleCount(besides: 0) == 20)
        allowance.timePassed(now: at(1000), inUse: 0)
        #expect(allowance.idleCount(besides: 0) == 20)
        allowance.timePassed(now: at(1999), inUse: 0)
        #expect(allowance.idleCount(besides: 0) == 20)
        allowance.timePassed(now: at(2000), inUse: 0)
        #expect(allowance.idleCount(besides: 0) == 4)
    }

    @Test("who wants no idle connections has none, whatever the load")
    func none() {
        var allowance = IdleAllowance(limit: 0)
        allowance.inUse(100)
        #expect(allowance.idleCount(besides: 0) == 0)
    }

    @Test("never more open than the limit beside those in use, or than were in use in two periods")
    func bound() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: (seed, ~seed))
        let limit = Int.random(in: 0...8, using: &random)
        var allowance = IdleAllowance(limit: limit)
        var (busy, idle, clock) = (0, 0, Int64(0))
        var history: [(time: Int64, busy: Int)] = []
        for step in 0..<20_000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                idle = max(0, idle - 1)
                busy += 1
                allowance.inUse(busy)
            case 2 where busy > 0,
                3 where busy > 0:
                busy -= 1
                if idle < allowance.idleCount(besides: busy) { idle += 1 }
            default:
                clock += Int64.random(in: 0...400, using: &random)
                allowance.timePassed(now: at(clock), inUse: busy)
                idle = min(idle, allowance.idleCount(besides: busy))
            }
            history.append((clock, busy))
            // The periods are not longer than a second and what passes between two looks at the clock.
            history.removeAll { $0.time < clock - 2800 }
            let most = history.map(\.busy).max() ?? 0
            #expect(busy + idle <= max(most, busy + limit), "seed \(seed), step \(step)")
            if limit == 0 { #expect(idle == 0, "seed \(seed), step \(step)") }
        }
    }
}

extension GatewayTests {
    @Suite("A burst beyond the idle connections")
    struct IdleBurstTests {
        @Test("uses its connections again, and they are closed when it is over", arguments: [1, 3])
        func reuse(targetCount: Int) async throws {
            let backend = Backend()
            try await backend.start(group: .singletonMultiThreadedEventLoopGroup, host: "0.0.0.0")
            backend.onRequest { _, _ in }
            var upstream = Service.upstream(backend.port)
            // The same place by other addresses is another target.
            upstream.targets = (1...targetCount).map { .init(host: "127.0.0.\($0)", port: backend.port) }
            upstream.idleConnections = 2
            try await Service.run(upstream) { service in
                var clients: [HTTPTestConnection] = []
                for _ in 0..<12 { clients.append(try await service.connect()) }
                for round in 1...3 {
                    for client in clients { await client.request("GET", "/") }
                    let arrived = await TestSupport.eventually(within: .seconds(20)) {
                        backend.requests.count == round * 12
                    }
                    #expect(arrived)
                    for responder in backend.state.responders { responder.answer() }
                    for client in clients { #expect(try await client.answer(within: .seconds(20)).status == 200) }
                }
                #expect(backend.connectionCount == 12)
                let isOver = await TestSupport.eventually(within: .seconds(20)) { backend.state.closed.count >= 10 }
                #expect(isOver)
                // The two are there for the next requests.
                for client in clients.prefix(2) { await client.request("GET", "/") }
                let arrived = await TestSupport.eventually(within: .seconds(20)) { backend.requests.count == 38 }
                #expect(arrived)
                #expect(backend.state.closed.count == 10)
                // With more targets than that their turn may be another's.
                #expect(backend.connectionCount <= (targetCount == 1 ? 12 : 14))
                for responder in backend.state.responders { responder.answer() }
                for client in clients.prefix(2) { #expect(try await client.answer(within: .seconds(20)).status == 200) }
                for client in clients { await client.close() }
            }
            await backend.stop()
        }
    }
}
