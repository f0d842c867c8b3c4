import TestSupport

/// Clients that check and revoke tokens at several gateways, and write down what they see.
struct HistoryClients: Sendable {
    let service: HistoryService
    let history: History
    let seed: UInt64

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
            let gateway = Int.random(in: 0..<service.gatewayCount, using: &generator)
            if Int.random(in: 0..<10, using: &generator) == 0 {
                await revoke(token, at: gateway)
                // What matters most is what the others say right after the answer.
                for other in 0..<service.gatewayCount { await ask(token, at: other) }
            } else {
                await ask(token, at: gateway)
            }
            try? await Task.sleep(for: .milliseconds(Int.random(in: 0...4, using: &generator)))
        }
    }

    private func issue() -> String? {
        guard let token = try? service.issuer.token() else { return nil }
        history.add(.issue(token: token))
        return token
    }

    private func revoke(_ token: String, at gateway: Int) async {
        let invoked = History.now
        let status = try? await service.revoke(gateway, token)
        history.add(
            .revoke(
                token: token, invoked: invoked, returned: History.now, outcome: status == 204 ? .done : .unknown))
    }

    private func ask(_ token: String, at gateway: Int) async {
        let (incarnation, invoked) = (service.incarnation(gateway), History.now)
        guard let status = try? await service.check(gateway, token) else { return }
        history.add(
            .check(token: token, gateway: incarnation, invoked: invoked, returned: History.now, status: status))
    }
}
