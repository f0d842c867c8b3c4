import Foundation
import TestSupport
import Testing

extension GatewayTests {
    @Suite("when Redis or the backend is away")
    struct OutageTests {
        private func expectUnavailable(
            _ answer: HTTPAnswer, sourceLocation: SourceLocation = #_sourceLocation
        ) {
            expectProblem(answer, 503, "temporarily_unavailable", sourceLocation: sourceLocation)
            #expect(Int(answer.field("Retry-After") ?? "") ?? 0 >= 1, sourceLocation: sourceLocation)
        }

        @Test("Redis away and the policy closed: 503, never 401; open: 200; a bad token is 401 all the same")
        func policies() async throws {
            var settings = GatewaySettings()
            settings.routes = ["{path: /lenient/, upstream: api, auth: {any_of: [jwt]}, on_unavailable: open}"]
            try await GatewayFixture.with(settings) { gateway in
                let token = try gateway.issuer.token()
                let bad = try gateway.issuer.token(key: gateway.issuer.otherKey)
                gateway.redisServer?.kill()
                let isGone = try await eventually {
                    try await gateway.call("GET", "/api/x", token: token).status == 503
                }
                #expect(isGone)
                expectUnavailable(try await gateway.call("GET", "/api/x", token: token))
                expectUnavailable(try await gateway.call("GET", "/auth/verify", token: token))
                #expect(try await gateway.call("GET", "/lenient/x", token: token).status == 200)
                #expect(try await gateway.call("GET", "/lenient/x", token: bad).status == 401)
                #expect(try await gateway.call("GET", "/api/x", token: bad).status == 401)
                #expect(try await gateway.call("GET", "/api/x").status == 401)
                #expect(try await gateway.call("GET", "/public/x").status == 200)
                expectUnavailable(try await gateway.call("POST", "/auth/logout", token: token))
            }
        }

        @Test("Redis killed under load: only 200 and 503 are seen, and service comes back by itself")
        func killedUnderLoad() async throws {
            var settings = GatewaySettings.accounts
            settings.redis = .durable
            try await GatewayFixture.with(settings) { gateway in
                let redis = try #require(gateway.redisServer)
                let live = try await gateway.login()
                let revoked = try await gateway.login()
                let leaving = try await gateway.login()
                #expect(try await gateway.call("POST", "/auth/logout", token: revoked.accessToken).status == 204)
                let load = Load(gateway, tokens: [live.accessToken, revoked.accessToken])
                let workers = Task { await load.run(connections: 8) }
                #expect(await eventually { load.count(0, 200) > 100 && load.count(1, 401) > 100 })
                redis.kill()
                #expect(await eventually { load.count(0, 503) > 20 })
                expectUnavailable(try await gateway.call("GET", "/api/x", token: live.accessToken))
                expectUnavailable(try await gateway.call("POST", "/auth/logout", token: leaving.accessToken))
                // It is not promised, but this node keeps to it from then on.
                #expect(try await gateway.call("GET", "/api/x", token: leaving.accessToken).status == 401)
                expectUnavailable(try await gateway.refresh(live.refreshToken))
                let password = try #require(Accounts.passwords["bob"])
                expectUnavailable(
                    try await gateway.post("/auth/login", json: "{\"username\":\"bob\",\"password\":\"\(password)\"}"))
                #expect(try await gateway.call("GET", "/public/x").status == 200)
                #expect(try await gateway.admin("/healthz").status == 200)
                let report = await eventuallyReport(gateway) { $0.status == 503 }
                #expect(report?.member("redis") == "unreachable")
                try redis.restart()
                try await gateway.waitForRedis()
                let before = (load.count(0, 200), load.count(1, 401))
                #expect(await eventually { load.count(0, 200) > before.0 + 100 && load.count(1, 401) > before.1 + 100 })
                load.stop()
                await workers.value
                // A token revoked before the fault was never accepted, during it or after.
                #expect(load.statuses(0) == [200, 503])
                #expect(load.statuses(1) == [401])
                #expect(try await gateway.call("GET", "/api/x", token: leaving.accessToken).status == 401)
                let metrics = try await gateway.metrics()
                #expect(metrics.value("portcullis_revocation_checks_total", #"result="unavailable""#) > 0)
                #expect(metrics.value("portcullis_redis_reconnects_total") > 0)
                let identifier = try #require(leaving.claims["jti"] as? String)
                let isWritten = try await eventually {
                    try redis.command("GET", "portcullis:revoked:jti:\(identifier)") == "1"
                }
                #expect(isWritten)
                #expect(load.brokenConnections == 0)
                #expect(try await gateway.refresh(live.refreshToken).status == 200)
                #expect(await eventuallyReport(gateway) { $0.status == 200 } != nil)
            }
        }

