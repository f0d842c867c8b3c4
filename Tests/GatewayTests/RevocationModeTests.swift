import Foundation
import TestSupport
import Testing

extension GatewayTests {
    @Suite("revocation answered from memory, outages, replicas")
    struct RevocationModeTests {
        private func settings(_ revocation: String, redis: String = "command_timeout: 300ms") -> GatewaySettings {
            var settings = GatewaySettings.accounts
            settings.sections = ["revocation: {\(revocation)}"]
            settings.redisOptions = redis
            settings.routes = [
                "{path: /stale/, upstream: api, auth: {any_of: [jwt]}, on_unavailable: stale}",
                "{path: /open/, upstream: api, auth: {any_of: [jwt]}, on_unavailable: open}",
            ]
            return settings
        }

        @Test("from the mirror: good tokens pass and revoked ones do not, while Redis hears of no request")
        func mirror() async throws {
            try await GatewayFixture.with(settings("mode: mirror")) { gateway in
                let redis = try #require(gateway.redisServer)
                let (staying, leaving) = (try await gateway.login(), try await gateway.login())
                try redis.command("CONFIG", "RESETSTAT")
                for _ in 0..<8 {
                    #expect(try await gateway.call("GET", "/api/x", token: staying.accessToken).status == 200)
                }
                #expect(try redis.command("INFO", "commandstats").contains("cmdstat_mget") == false)
                #expect(try await gateway.call("POST", "/auth/logout", token: leaving.accessToken).status == 204)
                for _ in 0..<8 {
                    #expect(try await gateway.call("GET", "/api/x", token: leaving.accessToken).status == 401)
                }
            }
        }

        @Test("a mirror that is not fresh is not used: Redis stopped means 503 by the policy, never a guess")
        func staleMirror() async throws {
            let settings = settings("mode: mirror, mirror_staleness: 300ms, stale_grace: 2s")
            try await GatewayFixture.with(settings) { gateway in
                let redis = try #require(gateway.redisServer)
                let (staying, leaving) = (try await gateway.login(), try await gateway.login())
                #expect(try await gateway.call("POST", "/auth/logout", token: leaving.accessToken).status == 204)
                redis.pause()
                let isClosed = try await eventually {
                    try await gateway.call("GET", "/api/x", token: staying.accessToken).status == 503
                }
                #expect(isClosed)
                #expect(try await gateway.call("GET", "/stale/x", token: staying.accessToken).status == 200)
                #expect(try await gateway.call("GET", "/open/x", token: staying.accessToken).status == 200)
                // What is known to be revoked is refused by every policy.
                for path in ["/api/x", "/stale/x", "/open/x"] {
                    #expect(try await gateway.call("GET", path, token: leaving.accessToken).status == 401)
                }
                let isOver = try await eventually {
                    try await gateway.call("GET", "/stale/x", token: staying.accessToken).status == 503
                }
                #expect(isOver)
                #expect(gateway.logText.contains("the deny-list cannot be asked"))
                redis.resume()
                let isBack = try await eventually {
                    try await gateway.call("GET", "/api/x", token: staying.accessToken).status == 200
                }
                #expect(isBack)
                // Each event loop finds out by itself.
                let isTold = try await eventually {
                    _ = try await gateway.call("GET", "/api/x", token: staying.accessToken)
                    return gateway.logText.contains("the deny-list can be asked again")
                }
                #expect(isTold)
            }
        }

        @Test("a dead Redis costs its time-out once, and not each request")
        func breaker() async throws {
            let settings = settings("mode: query", redis: "command_timeout: 500ms, connect_timeout: 60s")
            try await GatewayFixture.with(settings) { gateway in
                let token = try gateway.issuer.token()
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 200)
                gateway.redisServer?.pause()
                // Both event loops have to find out.
                for _ in 0..<8 { #expect(try await gateway.call("GET", "/api/x", token: token).status == 503) }
                let start = ContinuousClock.now
                for _ in 0..<40 { #expect(try await gateway.call("GET", "/api/x", token: token).status == 503) }
                #expect(ContinuousClock.now - start < .milliseconds(40 * 500 / 2))
                gateway.redisServer?.resume()
            }
        }

        @Test("acknowledged by the nodes: once a logout is answered, no other node accepts the token")
        func acknowledged() async throws {
            let settings = settings("mode: mirror, acknowledge: nodes, mirror_staleness: 1s")
            try await GatewayFixture.with(settings) { first in
                var shared = settings
                shared.redis = .shared(try #require(first.redisServer))
                try await GatewayFixture.with(shared) { second in
                    for _ in 0..<10 {
                        let token = try first.issuer.token(["jti": "\"\(UUID().uuidString)\""])
                        #expect(try await second.call("GET", "/api/x", token: token).status == 200)
                        #expect(try await first.call("POST", "/auth/logout", token: token).status == 204)
                        #expect(try await second.call("GET", "/api/x", token: token).status == 401)
                    }
                }
            }
        }

        @Test("a replica has a revocation before it is answered; cut off from its primary, it confirms nothing")
        func confirmed() async throws {
            let primary = try RedisServerProcess(arguments: ["--repl-diskless-sync-delay", "0"])
            let link = try await ByteRelay.start(to: primary.port)
            let replica = try RedisServerProcess(arguments: ["--replicaof", "127.0.0.1", String(link.port)])
            let isInStep = try await eventually { try replica.command("ROLE").contains("connected") }
            #expect(isInStep)
            var settings = settings("min_replicas: 1", redis: "command_timeout: 2s")
            settings.redis = .shared(primary)
            try await GatewayFixture.with(settings) { gateway in
                let isConnected = try await eventually {
                    try primary.command("CLIENT", "LIST").contains("name=portcullis-confirming")
                }
                #expect(isConnected)
                func marks() throws -> Set<String> {
                    Set(try replica.command("KEYS", "portcullis:revoked:jti:*").split(separator: "\n").map(String.init))
                }
                for number in 1...5 {
                    let token = try gateway.issuer.token()
                    #expect(try await gateway.call("POST", "/auth/logout", token: token).status == 204)
                    #expect(try marks().count == number)
                    #expect(try await gateway.call("GET", "/api/x", token: token).status == 401)
                }
                // The primary takes the write; nobody else will ever have it.
                link.fault = .silence
                let token = try gateway.issuer.token()
                #expect(try await gateway.call("POST", "/auth/logout", token: token).status == 503)
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 401)
                #expect(try marks().count == 5)
            }
            await link.close()
        }

        @Test("too few replicas: a logout is not promised")
        func replicas() async throws {
            try await GatewayFixture.with(settings("min_replicas: 1")) { gateway in
                let token = try gateway.issuer.token()
                #expect(try await gateway.call("POST", "/auth/logout", token: token).status == 503)
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 401)
            }
        }
    }

