import TestSupport
import Testing

extension GatewayTests {
    @Suite("other forms of Redis")
    struct RedisTopologyTests {
        /// A cluster of one node, which refuses what is wrong in any cluster: keys of several slots in one step.
        private static func startCluster() async throws -> RedisServerProcess {
            let busPort = try RedisServerProcess.freePort()
            let server = try RedisServerProcess(arguments: [
                "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
                "--cluster-port", String(busPort),
            ])
            try server.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            let isWhole = try await eventually { try server.command("CLUSTER", "INFO").contains("cluster_state:ok") }
            #expect(isWhole)
            return server
        }

        /// Logs in, refreshes, is limited and logs out.
        private func expectAllToWork(_ gateway: GatewayFixture) async throws {
            try await gateway.waitForRedis()
            let first = try await gateway.login()
            let second = try await gateway.login()
            let renewed = try GatewayFixture.Grant(try await gateway.refresh(first.refreshToken))
            for token in [first, second, renewed].map(\.accessToken) {
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 200)
            }
            for status in [200, 200, 429] {
                #expect(try await gateway.call("GET", "/limited/x", token: second.accessToken).status == status)
            }
            #expect(try await gateway.call("GET", "/auth/sessions", token: second.accessToken).status == 200)
            #expect(try await gateway.call("POST", "/auth/logout", token: renewed.accessToken).status == 204)
            for token in [first, renewed].map(\.accessToken) {
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 401)
            }
            #expect(try await gateway.refresh(renewed.refreshToken).status == 401)
            #expect(try await gateway.call("GET", "/api/x", token: second.accessToken).status == 200)
            let everywhere = try await gateway.post(
                "/auth/logout", json: #"{"everywhere":true}"#, token: second.accessToken)
            #expect(everywhere.status == 204)
            #expect(try await gateway.call("GET", "/api/x", token: second.accessToken).status == 401)
            let ready = try await gateway.readiness()
            let redis = try #require(gateway.redisServer)
            #expect(ready.text.contains("\"redis_nodes\":{\"127.0.0.1:\(redis.port)\":\"ok\""), "\(ready.text)")
        }

        private static func settings(_ url: String, options: String = "") -> GatewaySettings {
            var settings = GatewaySettings.accounts
            settings.redisURL = url
            settings.redisOptions += options
            settings.routes = [
                "{path: /limited/, upstream: api, auth: {any_of: [jwt]}, "
                    + "rate_limit: {requests: 2, window: 1d, key: subject, shared: true}}"
            ]
            return settings
        }

        @Test("in a cluster everything works, all of it in the slot of the prefix")
        func cluster() async throws {
            let server = try await Self.startCluster()
            var settings = Self.settings(
                "redis+cluster://127.0.0.1:\(server.port)", options: ", key_prefix: \"{portcullis}:\"")
            settings.redis = .shared(server)
            try await GatewayFixture.with(settings) { gateway in
                try await expectAllToWork(gateway)
                let slot = try server.command("CLUSTER", "KEYSLOT", "portcullis")
                // Keys come and go between the two questions.
                let areAllInSlot = try await eventually {
                    let inSlot = try server.command("CLUSTER", "COUNTKEYSINSLOT", slot)
                    return try server.command("DBSIZE") == inSlot && inSlot != "0"
                }
                #expect(areAllInSlot)
            }
        }

        @Test("by a Unix domain socket everything works, and /readyz names it")
        func unixSocket() async throws {
            let server = try RedisServerProcess()
            var settings = Self.settings("unix://\(server.socketPath)")
            settings.redis = .shared(server)
            try await GatewayFixture.with(settings) { gateway in
                try await gateway.waitForRedis()
                let grant = try await gateway.login()
                #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 200)
                #expect(try await gateway.readiness().text.contains("\"unix:\(server.socketPath)\":\"ok\""))
            }
        }
    }
}
