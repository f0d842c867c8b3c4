import Proxy
import TestSupport
import Testing

@testable import Gateway

extension GatewayTests {
    @Suite("rate limits")
    struct RateLimitTests {
        /// Limits so slow that nothing comes back while a test runs.
        private static func limit(_ requests: Int, _ key: String, _ more: String = "") -> String {
            "rate_limit: {requests: \(requests), window: 1d, key: \(key)\(more)}"
        }

        private static func protected(_ path: String, _ limit: String) -> String {
            "{path: \(path), upstream: api, auth: {any_of: [jwt]}, \(limit)}"
        }

        private static func open(_ path: String, _ limit: String) -> String {
            "{path: \(path), upstream: api, auth: none, \(limit)}"
        }

        private static func settings(_ routes: [String], trusts: Bool = false) -> GatewaySettings {
            var settings = GatewaySettings()
            settings.routes = routes
            if trusts { settings.sections = ["trusted_proxies: [\"127.0.0.0/8\"]"] }
            return settings
        }

        /// The numbers of `RateLimit-Limit`, `-Remaining` and `-Reset`; `nil` unless each is there once.
        private func standing(_ answer: HTTPAnswer) -> [Int]? {
            let numbers = ["Limit", "Remaining", "Reset"].compactMap { Int(answer.field("RateLimit-\($0)") ?? "") }
            return numbers.count == 3 ? numbers : nil
        }

        /// How many of some requests at once, each over a connection of its own, were not refused.
        private func passed(
            _ gateway: GatewayFixture, _ path: String, token: String? = nil, _ fields: [(String, String)] = [],
            of count: Int
        ) async throws -> Int {
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                for _ in 0..<count {
                    tasks.addTask { try await gateway.call("GET", path, token: token, fields).status }
                }
                var passed = 0
                for try await status in tasks {
                    #expect([200, 429].contains(status))
                    if status == 200 { passed += 1 }
                }
                return passed
            }
        }

        @Test("as many pass as the limit says, told how many are left; the next is 429 and does not reach the backend")
        func exactly() async throws {
            try await GatewayFixture.with(Self.settings([Self.protected("/limited/", Self.limit(3, "subject"))])) {
                gateway in
                let token = try gateway.issuer.token()
                for remaining in [2, 1, 0] {
                    let answer = try await gateway.call("GET", "/limited/x", token: token)
                    #expect(answer.status == 200)
                    let numbers = try #require(standing(answer))
                    #expect(numbers[0] == 3 && numbers[1] == remaining)
                    #expect((28_700 * (3 - remaining)...28_800 * (3 - remaining)).contains(numbers[2]))
                    #expect(answer.field("Retry-After") == nil)
                }
                let refused = try await gateway.call("GET", "/limited/y", token: token)
                expectProblem(refused, 429, "too_many_requests")
                #expect(try #require(standing(refused)).prefix(2) == [3, 0])
                #expect((28_700...28_800).contains(Int(refused.field("Retry-After") ?? "") ?? 0))
                #expect(gateway.backend.arrivals.count == 3)
                #expect(gateway.backend.arrivals.allSatisfy { $0.values("RateLimit-Limit").isEmpty })
                let free = try await gateway.call("GET", "/api/x", token: token)
                #expect(free.status == 200 && free.values("RateLimit-Limit").isEmpty)
                #expect(await eventually { gateway.logText.contains("\"reason\":\"rate_limit\"") })
            }
        }

        @Test("counts are of one subject, or client, and one route")
        func separateCounts() async throws {
            let routes = [
                Self.protected("/a/", Self.limit(2, "subject")), Self.protected("/b/", Self.limit(2, "subject")),
                Self.protected("/c/", Self.limit(2, "client")),
            ]
            try await GatewayFixture.with(Self.settings(routes)) { gateway in
                func pass(_ path: String, _ subject: String, client: String? = nil, of count: Int) async throws -> Int {
                    let token = try gateway.issuer.token([
                        "sub": "\"\(subject)\"", "client_id": client.map { "\"\($0)\"" },
                    ])
                    return try await passed(gateway, path, token: token, of: count)
                }
                let first = try await pass("/a/x", "alice", of: 4)
                #expect(first == 2)
                #expect(try await pass("/a/x", "alice", client: "web", of: 2) == 0)
                #expect(try await pass("/a/x", "bob", of: 4) == 2)
                #expect(try await pass("/b/x", "alice", of: 4) == 2)
                #expect(try await pass("/c/x", "alice", client: "web", of: 4) == 2)
                #expect(try await pass("/c/x", "bob", client: "web", of: 2) == 0)
                #expect(try await pass("/c/x", "bob", client: "app", of: 4) == 2)
                // Without a client a token counts for its subject, whatever clients are called.
                #expect(try await pass("/c/x", "web", of: 4) == 2)
                #expect(try await pass("/c/x", "carol", of: 4) == 2)
            }
        }

        @Test("connections on all event loops share one count")
        func manyConnections() async throws {
            try await GatewayFixture.with(Self.settings([Self.protected("/limited/", Self.limit(10, "subject"))])) {
                gateway in
                let token = try gateway.issuer.token()
                #expect(try await passed(gateway, "/limited/x", token: token, of: 40) == 10)
            }
        }

