import Foundation
import Synchronization
import TestSupport

/// Clients that check and revoke tokens at several gateways, and write down what they see.
struct HistoryClients: Sendable {
    /// How a client asks: a gateway, or something before it that a test has put there.
    typealias Check = @Sendable (_ gateway: Int, _ token: String) async throws -> Int

    let gateways: [GatewayFixture]
    let history: History
    let seed: UInt64
    let check: Check

    /// By default tokens are checked at the gateways themselves.
    init(_ gateways: [GatewayFixture], history: History, seed: UInt64, check: Check? = nil) {
        self.gateways = gateways
        self.history = history
        self.seed = seed
        self.check = check ?? { try await gateways[$0].call("GET", "/api/x", token: $1).status }
    }

    /// Runs until the time is over.
    func run(clients: Int, until end: ContinuousClock.Instant) async {
        await withTaskGroup(of: Void.self) { tasks in
            for number in 0..<clients { tasks.addTask { await drive(number, until: end) } }
        }
    }

    private func drive(_ number: Int, until end: ContinuousClock.Instant) async {
        var generator = SeededGenerator(seed: seed &+ UInt64(number) &* 7919)
        var tokens: [String] = []
        while ContinuousClock.now < end {
            if tokens.count < 5 || Int.random(in: 0..<20, using: &generator) == 0, let issued = issue() {
                tokens.append(issued)
            }
            if tokens.count > 20 { tokens.removeFirst() }
            guard let token = tokens.randomElement(using: &generator) else { return }
            let gateway = Int.random(in: 0..<gateways.count, using: &generator)
            if Int.random(in: 0..<10, using: &generator) == 0 {
                await revoke(token, at: gateway)
                // What matters most is what the others say right after the answer.
                for other in gateways.indices { await ask(token, at: other) }
            } else {
                await ask(token, at: gateway)
            }
            try? await Task.sleep(for: .milliseconds(Int.random(in: 0...4, using: &generator)))
        }
    }

    private func issue() -> String? {
        guard let token = try? gateways.first?.issuer.token() else { return nil }
        history.add(.issue(token: token))
        return token
    }

    private func revoke(_ token: String, at gateway: Int) async {
        let invoked = History.now
        let status = try? await gateways[gateway].call("POST", "/auth/logout", token: token).status
        history.add(
            .revoke(
                token: token, invoked: invoked, returned: History.now, outcome: status == 204 ? .done : .unknown))
    }

    private func ask(_ token: String, at gateway: Int) async {
        let invoked = History.now
        guard let status = try? await check(gateway, token) else { return }
        history.add(
            .check(token: token, gateway: gateway, invoked: invoked, returned: History.now, status: status))
    }
}

/// Faults of a Redis, one after the other, until the time is over.
struct RedisFaults: Sendable {
    let server: RedisServerProcess
    let seed: UInt64

    func run(until end: ContinuousClock.Instant) async {
        var generator = SeededGenerator(seed: seed)
        while ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(Int.random(in: 300...900, using: &generator)))
            switch Int.random(in: 0..<4, using: &generator) {
            case 0:
                server.pause()
                try? await Task.sleep(for: .milliseconds(Int.random(in: 20...900, using: &generator)))
                server.resume()
            case 1: try? server.restart()
            case 2: _ = try? server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            default:
                // As long as one command of somebody else may hold up all others.
                _ = try? server.command("DEBUG", "SLEEP", "0.2")
            }
        }
    }
}
