import Foundation
import Synchronization
import TestSupport
import Testing

extension GatewayTests {
    /// In the manner of Jepsen: clients, faults, and a checker of what the clients saw.
    ///
    /// `CHAOS_SECONDS` says how long it goes on, `CHAOS_SEED` repeats a run's choices.
    @Suite("histories under faults")
    struct HistoryTests {
        private static let environment = ProcessInfo.processInfo.environment
        private static let seconds = environment["CHAOS_SECONDS"].flatMap { Double($0) } ?? 10
        private static let seed = environment["CHAOS_SEED"].flatMap { UInt64($0) } ?? .random(in: .min ... .max)

        private func settings(_ revocation: String) -> GatewaySettings {
            var settings = GatewaySettings()
            settings.redis = .durable
            settings.redisOptions = "command_timeout: 250ms, connect_timeout: 250ms"
            settings.sections = ["revocation: {\(revocation)}"]
            return settings
        }

        /// Two gateways that share a Redis.
        private func withTwo(
            _ settings: GatewaySettings, _ body: ([GatewayFixture], RedisServerProcess) async throws -> Void
        ) async throws {
            try await GatewayFixture.with(settings) { first in
                let redis = try #require(first.redisServer)
                var shared = settings
                shared.redis = .shared(redis)
                try await GatewayFixture.with(shared) { second in try await body([first, second], redis) }
            }
        }

        private func run(
            _ gateways: [GatewayFixture], _ redis: RedisServerProcess?, seconds: Double,
            check: HistoryClients.Check? = nil
        ) async -> [History.Operation] {
            let history = History()
            let end = ContinuousClock.now + .seconds(seconds)
            let clients = HistoryClients(gateways, history: history, seed: Self.seed, check: check)
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await clients.run(clients: 4, until: end) }
                if let redis { tasks.addTask { await RedisFaults(server: redis, seed: Self.seed).run(until: end) } }
            }
            return history.operations
        }

        @Test(
            "no token is accepted after its revocation was answered, whatever happens to Redis",
            arguments: [
                ("mode: query", 0), ("mode: mirror, acknowledge: nodes, mirror_staleness: 600ms", 0),
                ("mode: mirror, mirror_staleness: 600ms", 700_000_000),
            ] as [(String, Int64)])
        func faults(revocation: String, bound: Int64) async throws {
            print("history: \(revocation), seed = \(Self.seed)")
            try await withTwo(settings(revocation)) { gateways, redis in
                let history = await run(gateways, redis, seconds: Self.seconds / 3)
                let found = HistoryChecker(boundNanoseconds: bound).violations(in: history)
                #expect(Set(found.map(\.violation)) == [], "seed = \(Self.seed)")
                // A run in which nothing happened has shown nothing.
                #expect(count(history) { $0 == 200 } > 20 && count(history) { $0 == 401 } > 20)
                #expect(history.contains { if case .revoke(_, _, _, .done) = $0 { true } else { false } })
            }
        }

        private func count(_ history: [History.Operation], _ matches: (Int) -> Bool) -> Int {
            history.count { if case .check(_, _, _, _, let status) = $0 { matches(status) } else { false } }
        }

        @Test("the checker finds a deny-list that is not asked")
        func withoutDenyList() async throws {
            try await withTwo(settings("mode: off")) { gateways, _ in
                let found = HistoryChecker().violations(in: await run(gateways, nil, seconds: 1))
                #expect(found.contains { $0.violation == .acceptedAfterRevocation })
            }
        }

        @Test("the checker finds a memory of verdicts before the gateway that holds for five seconds")
        func verdictCache() async throws {
            let remembered = Mutex<[String: (status: Int, at: ContinuousClock.Instant)]>([:])
            try await withTwo(settings("mode: query")) { gateways, _ in
                let history = await run(gateways, nil, seconds: 2) { gateway, token in
                    let known = remembered.withLock { $0[token] }
                    if let known, ContinuousClock.now - known.at < .seconds(5) { return known.status }
                    let status = try await gateways[gateway].call("GET", "/api/x", token: token).status
                    remembered.withLock { $0[token] = (status, .now) }
                    return status
                }
                #expect(
                    HistoryChecker().violations(in: history).contains { $0.violation == .acceptedAfterRevocation })
            }
        }

        @Test("a refresh token has one successor, however many present it at once; the checker finds two")
        func rotation() async throws {
            var settings = GatewaySettings.accounts
            settings.redis = .durable
            try await withTwo(settings) { gateways, _ in
                let history = History()
                for _ in 0..<4 {
                    var token = try await gateways[0].login().refreshToken
                    for _ in 0..<3 {
                        let presented = token
                        let successors = await race(presented, history) { _ in
                            try await gateways[0].refresh(presented).member("refresh_token")
                        }
                        token = try #require(successors.first)
                    }
                }
                #expect(HistoryChecker().violations(in: history.operations).isEmpty)
            }
            // Compares, then writes, with time in between.
            let generation = Mutex(1)
            let history = History()
            _ = await race("1", history) { number in
                let seen = generation.withLock { $0 }
                guard seen == 1 else { return nil }
                try await Task.sleep(for: .milliseconds(5))
                generation.withLock { $0 = seen + 1 }
                return "2-\(number)"
            }
            #expect(HistoryChecker().violations(in: history.operations).contains { $0.violation == .twoSuccessors })
        }

        private func race(
            _ token: String, _ history: History, _ refresh: @escaping @Sendable (Int) async throws -> String?
        ) async -> [String] {
            await withTaskGroup(of: String?.self) { tasks in
                for number in 0..<4 {
                    tasks.addTask {
                        let invoked = History.now
                        let successor = try? await refresh(number)
                        history.add(
                            .refresh(
                                presented: token, successor: successor ?? nil, invoked: invoked, returned: History.now))
                        return successor ?? nil
                    }
                }
                return await tasks.reduce(into: []) { if let successor = $1 { $0.append(successor) } }
            }
        }
    }
}
