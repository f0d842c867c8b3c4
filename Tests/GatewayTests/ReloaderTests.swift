import Logging
import Synchronization
import TestSupport
import Testing

@testable import Gateway

@Suite("Reloading")
struct ReloaderTests {
    private final class Part: Reloadable {
        struct State {
            var hasChanged = false
            var reloads = 0
            var problems: [String] = []
        }

        let name: String
        let state = Mutex(State())

        init(_ name: String) { self.name = name }

        func hasChanged() -> Bool { state.withLock { $0.hasChanged } }

        func reload() throws(ReloadFailure) -> [String: String] {
            let problems = state.withLock { state in
                state.hasChanged = false
                state.reloads += 1
                return state.problems
            }
            guard problems.isEmpty else { throw ReloadFailure(problems: problems) }
            return [:]
        }

        var reloads: Int { state.withLock { $0.reloads } }
    }

    private let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    @Test("when asked, everything is reloaded, whatever one of them says")
    func asked() async {
        let reloader = Reloader(interval: .seconds(3600), logger: logger)
        #expect(await reloader.reload() == [])
        let parts = [Part("a"), Part("b")]
        parts[0].state.withLock { $0.problems = ["one", "two"] }
        for part in parts { reloader.add(part) }
        #expect(await reloader.reload() == ["a: one", "a: two"])
        #expect(await reloader.reload() == ["a: one", "a: two"])
        #expect(parts.map(\.reloads) == [2, 2])
    }

    @Test("by itself, what has changed is reloaded and nothing else, until it stops")
    func byItself() async {
        let reloader = Reloader(interval: .milliseconds(5), logger: logger)
        let parts = [Part("a"), Part("b")]
        for part in parts { reloader.add(part) }
        await reloader.start()
        for count in 1...3 {
            parts[1].state.withLock { $0.hasChanged = true }
            #expect(await eventually(within: .seconds(60)) { parts[1].reloads == count })
        }
        reloader.stop()
        #expect(parts[0].reloads == 0)
    }
}

@Suite("How many connections the open files allow")
struct DescriptorBudgetTests {
    @Test("two for each connection, after what is kept back")
    func budget() {
        let large = DescriptorBudget(
            limit: 1_048_576, loopCount: 8, listenerCount: 2, upstreams: [(256, 2), (64, 3)])
        #expect(large.reserve == 64 + 8 * 6 + 8 * 320)
        #expect(large.connections == (1_048_576 - 2672) / 2)
        let small = DescriptorBudget(limit: 100, loopCount: 2, listenerCount: 1, upstreams: [(256, 1)])
        #expect(small.connections == 1, "the gateway starts all the same")
    }

    @Test("what the largest upstream of one target keeps idle on a loop was in use before, and is counted once")
    func idleConnections() {
        let one = DescriptorBudget(limit: 20_000, loopCount: 1, listenerCount: 1, upstreams: [(8000, 1)])
        #expect(one.reserve == 64 + 5)
        let more = DescriptorBudget(
            limit: 20_000, loopCount: 2, listenerCount: 1, upstreams: [(100, 1), (40, 1), (300, 2)])
        #expect(more.reserve == 64 + 10 + 2 * 440 - 100)
    }

    @Test("the limit is raised as far as it goes, and is told")
    func raising() {
        let limit = DescriptorBudget.raiseLimit()
        #expect(limit >= 64)
        #expect(DescriptorBudget.raiseLimit() == limit)
    }
}
