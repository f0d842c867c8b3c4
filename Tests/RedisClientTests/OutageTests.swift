import NIOCore
import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite("outages of a real server under load")
struct OutageTests {
    /// Echoes markers until told to stop, and counts outcomes; a reply to another marker is a fault.
    private final class Load: Sendable {
        let isOver = Atomic<Bool>(false)
        let successes = Atomic<Int>(0)
        let failures = Atomic<Int>(0)
        let mixedUp = Atomic<Int>(0)

        func run(_ client: RedisClient, worker: Int) async {
            var number = 0
            while !isOver.load(ordering: .relaxed) {
                number += 1
                let marker = "marker-\(worker)-\(number)"
                switch await client.outcome("ECHO", marker) {
                case .success(let value):
                    if value.text == marker {
                        successes.add(1, ordering: .relaxed)
                    } else {
                        mixedUp.add(1, ordering: .relaxed)
                    }
                case .failure:
                    failures.add(1, ordering: .relaxed)
                    await Task.yield()
                }
            }
        }
    }

    private func underLoad(
        _ configuration: RedisConfiguration,
        _ body: (RedisClient, Load) async throws -> Void
    ) async throws {
        try await withClient(configuration) { client in
            let load = Load()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<16 { group.addTask { await load.run(client, worker: worker) } }
                defer { load.isOver.store(true, ordering: .relaxed) }
                try await body(client, load)
            }
            #expect(load.mixedUp.load(ordering: .relaxed) == 0)
        }
    }

    private func grows(_ count: borrowing Atomic<Int>) async -> Bool {
        let before = count.load(ordering: .relaxed)
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            if count.load(ordering: .relaxed) > before + 50 { return true }
            try? await Task.sleep(for: .milliseconds(2))
        }
        return false
    }

    @Test("a killed server fails its commands; after its restart every reply is the right one again")
    func killAndRestart() async throws {
        let server = try RedisServerProcess()
        try await underLoad(.local(port: server.port)) { client, load in
            for _ in 0..<3 {
                #expect(await self.grows(load.successes))
                server.kill()
                #expect(await self.grows(load.failures))
                #expect(await eventually { !client.isReady })
                try server.restart()
                #expect(await eventually { client.isReady })
                #expect(await self.grows(load.successes))
            }
            #expect(client.connectionLossCount >= 3)
        }
    }

    @Test("a server stopped past the deadline and let go on: its late replies reach nobody")
    func stopAndContinue() async throws {
        let server = try RedisServerProcess()
        let configuration = RedisConfiguration.local(port: server.port, commandTimeout: .milliseconds(500))
        try await underLoad(configuration) { client, load in
            for _ in 0..<3 {
                #expect(await self.grows(load.successes))
                server.pause()
                #expect(await self.grows(load.failures))
                server.resume()
                #expect(await eventually { client.isReady })
                #expect(await self.grows(load.successes))
            }
        }
    }

    @Test("a silent connection to a server that answers no more is found by a PING, one that answers is kept")
    func idleConnections() async throws {
        let server = try RedisServerProcess()
        var configuration = RedisConfiguration.local(port: server.port, commandTimeout: .milliseconds(200))
        configuration.checkInterval = .milliseconds(20)
        try await withClient(configuration) { client in
            let isAsked = try await eventually {
                try server.command("INFO", "commandstats").contains("cmdstat_ping:calls=")
            }
            #expect(isAsked && client.isReady && client.connectionLossCount == 0)
            server.pause()
            #expect(await eventually { !client.isReady })
            server.resume()
            #expect(await eventually { client.isReady })
        }
    }

    @Test("connections killed by the server again and again never mix up replies")
    func killedConnections() async throws {
        let server = try RedisServerProcess()
        try await underLoad(.local(port: server.port)) { client, load in
            for round in 1...20 {
                try server.command("CLIENT", "KILL", "TYPE", "normal")
                #expect(await eventually { client.connectionLossCount >= round })
                #expect(await eventually { client.isReady })
            }
            #expect(await self.grows(load.successes))
        }
    }

    @Test("thousands of concurrent commands, many cancelled at random: each gets its own reply or none")
    func markersAndCancellation() async throws {
        let server = try RedisServerProcess()
        let seed = UInt64.random(in: 0 ... .max)
        try await withClient(.local(port: server.port)) { client in
            var random = SeededGenerator(seed: seed)
            let counts = await withTaskGroup(of: Outcome?.self) { group in
                for number in 0..<4000 {
                    let delay = Int.random(in: 0..<20, using: &random)
                    let cancelAfter = Bool.random(using: &random) ? Int.random(in: 0..<200, using: &random) : nil
                    group.addTask {
                        await Self.echo("marker-\(number)", client, delay: delay, cancelAfter: cancelAfter)
                    }
                }
                return await group.reduce(into: (mixedUp: 0, right: 0, cancelled: 0)) { counts, outcome in
                    switch outcome {
                    case .none: counts.mixedUp += 1
                    case .success: counts.right += 1
                    case .failure(.cancelled): counts.cancelled += 1
                    case .failure(let failure): Issue.record("seed \(seed): \(failure)")
                    }
                }
            }
            #expect(counts.mixedUp == 0, "seed \(seed)")
            #expect(counts.right >= 1000 && counts.cancelled > 0, "seed \(seed): \(counts)")
        }
    }

    /// The outcome of one `ECHO`; `nil` when its reply is another's.
    private static func echo(_ marker: String, _ client: RedisClient, delay: Int, cancelAfter: Int?) async -> Outcome? {
        try? await Task.sleep(for: .milliseconds(delay))
        let task = Task { await client.outcome("ECHO", marker) }
        if let cancelAfter {
            try? await Task.sleep(for: .microseconds(cancelAfter))
            task.cancel()
        }
        let outcome = await task.value
        if case .success(let value) = outcome, value.text != marker { return nil }
        return outcome
    }
}
