import Foundation
import Synchronization
import TestSupport
import Testing

/// In the manner of Jepsen: clients, faults, and a checker of what the clients saw.
///
/// `CHAOS_SECONDS` says how long it goes on, `CHAOS_SEED` repeats a run's choices.
@Suite("histories under faults", .serialized)
struct HistoryTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seconds = environment["CHAOS_SECONDS"].flatMap { Double($0) } ?? 60
    private static let seed = environment["CHAOS_SEED"].flatMap { UInt64($0) } ?? .random(in: .min ... .max)
    /// Those of all tests with faults below.
    private static let scenarioCount = 12.0

    /// How revocation is set up, and for how long after the answer to a logout a token may still be accepted.
    struct Mode: Sendable, CustomStringConvertible {
        var description: String
        var boundNanoseconds: Int64 = 0

        static let query = Mode(description: "mode: query")
        static let mirror = Mode(description: "mode: mirror, mirror_staleness: 600ms", boundNanoseconds: 700_000_000)
        static let nodes = Mode(description: "mode: mirror, acknowledge: nodes, mirror_staleness: 600ms")
        static let promptQuery = Mode(description: "mode: query, mirror_staleness: 600ms")
        static let queryAndNodes = Mode(description: "mode: query, acknowledge: nodes, mirror_staleness: 600ms")
        static let replicas = Mode(description: "mode: query, min_replicas: 1")
    }

    private func settings(_ mode: Mode) -> GatewaySettings {
        var settings = GatewaySettings()
        settings.redis = .durable
        settings.redisOptions = "command_timeout: 250ms, connect_timeout: 250ms"
        settings.sections = ["revocation: {\(mode)}"]
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
        _ service: HistoryService, _ nemesis: (any HistoryNemesis)?, seconds: Double, seed: UInt64 = Self.seed
    ) async -> [History.Operation] {
        let history = History()
        let end = ContinuousClock.now + .seconds(seconds)
        let clients = HistoryClients(service: service, history: history, seed: seed)
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await clients.run(clients: 4, until: end) }
            if let nemesis { tasks.addTask { await nemesis.run(until: end) } }
        }
        return history.operations
    }

    /// Lets clients and faults run, and checks what the clients saw.
    private func expectNoViolation(_ service: HistoryService, _ mode: Mode, _ nemesis: any HistoryNemesis) async {
        print("history: \(type(of: nemesis)), \(mode), seed = \(Self.seed)")
        var (accepted, refused, revoked) = (0, 0, 0)
        // A run in which nothing happened has shown nothing: where other tests take the processor it goes on.
        for round in 0..<10 where !(accepted > 20 && refused > 20 && revoked > 0) {
            let history = await run(
                service, nemesis, seconds: Self.seconds / Self.scenarioCount, seed: Self.seed &+ UInt64(round))
            let found = HistoryChecker(boundNanoseconds: mode.boundNanoseconds).violations(in: history)
            #expect(Set(found.map(\.violation)) == [], "seed = \(Self.seed)")
            accepted += count(history) { $0 == 200 }
            refused += count(history) { $0 == 401 }
            revoked += history.count { if case .revoke(_, _, _, .done) = $0 { true } else { false } }
        }
        print("history: \(accepted) accepted, \(refused) refused, \(revoked) revoked")
        #expect(accepted > 20 && refused > 20 && revoked > 0)
    }

    private func count(_ history: [History.Operation], _ matches: (Int) -> Bool) -> Int {
        history.count { if case .check(_, _, _, _, let status) = $0 { matches(status) } else { false } }
    }

    // MARK: - Faults

    @Test(
        "no token is accepted after its revocation was answered, whatever happens to Redis",
        arguments: [Mode.query, .nodes, .mirror])
    func redis(mode: Mode) async throws {
        try await withTwo(settings(mode)) { gateways, redis in
            let service = HistoryService(gateways, issuer: gateways[0].issuer)
            await expectNoViolation(service, mode, RedisFaults(server: redis, seed: Self.seed))
        }
    }

    @Test(
        "nor when Redis forgets everything: it is not believed before it has been filled again",
        arguments: [Mode.promptQuery, .queryAndNodes, .nodes, .mirror])
    func loss(mode: Mode) async throws {
        try await withTwo(settings(mode)) { gateways, redis in
            let service = HistoryService(gateways, issuer: gateways[0].issuer)
            await expectNoViolation(service, mode, RedisFaults(server: redis, seed: Self.seed, losesData: true))
        }
    }

    @Test(
        "nor whatever happens to the bytes between the gateways and Redis", arguments: [Mode.query, .nodes, .mirror])
    func wire(mode: Mode) async throws {
        let redis = try RedisServerProcess()
        let relays = [try await ByteRelay.start(to: redis.port), try await ByteRelay.start(to: redis.port)]
        var settings = settings(mode)
        settings.redis = .shared(redis)
        settings.redisURL = "redis://127.0.0.1:\(relays[0].port)/0"
        var other = settings
        other.redisURL = "redis://127.0.0.1:\(relays[1].port)/0"
        try await GatewayFixture.with(settings) { first in
            try await GatewayFixture.with(other) { second in
                let service = HistoryService([first, second], issuer: first.issuer)
                await expectNoViolation(service, mode, WireFaults(relays: relays, seed: Self.seed))
            }
        }
        for relay in relays { await relay.close() }
    }

    @Test("nor when sentinels replace the primary, once a replica has confirmed the revocation")
    func failover() async throws {
        let delay = ["--repl-diskless-sync-delay", "0"]
        let primary = try RedisServerProcess(arguments: delay)
        let replica = try RedisServerProcess(arguments: delay)
        try replica.command("REPLICAOF", "127.0.0.1", String(primary.port))
        let sentinels = try (0..<3).map { _ in try RedisSentinelProcess(primaryPort: primary.port) }
        #expect(try await eventually { try sentinels.allSatisfy { try $0.known() == (1, 2) } })
        var settings = settings(.replicas)
        settings.redis = .shared(primary)
        let hosts = sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        settings.redisURL = "redis+sentinel://\(hosts)/mymaster/0"
        try await GatewayFixture.with(settings) { first in
            try await GatewayFixture.with(settings) { second in
                let service = HistoryService([first, second], issuer: first.issuer)
                let nemesis = FailoverFaults(servers: [primary, replica], sentinel: sentinels[0], seed: Self.seed)
                await expectNoViolation(service, .replicas, nemesis)
            }
        }
    }

    @Test("nor when gateways stand still, die or are replaced", arguments: [Mode.nodes])
    func gateways(mode: Mode) async throws {
        let (redis, backend) = (try RedisServerProcess(), try await RecordingBackend.start())
        let settings = settings(mode)
        let gateways = [
            try await HistoryProcess(settings, redisPort: redis.port, backendPort: backend.port),
            try await HistoryProcess(settings, redisPort: redis.port, backendPort: backend.port),
        ]
        let service = HistoryService(gateways, issuer: try ForeignIssuer.shared.get())
        await expectNoViolation(service, mode, GatewayFaults(gateways: gateways, seed: Self.seed))
        for gateway in gateways { await gateway.stop() }
        await backend.stop()
    }

    // MARK: - What the checker must find

    @Test("the checker finds a deny-list that is not asked")
    func withoutDenyList() async throws {
        try await withTwo(settings(Mode(description: "mode: off"))) { gateways, _ in
            let service = HistoryService(gateways, issuer: gateways[0].issuer)
            let found = HistoryChecker().violations(in: await run(service, nil, seconds: 1))
            #expect(found.contains { $0.violation == .acceptedAfterRevocation })
        }
    }

    @Test("the checker finds a memory of verdicts before the gateway that holds for five seconds")
    func verdictCache() async throws {
        let remembered = Mutex<[String: (status: Int, at: ContinuousClock.Instant)]>([:])
        try await withTwo(settings(.query)) { gateways, _ in
            var service = HistoryService(gateways, issuer: gateways[0].issuer)
            service.check = { gateway, token in
                let known = remembered.withLock { $0[token] }
                if let known, ContinuousClock.now - known.at < .seconds(5) { return known.status }
                let status = try await gateways[gateway].call("GET", "/api/x", token: token).status
                remembered.withLock { $0[token] = (status, .now) }
                return status
            }
            let history = await run(service, nil, seconds: 2)
            #expect(HistoryChecker().violations(in: history).contains { $0.violation == .acceptedAfterRevocation })
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