        @Test("Redis that stands still: answers come within the command's time-out, and are 503")
        func stopped() async throws {
            var settings = GatewaySettings.accounts
            settings.redisOptions = "command_timeout: 400ms, connect_timeout: 400ms"
            try await GatewayFixture.with(settings) { gateway in
                let redis = try #require(gateway.redisServer)
                let grant = try await gateway.login()
                #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 200)
                redis.pause()
                for _ in 0..<6 {
                    // Far more than the time-out, far less than any other deadline of the gateway.
                    let connection = try await gateway.connect()
                    await connection.request("GET", "/api/x", [("Authorization", "Bearer \(grant.accessToken)")])
                    expectUnavailable(try await connection.answer(within: .seconds(4)))
                    await connection.close()
                }
                expectUnavailable(try await gateway.refresh(grant.refreshToken))
                expectUnavailable(try await gateway.call("POST", "/auth/logout", token: grant.accessToken))
                #expect(try await gateway.call("GET", "/public/x").status == 200)
                redis.resume()
                let isBack = try await eventually {
                    let status = try await gateway.call("GET", "/api/x", token: grant.accessToken).status
                    return status == 200 || status == 401
                }
                #expect(isBack)
                // The logout was answered with "may have happened"; now it must work.
                let hasEnded = try await eventually {
                    try await gateway.call("POST", "/auth/logout", token: grant.accessToken).status == 204
                }
                #expect(hasEnded)
                #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status != 200)
            }
        }

        @Test("the very first requests after the start find Redis connected, on every event loop")
        func firstRequests() async throws {
            try await GatewayFixture.with { gateway in
                let token = try gateway.issuer.token()
                for _ in 0..<16 { #expect(try await gateway.call("GET", "/api/x", token: token).status == 200) }
                #expect(try await gateway.readiness().status == 200)
            }
        }

        @Test("revocation off: a token that was logged out is still accepted, and the log says so loudly")
        func revocationOff() async throws {
            var settings = GatewaySettings()
            settings.sections = ["revocation: {mode: off}"]
            try await GatewayFixture.with(settings) { gateway in
                let token = try gateway.issuer.token()
                #expect(try await gateway.call("POST", "/auth/logout", token: token).status == 204)
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 200)
                let isLoud = await eventually {
                    gateway.logText.split(separator: "\n").contains { line in
                        line.contains("revocation is off") && line.contains("\"severity\":\"WARNING\"")
                    }
                }
                #expect(isLoud)
            }
        }

        @Test("Redis down at the start: the gateway starts, says so, and serves when Redis comes")
        func downAtStart() async throws {
            try await GatewayFixture.with(GatewaySettings(), redisIsUp: false) { gateway in
                let token = try gateway.issuer.token()
                expectUnavailable(try await gateway.call("GET", "/api/x", token: token))
                #expect(try await gateway.call("GET", "/public/x").status == 200)
                #expect(try await gateway.admin("/healthz").status == 200)
                let report = try await gateway.readiness()
                #expect(report.status == 503)
                #expect(report.member("redis") == "unreachable")
                try gateway.redisServer?.restart()
                try await gateway.waitForRedis()
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 200)
                #expect(await eventuallyReport(gateway) { $0.status == 200 }?.member("redis") == "ok")
            }
        }

