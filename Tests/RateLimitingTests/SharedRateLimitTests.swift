import Logging
import NIOCore
import NIOPosix
import RedisClient
import StoreTestSupport
import TestSupport
import Testing

@testable import RateLimiting

@Suite("Counts in Redis")
struct SharedRateLimitTests {
    private static let day: Int64 = 86_400_000

    /// One node's limiter of a limit, on the fixture's loop.
    private struct Node: Sendable {
        private final class Waiter: RateLimitHandler {
            private var promise: EventLoopPromise<RateLimitDecision>?

            convenience init(_ promise: EventLoopPromise<RateLimitDecision>) {
                self.init()
                self.promise = promise
            }

            override func decided(_ decision: RateLimitDecision) {
                promise?.succeed(decision)
            }
        }

        private let eventLoop: any EventLoop
        private let limiter: NIOLoopBound<RateLimiter>

        init(_ fixture: RedisFixture, _ limit: RateLimit, prefix: String = "p:rate:x:subject:") async throws {
            let eventLoop = fixture.group.next()
            self.eventLoop = eventLoop
            limiter = try await eventLoop.submit { [client = fixture.client] in
                let algorithm = GCRA(limit)
                let shared = SharedRateLimits(
                    connection: client.connection(on: eventLoop),
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
                let table = LocalRateLimitTable(algorithm, entries: 512, clock: { 0 })
                return NIOLoopBound(
                    RateLimiter(algorithm, local: table, shared: shared, keyPrefix: prefix), eventLoop: eventLoop)
            }.get()
        }

        func take(_ key: UInt128) async throws -> RateLimitDecision {
            try await eventLoop.flatSubmit { [eventLoop, limiter] in
                let promise = eventLoop.makePromise(of: RateLimitDecision.self)
                if let decision = limiter.value.take(key, for: Waiter(promise)) { promise.succeed(decision) }
                return promise.futureResult
            }.get()
        }

        func allowed(_ key: UInt128, _ tries: Int) async throws -> Int {
            try await withThrowingTaskGroup(of: Bool.self) { tasks in
                for _ in 0..<tries { tasks.addTask { try await take(key).isAllowed } }
                return try await tasks.reduce(into: 0) { if $1 { $0 += 1 } }
            }
        }
    }

    @Test("nodes together let through what one may, each client and each limit for itself")
    func sharing() async throws {
        try await RedisFixture.with { fixture in
            let limit = RateLimit(requests: 20, windowMilliseconds: Self.day)
            let first = try await Node(fixture, limit)
            let second = try await Node(fixture, limit)
            let other = try await Node(fixture, limit, prefix: "p:rate:y:subject:")
            async let one = first.allowed(1, 30)
            async let two = second.allowed(1, 30)
            #expect(try await one + two == 20)
            #expect(try await first.allowed(2, 30) == 20)
            #expect(try await other.allowed(1, 30) == 20)
            let refused = try await second.take(1)
            #expect(!refused.isAllowed && refused.remaining == 0 && refused.limit == 20)
            #expect((4_300_000...4_320_000).contains(refused.retryAfterMilliseconds))
        }
    }

    @Test("a count is one key that expires when its debt is gone, and is not touched by refused requests")
    func expiry() async throws {
        try await RedisFixture.with { fixture in
            let node = try await Node(fixture, RateLimit(requests: 4, windowMilliseconds: 4_000_000))
            #expect(try await node.take(0xabc).remaining == 3)
            let name = "p:rate:x:subject:00000000000000000000000000000abc"
            #expect(try fixture.server.command("KEYS", "*") == name)
            let life = try #require(Int(try fixture.server.command("PTTL", name)))
            #expect((900_000...1_000_000).contains(life))
            #expect(try await node.allowed(0xabc, 10) == 3)
            let value = try fixture.server.command("GET", name)
            #expect(try await node.allowed(0xabc, 10) == 0)
            #expect(try fixture.server.command("GET", name) == value)
            let brief = try await Node(fixture, RateLimit(requests: 100, windowMilliseconds: 1000), prefix: "q:")
            _ = try await brief.allowed(1, 5)
            #expect(try await eventually(within: .seconds(20)) { try fixture.server.command("KEYS", "q:*").isEmpty })
        }
    }