        @Test("what is refused for another reason is not counted")
        func order() async throws {
            let route =
                "{path: /limited/, upstream: api, auth: {any_of: [jwt], scopes: [\"a\"]}, "
                + Self.limit(1, "address") + "}"
            try await GatewayFixture.with(Self.settings([route])) { gateway in
                let revoked = try gateway.issuer.token(["scope": #""a""#])
                #expect(try await gateway.call("POST", "/auth/logout", token: revoked).status == 204)
                for (token, status) in [
                    (nil, 401), ("x.y.z", 401), (try gateway.issuer.token(key: gateway.issuer.otherKey), 401),
                    (revoked, 401), (try gateway.issuer.token(), 403),
                ] {
                    let answer = try await gateway.call("GET", "/limited/x", token: token)
                    #expect(answer.status == status && answer.values("RateLimit-Limit").isEmpty)
                }
                let good = try gateway.issuer.token(["scope": #""a""#])
                #expect(try await gateway.call("GET", "/limited/x", token: good).status == 200)
                #expect(try await gateway.call("GET", "/limited/x", token: good).status == 429)
                #expect(try await gateway.call("GET", "/limited/x", token: revoked).status == 401)
            }
        }

        @Test("on a public route the peer's address counts, whatever it says in X-Forwarded-For")
        func spoofedAddress() async throws {
            try await GatewayFixture.with(Self.settings([Self.open("/limited/", Self.limit(2, "address"))])) {
                gateway in
                for index in 0..<6 {
                    let fields = [("X-Forwarded-For", "203.0.113.\(index)"), ("X-Real-IP", "203.0.113.\(index)")]
                    let answer = try await gateway.call("GET", "/limited/x", fields)
                    #expect(answer.status == (index < 2 ? 200 : 429))
                    #expect(standing(answer)?.first == 2)
                }
                #expect(gateway.backend.arrivals.allSatisfy { $0.values("X-Auth-Subject").isEmpty })
            }
        }

        @Test("behind a trusted proxy the address that it was called from counts, IPv6 by its /64")
        func forwardedAddress() async throws {
            let routes = [Self.open("/limited/", Self.limit(2, "address"))]
            try await GatewayFixture.with(Self.settings(routes, trusts: true)) { gateway in
                func status(_ forwarded: String) async throws -> Int {
                    try await gateway.call("GET", "/limited/x", [("X-Forwarded-For", forwarded)]).status
                }
                let first = try await status("203.0.113.1")
                #expect(first == 200)
                #expect(try await status("198.51.100.7, 203.0.113.1") == 200)
                #expect(try await status("198.51.100.8, 203.0.113.1") == 429)
                #expect(try await status("198.51.100.9, 203.0.113.1, 127.0.0.5") == 429)
                #expect(try await status("203.0.113.1, 203.0.113.2") == 200)
                #expect(try await status("2001:db8:0:1::1") == 200)
                #expect(try await status("[2001:db8:0:1:ffff::2]:99") == 200)
                #expect(try await status("2001:db8:0:1:abcd::3") == 429)
                #expect(try await status("2001:db8:0:2::1") == 200)
            }
        }

        @Test("pipelined requests are counted one by one, HEAD like GET, and the connection goes on")
        func pipelining() async throws {
            let routes = [Self.open("/limited/", Self.limit(3, "address"))]
            try await GatewayFixture.with(Self.settings(routes)) { gateway in
                let connection = try await gateway.connect()
                let request = { (method: String) in "\(method) /limited/x HTTP/1.1\r\nHost: a\r\n\r\n" }
                let methods = ["GET", "HEAD", "GET", "HEAD", "GET"]
                await connection.send(methods.map(request).joined())
                for (index, method) in methods.enumerated() {
                    let answer = try await connection.answer(isHead: method == "HEAD")
                    #expect(answer.status == (index < 3 ? 200 : 429))
                    #expect(standing(answer)?.prefix(2) == [3, max(2 - index, 0)])
                    if method == "HEAD" { #expect(answer.body.isEmpty) }
                }
                await connection.request("GET", "/public/x")
                #expect(try await connection.answer().status == 200)
                await connection.close()
            }
        }

        @Test("a limit comes back with time")
        func recovery() async throws {
            let limit = "rate_limit: {requests: 1, window: 1s, key: address}"
            try await GatewayFixture.with(Self.settings([Self.open("/limited/", limit)])) { gateway in
                let connection = try await gateway.connect()
                let count = 30
                await connection.send(
                    String(repeating: "GET /limited/x HTTP/1.1\r\nHost: a\r\n\r\n", count: count))
                var statuses: [Int] = []
                for _ in 0..<count { statuses.append(try await connection.answer().status) }
                #expect(statuses.first == 200 && statuses.contains(429))
                let isBack = try await eventually(within: .seconds(20)) {
                    try await gateway.call("GET", "/limited/x").status == 200
                }
                #expect(isBack)
                await connection.close()
            }
        }

        @Test("/auth/verify counts by the limit of the route asked about")
        func verification() async throws {
            let routes = [
                Self.protected("/limited/", Self.limit(2, "subject")), Self.open("/open/", Self.limit(2, "address")),
            ]
            try await GatewayFixture.with(Self.settings(routes, trusts: true)) { gateway in
                let token = try gateway.issuer.token()
                let asked = [("X-Forwarded-Uri", "/limited/x"), ("X-Forwarded-For", "203.0.113.9")]
                for remaining in [1, 0] {
                    let answer = try await gateway.call("GET", "/auth/verify", token: token, asked)
                    #expect(answer.status == 200 && answer.field("X-Auth-Subject") == "carol")
                    #expect(standing(answer)?.prefix(2) == [2, remaining])
                }
                expectProblem(
                    try await gateway.call("GET", "/auth/verify", token: token, asked), 429, "too_many_requests")
                #expect(try await gateway.call("GET", "/limited/x", token: token).status == 429, "one count for both")
                #expect(try await gateway.call("GET", "/auth/verify", token: token).status == 200)
                let open = [("X-Forwarded-Uri", "/open/x"), ("X-Forwarded-For", "203.0.113.9")]
                #expect(try await passed(gateway, "/auth/verify", open, of: 5) == 2)
                let other = [("X-Forwarded-Uri", "/open/x"), ("X-Forwarded-For", "203.0.113.10")]
                #expect(try await passed(gateway, "/auth/verify", other, of: 5) == 2)
            }
        }

        @Test("gateways that share a Redis share a limit; without it each counts for itself, and then together again")
        func sharing() async throws {
            var settings = Self.settings([
                Self.open("/limited/", Self.limit(6, "address", ", shared: true")),
                Self.protected("/tokens/", Self.limit(6, "subject", ", shared: true")),
            ])
            try await GatewayFixture.with(settings) { first in
                let redis = try #require(first.redisServer)
                settings.redis = .shared(redis)
                try await GatewayFixture.with(settings) { second in
                    async let one = passed(first, "/limited/x", of: 10)
                    async let two = passed(second, "/limited/x", of: 10)
                    #expect(try await one + two == 6)
                    let token = try first.issuer.token()
                    async let three = passed(first, "/tokens/x", token: token, of: 10)
                    async let four = passed(second, "/tokens/x", token: token, of: 10)
                    #expect(try await three + four == 6)
                    #expect(try await second.call("GET", "/tokens/x", token: token).status == 429)
                    let keys = try redis.command("KEYS", "portcullis:rate:*").split(separator: "\n").sorted()
                    #expect(keys.count == 2)
                    for key in keys {
                        let form = /portcullis:rate:[0-9a-f]{16}:(address|subject):[0-9a-f]{32}/
                        #expect(key.wholeMatch(of: form) != nil)
                        #expect((1...86_400).contains(Int(try redis.command("TTL", String(key))) ?? 0))
                    }
                    redis.kill()
                    #expect(try await passed(first, "/limited/x", of: 10) == 6)
                    #expect(try await passed(second, "/limited/x", of: 10) == 6)
                    #expect(try await passed(second, "/limited/x", of: 3) == 0)
                    let notice = "shared rate limits are counted by this process alone"
                    #expect(await eventually { first.logText.contains(notice) && second.logText.contains(notice) })
                    try redis.restart()
                    try await first.waitForRedis(connections: 4)
                    try await second.waitForRedis(connections: 4)
                    async let five = passed(first, "/limited/x", of: 10)
                    async let six = passed(second, "/limited/x", of: 10)
                    #expect(try await five + six == 6)
                }
            }
        }

        @Test("a client that leaves while Redis counts harms nobody")
        func leaving() async throws {
            let routes = [Self.open("/limited/", Self.limit(50, "address", ", shared: true"))]
            try await GatewayFixture.with(Self.settings(routes)) { gateway in
                let redis = try #require(gateway.redisServer)
                #expect(try await gateway.call("GET", "/limited/x").status == 200)
                redis.pause()
                for _ in 0..<10 {
                    let connection = try await gateway.connect()
                    await connection.request("GET", "/limited/x")
                    await connection.close()
                }
                redis.resume()
                #expect(try await gateway.call("GET", "/limited/x").status == 200)
                #expect(try await gateway.call("GET", "/public/x").status == 200)
            }
        }

        @Test("names that look alike are counted apart")
        func countingKeys() {
            let keys = [
                IdentityRenderer.countingKeys(issuer: "i", subject: "s", clientID: "c"),
                IdentityRenderer.countingKeys(issuer: "j", subject: "s", clientID: "c"),
                IdentityRenderer.countingKeys(issuer: "is", subject: "", clientID: ""),
                IdentityRenderer.countingKeys(issuer: "i", subject: "c", clientID: "s"),
            ].flatMap { [$0.subject, $0.client] }
            #expect(Set(keys).count == keys.count)
            let alone = IdentityRenderer.countingKeys(issuer: "i", subject: "s", clientID: nil)
            #expect(alone.subject == keys[0] && alone.client == keys[0])
        }
    }
}