        @Test("a Redis that takes no writes: a logout is not promised, and this node keeps to it all the same")
        func readOnlyRedis() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let redis = try #require(gateway.redisServer)
                let other = try await gateway.login()
                try redis.command("CONFIG", "SET", "min-replicas-to-write", "3")
                expectUnavailable(try await gateway.call("POST", "/auth/logout", token: other.accessToken))
                #expect(try await gateway.call("GET", "/api/x", token: other.accessToken).status == 401)
                try redis.command("CONFIG", "SET", "min-replicas-to-write", "0")
                #expect(try await gateway.call("POST", "/auth/logout", token: other.accessToken).status == 204)
                #expect(try await gateway.call("GET", "/api/x", token: other.accessToken).status == 401)
            }
        }

        @Test("a Redis user who may not read the deny-list: the gateway is not ready and says why")
        func forbidden() async throws {
            let server = try RedisServerProcess(arguments: [
                "--user", "gateway", "on", ">secret", "~*", "&*", "+@all", "-mget",
            ])
            var settings = GatewaySettings()
            settings.redis = .shared(server)
            settings.redisURL = "redis://gateway:secret@127.0.0.1:\(server.port)/0"
            try await GatewayFixture.with(settings) { gateway in
                let report = await eventuallyReport(gateway) { $0.member("redis") == "refuses: NOPERM" }
                #expect(report?.status == 503)
                #expect(try await gateway.call("GET", "/api/x", token: gateway.issuer.token()).status == 503)
                try server.command("ACL", "SETUSER", "gateway", "+mget")
                #expect(await eventuallyReport(gateway) { $0.status == 200 }?.member("redis") == "ok")
            }
        }

        @Test("without a Redis all of it works inside the process")
        func inProcess() async throws {
            var settings = GatewaySettings.accounts
            settings.redis = .none
            settings.tokens = "rotation_grace: 0s"
            try await GatewayFixture.with(settings) { gateway in
                #expect(gateway.logText.contains("no redis configured"))
                #expect(try await gateway.readiness().member("redis") == "not configured")
                let first = try await gateway.login()
                let second = try await gateway.login()
                let bob = try await gateway.login("bob")
                func status(_ grant: GatewayFixture.Grant) async throws -> Int {
                    // More than one connection, for both event loops must know.
                    var statuses: Set<Int> = []
                    for _ in 0..<8 {
                        statuses.insert(try await gateway.call("GET", "/api/x", token: grant.accessToken).status)
                    }
                    #expect(statuses.count == 1)
                    return statuses.first ?? 0
                }
                #expect(try await status(first) == 200)
                let next = try GatewayFixture.Grant(try await gateway.refresh(first.refreshToken))
                #expect(try await status(next) == 200)
                #expect(try await gateway.refresh(first.refreshToken).status == 401)
                #expect(try await status(next) == 401)
                #expect(try await gateway.call("POST", "/auth/logout", token: second.accessToken).status == 204)
                #expect(try await status(second) == 401)
                #expect(try await gateway.call("POST", "/auth/logout", token: second.accessToken).status == 204)
                let third = try await gateway.login()
                let fourth = try await gateway.login()
                let all = try await gateway.post(
                    "/auth/logout", json: #"{"everywhere":true}"#, token: third.accessToken)
                #expect(all.status == 204)
                #expect(try await status(fourth) == 401)
                #expect(try await status(bob) == 200)
                #expect(try await status(try await gateway.login()) == 200)
                let foreign = try gateway.issuer.token()
                #expect(try await gateway.call("POST", "/auth/logout", token: foreign).status == 204)
                #expect(try await gateway.call("GET", "/api/x", token: foreign).status == 401)
            }
        }
    }
}
