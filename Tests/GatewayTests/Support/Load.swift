import Synchronization
import TestSupport

/// Calls a protected route over kept connections, with each of some tokens in turn, and counts what comes back.
final class Load: Sendable {
    private struct State {
        var counts: [[Int: Int]]
        var isStopped = false
        var brokenConnections = 0
    }

    private let gateway: GatewayFixture
    private let tokens: [String]
    private let state: Mutex<State>

    init(_ gateway: GatewayFixture, tokens: [String]) {
        self.gateway = gateway
        self.tokens = tokens
        state = Mutex(State(counts: tokens.map { _ in [:] }))
    }

    /// How often the token of this number got this status.
    func count(_ token: Int, _ status: Int) -> Int {
        state.withLock { $0.counts[token][status] ?? 0 }
    }

    /// Every status that the token of this number got.
    func statuses(_ token: Int) -> Set<Int> {
        state.withLock { Set($0.counts[token].keys) }
    }

    /// How many connections ended without having been asked to.
    var brokenConnections: Int { state.withLock { $0.brokenConnections } }

    func stop() {
        state.withLock { $0.isStopped = true }
    }

    /// Calls until ``stop()``.
    func run(connections: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<connections { group.addTask { await self.drive() } }
        }
    }

    private func drive() async {
        do {
            let connection = try await gateway.connect()
            while !state.withLock({ $0.isStopped }) {
                for (index, token) in tokens.enumerated() {
                    await connection.request("GET", "/api/load", [("Authorization", "Bearer \(token)")])
                    let status = try await connection.answer().status
                    state.withLock { $0.counts[index][status, default: 0] += 1 }
                }
            }
            await connection.close()
        } catch {
            state.withLock { $0.brokenConnections += 1 }
        }
    }
}
