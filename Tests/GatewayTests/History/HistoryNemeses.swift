import Foundation
import TestSupport

/// What goes wrong in a history, by a seed, until the time is over.
protocol HistoryNemesis: Sendable {
    func run(until end: ContinuousClock.Instant) async
}

extension HistoryNemesis {
    fileprivate func pause(_ milliseconds: ClosedRange<Int>, _ generator: inout SeededGenerator) async {
        try? await Task.sleep(for: .milliseconds(Int.random(in: milliseconds, using: &generator)))
    }
}

/// Faults of a Redis, one after the other.
struct RedisFaults: HistoryNemesis {
    let server: RedisServerProcess
    let seed: UInt64
    /// Whether it also forgets everything at times.
    var losesData = false

    func run(until end: ContinuousClock.Instant) async {
        var generator = SeededGenerator(seed: seed)
        while ContinuousClock.now < end {
            await pause(300...900, &generator)
            switch Int.random(in: 0..<(losesData ? 6 : 4), using: &generator) {
            case 0:
                server.pause()
                await pause(20...900, &generator)
                server.resume()
            case 1: try? server.restart()
            case 2: _ = try? server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            case 3:
                // As long as one command of somebody else may hold up all others.
                _ = try? server.command("DEBUG", "SLEEP", "0.2")
            default: _ = try? server.command("FLUSHALL")
            }
        }
    }
}

/// What happens to bytes between each gateway and its Redis.
struct WireFaults: HistoryNemesis {
    let relays: [ByteRelay]
    let seed: UInt64

    func run(until end: ContinuousClock.Instant) async {
        var generator = SeededGenerator(seed: seed)
        while ContinuousClock.now < end {
            let relay = relays[generator.below(relays.count)]
            switch generator.below(7) {
            case 0: relay.fault = .delay(milliseconds: Int64.random(in: 1...400, using: &generator))
            case 1: relay.fault = .slice
            case 2: relay.fault = .silence
            case 3: relay.fault = .repetition
            case 4: relay.fault = .truncation(bytes: Int.random(in: 1...64, using: &generator))
            case 5: relay.fault = .truncation(bytes: Int.random(in: 65...20_000, using: &generator))
            default: relay.cut()
            }
            await pause(20...700, &generator)
            relay.fault = .none
            await pause(100...600, &generator)
        }
    }
}

/// Primaries that die one after the other, each coming back as a replica of the next.
struct FailoverFaults: HistoryNemesis {
    let servers: [RedisServerProcess]
    let sentinel: RedisSentinelProcess
    let seed: UInt64

    func run(until end: ContinuousClock.Instant) async {
        var generator = SeededGenerator(seed: seed)
        while ContinuousClock.now < end {
            await pause(300...900, &generator)
            // Two must not be away at once: then nobody has what both have confirmed.
            let isWhole = await eventually(within: .seconds(15)) { (try? self.isWhole()) == true }
            guard isWhole, ContinuousClock.now < end, let port = try? sentinel.primaryPort(),
                let primary = servers.first(where: { $0.port == port })
            else { continue }
            if generator.below(3) == 0 {
                // It goes on as a primary until a sentinel tells it otherwise.
                primary.pause()
                _ = await eventually(within: .seconds(15)) { (try? sentinel.primaryPort()) != port }
                primary.resume()
            } else {
                primary.kill()
                _ = await eventually(within: .seconds(15)) { (try? sentinel.primaryPort()) != port }
                try? primary.restart()
            }
        }
    }

    /// Whether there is one primary, and a replica of it that is in step.
    private func isWhole() throws -> Bool {
        guard let port = try sentinel.primaryPort() else { return false }
        return try servers.allSatisfy {
            let role = try $0.command("ROLE").split(whereSeparator: \.isNewline)
            return $0.port == port
                ? role.first == "master" && role.count > 3 : role.first == "slave" && role.contains("connected")
        }
    }
}

/// Gateways that stand still for a while, die, or are replaced.
struct GatewayFaults: HistoryNemesis {
    let gateways: [HistoryProcess]
    let seed: UInt64

    func run(until end: ContinuousClock.Instant) async {
        var generator = SeededGenerator(seed: seed)
        while ContinuousClock.now < end {
            await pause(200...800, &generator)
            let gateway = gateways[generator.below(gateways.count)]
            switch generator.below(4) {
            case 0: try? await gateway.restart(by: SIGKILL)
            case 1: try? await gateway.restart(by: SIGTERM)
            default:
                // Longer than a lease: what it knows then is too old to answer from.
                gateway.signal(SIGSTOP)
                await pause(50...2500, &generator)
                gateway.signal(SIGCONT)
            }
        }
    }
}