    @Test("the script decides as the value does, for any limit and any sequence")
    func scriptAgreesWithValue() async throws {
        try await RedisFixture.with { fixture in
            let seed = UInt64.random(in: .min ... .max)
            var random = SeededGenerator(seed: seed)
            // The same script with a clock that the test sets.
            let source = RateLimitScript.take.source.replacing("redis.call('TIME')", with: "{ARGV[4], ARGV[5]}")
            try #require(source != RateLimitScript.take.source)
            let script = RedisScript(source: source)
            for run in 0..<12 {
                // Slow enough that no key expires by the real clock while the test runs.
                let limit = RateLimit(
                    requests: .random(in: 1...9, using: &random),
                    windowMilliseconds: .random(in: 1_000_000...86_400_000, using: &random),
                    burst: .random(in: 1...7, using: &random))
                let algorithm = GCRA(limit)
                var state = GCRA.State()
                var now: Int64 = 1_700_000_000_000
                for step in 0..<60 {
                    let pauses = -50_000...limit.windowMilliseconds
                    now += Bool.random(using: &random) ? 0 : .random(in: pauses, using: &random)
                    let reply = try await fixture.client.evaluate(
                        script, keys: ["k\(run)"],
                        arguments: [
                            String(algorithm.cost), String(algorithm.drain), String(algorithm.capacity),
                            String(now / 1000), String(now % 1000 * 1000 + 999),
                        ])
                    guard case .integer(let number) = reply else {
                        Issue.record("seed \(seed): \(reply)")
                        return
                    }
                    let expected = algorithm.take(from: &state, nowMilliseconds: now)
                    #expect(algorithm.decision(reply: number) == expected, "seed \(seed), \(limit), step \(step)")
                }
            }
        }
    }

    @Test("a Redis that forgot the script is told it again, without a request counted twice or not at all")
    func scriptIsForgotten() async throws {
        try await RedisFixture.with { fixture in
            let node = try await Node(fixture, RateLimit(requests: 30, windowMilliseconds: Self.day))
            func calls(_ name: String) throws -> Int {
                let text = try fixture.server.command("INFO", "commandstats")
                return text.firstMatch(of: try Regex("cmdstat_\(name):calls=([0-9]+)", as: (Substring, Substring).self))
                    .flatMap { Int($0.1) } ?? 0
            }
            let learned = try await eventually {
                _ = try await node.take(1)
                return try calls("evalsha") > 0
            }
            #expect(learned)
            for _ in 0..<3 {
                let before = try await node.take(2).remaining
                try fixture.server.command("SCRIPT", "FLUSH")
                #expect(try await node.take(2).remaining == before - 1)
            }
            #expect(try await node.allowed(3, 40) == 30)
        }
    }

    @Test("what somebody else wrote in its place lets nobody pass the limit for good")
    func foreignValues() async throws {
        try await RedisFixture.with { fixture in
            let node = try await Node(fixture, RateLimit(requests: 3, windowMilliseconds: Self.day))
            for (index, value) in ["", "x", "1", "-5 7", "1e9 1", "1 2 3", " 1 2"].enumerated() {
                let key = UInt128(index + 1)
                let name = "p:rate:x:subject:" + String(repeating: "0", count: 31) + "\(key)"
                try fixture.server.command("SET", name, value)
                #expect(try await node.allowed(key, 10) == 3, "\(value)")
            }
            // More debt than there can be, at an instant that is not yet.
            let name = "p:rate:x:subject:0000000000000000000000000000000a"
            try fixture.server.command("SET", name, "99999999999999999999 99999999999999")
            #expect(try await node.allowed(0xa, 10) == 0)
            // Not a string at all: Redis refuses, the process counts.
            try fixture.server.command("DEL", name)
            try fixture.server.command("LPUSH", name, "x")
            #expect(try await node.allowed(0xa, 10) == 3)
        }
    }

    @Test("without Redis the process counts by the same numbers; when it is back, all count together again")
    func outage() async throws {
        try await RedisFixture.with { fixture in
            let limit = RateLimit(requests: 5, windowMilliseconds: Self.day)
            let first = try await Node(fixture, limit)
            let second = try await Node(fixture, limit)
            #expect(try await first.allowed(1, 10) == 5)
            fixture.server.kill()
            #expect(try await first.allowed(1, 10) == 5)
            #expect(try await first.allowed(1, 10) == 0)
            #expect(try await second.allowed(1, 10) == 5)
            #expect(try await first.allowed(2, 10) == 5)
            try fixture.server.restart()
            _ = await eventually(within: .seconds(20)) { (try? await fixture.client.execute("PING")) != nil }
            async let one = first.allowed(1, 10)
            async let two = second.allowed(1, 10)
            #expect(try await one + two == 5)
            #expect(try fixture.server.command("DBSIZE") == "1")
        }
    }
}