    @Suite("streams end with their token")
    struct StreamEndTests {
        private func open(_ gateway: GatewayFixture, _ path: String, _ token: String) async throws -> HTTPTestConnection
        {
            let connection = try await gateway.connect()
            let isSocket = path.hasSuffix("/socket")
            let upgrade = [
                ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ]
            await connection.request(
                "GET", path, [("Authorization", "Bearer \(token)")] + (isSocket ? upgrade : []))
            return connection
        }

        @Test(
            "revoked: events and WebSockets end at once; a rotation ends none",
            arguments: ["/api/events", "/api/socket"])
        func revoked(path: String) async throws {
            for sections in [[], ["revocation: {mode: mirror}"]] {
                var settings = GatewaySettings.accounts
                settings.sections = sections
                try await GatewayFixture.with(settings) { gateway in
                    let (staying, leaving) = (try await gateway.login(), try await gateway.login())
                    let first = try await open(gateway, path, staying.accessToken)
                    let second = try await open(gateway, path, leaving.accessToken)
                    let isOpen = await eventually { gateway.backend.arrivals.count == 2 }
                    #expect(isOpen)
                    #expect(try await gateway.refresh(leaving.refreshToken).status == 200)
                    let lasts = await second.remainder(within: .milliseconds(400)) == nil
                    #expect(lasts)
                    #expect(try await gateway.call("POST", "/auth/logout", token: leaving.accessToken).status == 204)
                    let hasEnded = await second.remainder(within: .seconds(5)) != nil
                    #expect(hasEnded)
                    let goesOn = await first.remainder(within: .milliseconds(300)) == nil
                    #expect(goesOn)
                    await first.close()
                    await second.close()
                }
            }
        }

        @Test("revoked: an HTTP/2 stream is reset at once, others of its kind go on", arguments: ["h2c", "h2"])
        func revokedStream(scheme: String) async throws {
            var settings = GatewaySettings()
            let authority = try TestAuthority()
            let pair = try authority.issue("gateway", names: ["localhost"])
            if scheme == "h2" {
                settings.listeners =
                    "{address: \"127.0.0.1:0\", tls: {certificate: \"\(pair.certificate)\", "
                    + "private_key: \"\(pair.privateKey)\"}}"
            }
            try await GatewayFixture.with(settings) { gateway in
                let client = HTTP2Program(
                    port: gateway.publicPort, authorityFile: scheme == "h2" ? authority.root.certificate : nil)
                let (staying, leaving) = (try gateway.issuer.token(), try gateway.issuer.token())
                let (first, second) = (try client.open("/api/events", staying), try client.open("/api/events", leaving))
                let isOpen = await eventually { first.output.contains("200") && second.output.contains("200") }
                #expect(isOpen, "\(second.output)\(second.errors)")
                #expect(try await client.call("POST", "/auth/logout", leaving) == "204")
                // curl's exit code for a stream that was not closed cleanly.
                #expect(await second.end(within: .seconds(5)) == 92)
                #expect(first.exitCode == nil)
                first.signal(SIGKILL)
                #expect(await first.end() == -SIGKILL)
            }
        }

        @Test("expired: they end by themselves")
        func expired() async throws {
            var settings = GatewaySettings()
            settings.leeway = "0s"
            try await GatewayFixture.with(settings) { gateway in
                let now = Int(Date.now.timeIntervalSince1970)
                let token = try gateway.issuer.token(["exp": "\(now + 2)"])
                let connection = try await open(gateway, "/api/events", token)
                let hasEnded = await connection.remainder(within: .seconds(8)) != nil
                #expect(hasEnded)
                #expect(Int(Date.now.timeIntervalSince1970) >= now + 2)
                await connection.close()
            }
        }
    }
}
