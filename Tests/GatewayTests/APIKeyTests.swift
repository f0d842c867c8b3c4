import Credentials
import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("API keys")
    struct APIKeyTests {
        private static let settings: GatewaySettings = {
            var settings = GatewaySettings.accounts
            settings.routes = [
                "{path: /keys/, upstream: api, auth: {any_of: [api_key], scopes: [\"orders:read\"]}}",
                "{path: /both/, upstream: api, auth: {any_of: [jwt, api_key]}}",
                "{path: /limited/, upstream: api, auth: {any_of: [jwt, api_key]}, "
                    + "rate_limit: {requests: 2, window: 1h, key: subject}}",
            ]
            return settings
        }()

        private func call(_ gateway: GatewayFixture, _ path: String, _ key: String) async throws -> HTTPAnswer {
            try await gateway.call("GET", path, [("X-API-Key", key)])
        }

        @Test("a key lets in by either field, and the backend is told whose it is and not the key")
        func identity() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let key = try gateway.makeAPIKey(scope: "orders:read b")
                #expect(try await call(gateway, "/both/x", key.text).status == 200)
                #expect(try await gateway.call("GET", "/both/x", token: key.text).status == 200)
                for arrival in gateway.backend.arrivals {
                    #expect(arrival.values("X-Auth-Subject") == ["alice"])
                    #expect(arrival.values("X-Auth-Scope") == ["orders:read b"])
                    #expect(arrival.values("X-Auth-Token-Id") == ["pk_\(key.id.text)"])
                    #expect(arrival.values("X-Auth-Issuer") == ["https://gateway.test"])
                    #expect(arrival.values("X-Auth-Method") == ["api_key"])
                    #expect(arrival.values("X-Auth-Client-Id").isEmpty && arrival.values("X-Auth-Session-Id").isEmpty)
                    #expect(arrival.values("Authorization").isEmpty && arrival.values("X-API-Key").isEmpty)
                }
                #expect(gateway.backend.arrivals.count == 2)
                try gateway.makeClient("robot")
                let machine = try gateway.makeAPIKey(owner: .client(ClientID("robot")))
                #expect(try await call(gateway, "/both/x", machine.text).status == 200)
                let arrival = try #require(gateway.backend.arrivals.last)
                #expect(
                    arrival.values("X-Auth-Subject") == ["robot"] && arrival.values("X-Auth-Client-Id") == ["robot"])
            }
        }

        @Test("each route takes the credentials it names, and no others")
        func kinds() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let key = try gateway.makeAPIKey().text
                let token = try gateway.issuer.token(["scope": "\"orders:read\""])
                let bare = "Bearer realm=\"portcullis\""
                expectProblem(try await call(gateway, "/api/x", key), 401, "unauthorized", challenge: bare)
                expectProblem(
                    try await gateway.call("GET", "/api/x", token: key), 401, "invalid_token",
                    challenge: invalidTokenChallenge("malformed token"))
                expectProblem(
                    try await gateway.call("GET", "/keys/x", token: token), 401, "unauthorized", challenge: bare)
                expectProblem(try await gateway.call("GET", "/keys/x"), 401, "unauthorized", challenge: bare)
                #expect(try await call(gateway, "/keys/x", key).status == 200)
                #expect(try await gateway.call("GET", "/both/x", token: token).status == 200)
                #expect(gateway.backend.arrivals.count == 2)
            }
        }

        @Test("two credentials are refused, whatever they are")
        func twoCredentials() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let key = try gateway.makeAPIKey().text
                let token = try gateway.issuer.token()
                let challenge = "Bearer realm=\"portcullis\", error=\"invalid_request\""
                for fields in [
                    [("X-API-Key", key), ("Authorization", "Bearer \(token)")],
                    [("X-API-Key", key), ("Authorization", "Bearer \(key)")],
                    [("X-API-Key", key), ("x-api-key", key)],
                    [("X-API-Key", key), ("Authorization", "Basic YTpi")],
                ] {
                    for path in ["/both/x", "/keys/x", "/api/x"] {
                        expectProblem(
                            try await gateway.call("GET", path, fields), 400, "invalid_request", challenge: challenge)
                    }
                }
                #expect(gateway.backend.arrivals.isEmpty)
            }
        }

        @Test("malformed keys, wrong secrets and unknown ids are refused without a hint which")
        func wrongKeys() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let key = try gateway.makeAPIKey()
                for malformed in [
                    "", "pk_", "x", key.text + "0", String(key.text.dropLast()), key.text.lowercased(),
                    key.text.replacing("pk_", with: "sk_"), String(repeating: "a", count: 4000),
                ] {
                    expectProblem(
                        try await call(gateway, "/both/x", malformed), 401, "invalid_token",
                        challenge: invalidTokenChallenge("malformed API key"), "\(malformed)")
                }
                let unknown = try APIKeyText.generate().exposed
                // Well-formed, with the id of a key that there is.
                let body = Array((key.text.prefix(16) + unknown.dropFirst(16).prefix(32)).utf8)
                let other = String(decoding: body, as: UTF8.self) + checksum(of: body)
                for wrong in [unknown, other, unknown] {
                    expectProblem(
                        try await call(gateway, "/both/x", wrong), 401, "invalid_token",
                        challenge: invalidTokenChallenge("unknown API key"))
                }
                #expect(try await call(gateway, "/both/x", key.text).status == 200)
                #expect(gateway.backend.arrivals.count == 1)
            }
        }

        @Test("scope, expiry, address, owner: what is against a key is said in one word")
        func rules() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let narrow = try gateway.makeAPIKey(scope: "other").text
                expectProblem(
                    try await call(gateway, "/keys/x", narrow), 403, "insufficient_scope",
                    challenge: "Bearer realm=\"portcullis\", error=\"insufficient_scope\", scope=\"orders:read\"")
                #expect(
                    gateway.logText.contains(#""held":"other""#) && gateway.logText.contains(#""wanted":"orders:read""#)
                )
                let elsewhere = try gateway.makeAPIKey(addresses: "10.0.0.0/8 2001:db8::/32").text
                for _ in 0..<2 {
                    expectProblem(try await call(gateway, "/keys/x", elsewhere), 403, "access_denied")
                }
                let here = try gateway.makeAPIKey(addresses: "127.0.0.0/8").text
                for _ in 0..<2 { #expect(try await call(gateway, "/keys/x", here).status == 200) }
                let short = try gateway.makeAPIKey(lifetimeSeconds: 2).text
                #expect(try await call(gateway, "/keys/x", short).status == 200)
                let hasEnded = try await eventually { try await call(gateway, "/keys/x", short).status == 401 }
                #expect(hasEnded, "a remembered key ends when its time is over")
                expectProblem(
                    try await call(gateway, "/keys/x", short), 401, "invalid_token",
                    challenge: invalidTokenChallenge("API key expired"))
                let bobs = try gateway.makeAPIKey(owner: .subject(UserName("bob"))).text
                try gateway.withMachines { _, store in
                    try store.setDisabled(true, of: UserName("bob"), nowMilliseconds: 5)
                }
                expectProblem(
                    try await call(gateway, "/keys/x", bobs), 401, "invalid_token",
                    challenge: invalidTokenChallenge("the API key's owner is disabled"))
            }
        }

        @Test("a mark in the deny-list ends a remembered key with the next request")
        func revocation() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let key = try gateway.makeAPIKey()
                #expect(try await call(gateway, "/keys/x", key.text).status == 200)
                let redis = try #require(gateway.redisServer)
                _ = try redis.command("SET", "portcullis:revoked:jti:pk_\(key.id.text)", "1")
                expectProblem(
                    try await call(gateway, "/keys/x", key.text), 401, "invalid_token",
                    challenge: invalidTokenChallenge("token revoked"))
                // Cut-offs end tokens, and keys live longer than those.
                _ = try redis.command("DEL", "portcullis:revoked:jti:pk_\(key.id.text)")
                _ = try redis.command("SET", "portcullis:revoked:sub:alice", "999999999999999")
                _ = try redis.command("SET", "portcullis:revoked:all", "999999999999999")
                #expect(try await call(gateway, "/keys/x", key.text).status == 200)
                try gateway.withMachines { _, store in try store.revoke(key.id, nowMilliseconds: 7) }
                let fresh = try gateway.makeAPIKey()
                try gateway.withMachines { _, store in try store.revoke(fresh.id, nowMilliseconds: 7) }
                expectProblem(
                    try await call(gateway, "/keys/x", fresh.text), 401, "invalid_token",
                    challenge: invalidTokenChallenge("API key revoked"))
            }
        }

        @Test("without its database the gateway goes on with the keys it knows, and answers 503 for others")
        func databaseAway() async throws {
            var settings = Self.settings
            settings.credentials = ", api_key_cache: {ttl: 1s}"
            try await GatewayFixture.with(settings) { gateway in
                let known = try gateway.makeAPIKey().text
                let unknown = try gateway.makeAPIKey().text
                // Both event loops get to know it.
                for _ in 0..<40 { #expect(try await call(gateway, "/keys/x", known).status == 200) }
                let path = gateway.folder.path("accounts.sqlite")
                try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
                let isAway = try await eventually { try await call(gateway, "/keys/x", unknown).status == 503 }
                #expect(isAway)
                expectProblem(try await call(gateway, "/keys/x", unknown), 503, "temporarily_unavailable")
                let start = ContinuousClock.now
                repeat {
                    #expect(try await call(gateway, "/keys/x", known).status == 200)
                } while ContinuousClock.now < start + .milliseconds(1500)
                try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
                #expect(try await call(gateway, "/keys/x", unknown).status == 200)
            }
        }

        @Test("thousands of made-up keys do not push a real one out")
        func flood() async throws {
            var settings = Self.settings
            settings.credentials = ", api_key_cache: {entries: 4, ttl: 1h}"
            try await GatewayFixture.with(settings) { gateway in
                let key = try gateway.makeAPIKey().text
                let connection = try await gateway.connect()
                func status(_ key: String) async throws -> Int {
                    await connection.request("GET", "/keys/x", [("X-API-Key", key)])
                    return try await connection.answer().status
                }
                #expect(try await status(key) == 200)
                let path = gateway.folder.path("accounts.sqlite")
                for _ in 0..<2000 {
                    let madeUp = try APIKeyText.generate().exposed
                    #expect(try await status(madeUp) == 401)
                }
                // Only from memory can it be known now.
                try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
                #expect(try await status(key) == 200)
                await connection.close()
            }
        }

        @Test("many who come with one unknown key at once wait for one look-up")
        func joined() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let key = try gateway.makeAPIKey().text
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<64 { group.addTask { try await call(gateway, "/keys/x", key).status } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(statuses == Array(repeating: 200, count: 64))
            }
        }

        @Test("whose client leaves during the look-up is forgotten, and the next request is served")
        func leaving() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                for _ in 0..<50 {
                    let key = try gateway.makeAPIKey().text
                    let connection = try await gateway.connect()
                    await connection.request("GET", "/keys/x", [("X-API-Key", key)])
                    await connection.close()
                }
                let key = try gateway.makeAPIKey().text
                #expect(try await call(gateway, "/keys/x", key).status == 200)
            }
        }

        @Test("tokens and keys of one subject share its limit, and a limited route sees addresses")
        func limits() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let key = try gateway.makeAPIKey(addresses: "127.0.0.1").text
                #expect(try await call(gateway, "/limited/x", key).status == 200)
                let token = try await gateway.login().accessToken
                #expect(try await gateway.call("GET", "/limited/x", token: token).status == 200)
                #expect(try await call(gateway, "/limited/x", key).status == 429)
            }
        }

        @Test("the last use is written down, later")
        func lastUse() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let key = try gateway.makeAPIKey()
                #expect(try await call(gateway, "/keys/x", key.text).status == 200)
                let isNoted = try await eventually(within: .seconds(20)) {
                    try gateway.withMachines { _, store in try store.find(key.id)?.key.lastUsedAtMilliseconds } != nil
                }
                #expect(isNoted)
            }
        }

        @Test("forward authentication takes keys by the same rules")
        func verification() async throws {
            var settings = Self.settings
            settings.sections = ["trusted_proxies: [127.0.0.1/32]"]
            try await GatewayFixture.with(settings) { gateway in
                let key = try gateway.makeAPIKey(addresses: "192.0.2.7").text
                func verify(_ uri: String, from client: String) async throws -> HTTPAnswer {
                    try await gateway.call(
                        "GET", "/auth/verify",
                        [
                            ("X-API-Key", key), ("X-Forwarded-Uri", uri), ("X-Forwarded-Method", "GET"),
                            ("X-Forwarded-Host", "a.test"), ("X-Forwarded-For", client),
                        ])
                }
                let answer = try await verify("/keys/x", from: "192.0.2.7")
                #expect(answer.status == 200 && answer.field("X-Auth-Method") == "api_key")
                #expect(try await verify("/keys/x", from: "192.0.2.8").status == 403)
                #expect(try await verify("/api/x", from: "192.0.2.7").status == 401)
            }
        }

        private func checksum(of body: [UInt8]) -> String {
            var sum = UInt32.max
            for byte in body {
                sum ^= UInt32(byte)
                for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
            }
            let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
            var (rest, text) = (~sum, "")
            for _ in 0..<6 {
                text = "\(digits[Int(rest % 62)])\(text)"
                rest /= 62
            }
            return text
        }
    }
}
