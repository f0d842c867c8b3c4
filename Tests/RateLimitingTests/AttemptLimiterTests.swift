import Logging
import StoreTestSupport
import Synchronization
import TestSupport
import Testing

@testable import RateLimiting

@Suite("Attempts against several limits")
struct AttemptLimiterTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func limiter(
        _ limits: [RateLimit], _ sharing: AttemptLimiter.Sharing? = nil, clock: @escaping @Sendable () -> Int64 = { 0 }
    ) -> AttemptLimiter {
        AttemptLimiter(limits, entries: 512, sharing: sharing, logger: Self.quiet, clock: clock)
    }

    private static let short = RateLimit(requests: 3, windowMilliseconds: 60_000)
    private static let long = RateLimit(requests: 5, windowMilliseconds: 86_400_000)

    @Test("the process lets one after the other through, and then by the slowest limit")
    func local() async {
        let now = Mutex<Int64>(0)
        let limiter = limiter([Self.short, Self.long]) { now.withLock { $0 } }
        for _ in 0..<3 { #expect(await limiter.take(1) == .allowed) }
        #expect(await limiter.take(1) == .refused(retryAfterMilliseconds: 20_000))
        #expect(await limiter.take(2) == .allowed)
        now.withLock { $0 = 60_000 }
        for _ in 0..<2 { #expect(await limiter.take(1) == .allowed) }
        // The short limit has room for one more; the long one has none for hours.
        #expect(await limiter.take(1) == .refused(retryAfterMilliseconds: 86_400_000 / 5 - 60_000))
        now.withLock { $0 = 86_400_000 / 5 }
        #expect(await limiter.take(1) == .allowed)
        #expect(await limiter.take(1) != .allowed)
    }

    @Test("what is given back counts for nothing, and more than nothing cannot be given back")
    func givingBack() async throws {
        try await RedisFixture.with { redis in
            let sharing = AttemptLimiter.Sharing(client: redis.client, keyPrefix: "p:login:x:")
            for limiter in [limiter([Self.short, Self.long]), limiter([Self.short, Self.long], sharing)] {
                for _ in 0..<100 {
                    #expect(await limiter.take(1) == .allowed)
                    await limiter.giveBack(1)
                }
                for _ in 0..<10 { await limiter.giveBack(1) }
                for _ in 0..<3 { #expect(await limiter.take(1) == .allowed) }
                #expect(await limiter.take(1) != .allowed)
            }
        }
    }

    @Test("nodes count together, and no more get through than the limits say however they race")
    func shared() async throws {
        try await RedisFixture.with { redis in
            let sharing = AttemptLimiter.Sharing(client: redis.client, keyPrefix: "p:login:x:")
            let nodes = [limiter([Self.short, Self.long], sharing), limiter([Self.short, Self.long], sharing)]
            let decisions = await withTaskGroup(of: AttemptLimiter.Decision.self) { tasks in
                for index in 0..<40 { tasks.addTask { await nodes[index % 2].take(7) } }
                return await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(decisions.count { $0 == .allowed } == 3)
            for case .refused(let wait) in decisions { #expect((1...20_000).contains(wait)) }
            // One key, which goes when nothing is owed any more.
            let key = "p:login:x:" + String(repeating: "0", count: 31) + "7"
            #expect(try redis.server.command("KEYS", "*") == key)
            let life = try #require(Int(try redis.server.command("PTTL", key)))
            #expect((1...86_400_000).contains(life))
        }
    }

    @Test("Redis and the process count alike", arguments: [UInt64.random(in: 0...UInt64.max)])
    func differential(seed: UInt64) async throws {
        print("seed = \(seed)")
        var generator = SeededGenerator(seed: seed)
        try await RedisFixture.with { redis in
            for round in 0..<20 {
                // Windows so long that no time seems to pass in Redis.
                let limits = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                    RateLimit(
                        requests: Int.random(in: 1...6, using: &generator), windowMilliseconds: 86_400_000,
                        burst: Int.random(in: 1...6, using: &generator))
                }
                let here = limiter(limits)
                let there = limiter(
                    limits, AttemptLimiter.Sharing(client: redis.client, keyPrefix: "p:\(round):"))
                for _ in 0..<30 {
                    if Int.random(in: 0..<4, using: &generator) == 0 {
                        await here.giveBack(1)
                        await there.giveBack(1)
                    } else {
                        let (one, other) = (await here.take(1), await there.take(1))
                        #expect((one == .allowed) == (other == .allowed), "\(limits)")
                    }
                }
            }
        }
    }

    @Test("while Redis is away the process counts, and a value that is no count is none")
    func outage() async throws {
        try await RedisFixture.with { redis in
            let limiter = limiter([Self.short], .init(client: redis.client, keyPrefix: "p:"))
            let key = "p:" + String(repeating: "0", count: 31) + "1"
            for garbage in ["", "x", "1 2 3 4 5", "-5 -7"] {
                try redis.server.command("SET", key, garbage)
                #expect(await limiter.take(1) == .allowed, "\(garbage)")
            }
            redis.server.kill()
            for _ in 0..<3 { #expect(await limiter.take(1) == .allowed) }
            #expect(await limiter.take(1) != .allowed)
        }
    }
}
