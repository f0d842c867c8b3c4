import Foundation
import TestSupport
import Testing

extension GatewayTests {
    @Suite("portcullis doctor and what stands around a gateway")
    struct DoctorSurroundingsTests {
        /// What it finds, with a configuration whose text may be changed.
        private func examine(
            _ settings: GatewaySettings, redisPort: Int? = nil, backendPort: Int = 9,
            _ edit: (String) -> String = { $0 }
        ) async throws -> DoctorReport {
            let text = edit(settings.yaml(redisPort: redisPort, backendPort: backendPort))
            let program = try Program(configuration: text)
            _ = try await GatewayFixture.prepare(program.folder, settings)
            for (name, content) in settings.files { try program.folder.write(content, to: name) }
            return try await DoctorReport.examine(program).0
        }

        private func settings(_ redisURL: String? = nil, _ options: String = "") -> GatewaySettings {
            var settings = GatewaySettings()
            settings.redisURL = redisURL
            settings.redisOptions += options
            return settings
        }

        private func expectWell(_ report: DoctorReport, sourceLocation: SourceLocation = #_sourceLocation) {
            for check in ["redis.connection", "redis.permissions", "redis.eviction"] {
                let found = report.texts(check)
                #expect(
                    !found.isEmpty && found.allSatisfy { $0.hasPrefix("ok") }, "\(found)",
                    sourceLocation: sourceLocation)
            }
        }

        @Test("Redis by TLS is examined through it", .enabled(if: RedisServerProcess.speaksTLS))
        func encryptedRedis() async throws {
            let encryption = try RedisEncryption()
            let port = try RedisServerProcess.freePort()
            let server = try RedisServerProcess(arguments: encryption.arguments(port: port))
            let options =
                ", tls: {ca: \"\(encryption.authority.root.certificate)\", "
                + "certificate: \"\(encryption.client.certificate)\", private_key: \"\(encryption.client.privateKey)\"}"
            let url = "rediss://127.0.0.1:\(port)"
            expectWell(try await examine(settings(url, options), redisPort: server.port))
            let untrusting = try await examine(settings(url), redisPort: server.port)
            #expect(untrusting.texts("redis.connection").first?.hasPrefix("problem") == true)
        }

        @Test("Redis by Sentinel: the primary is examined; where no sentinel knows the name, that is a problem")
        func sentinel() async throws {
            let primary = try RedisServerProcess()
            let sentinel = try RedisSentinelProcess(primaryPort: primary.port)
            let url = "redis+sentinel://127.0.0.1:\(sentinel.port)"
            expectWell(try await examine(settings("\(url)/mymaster/0"), redisPort: primary.port))
            let unknown = try await examine(settings("\(url)/other/0"), redisPort: primary.port)
            #expect(unknown.texts("redis.connection").first?.hasPrefix("problem") == true)
        }

        @Test("a Redis cluster: the node of the prefix's slot is examined")
        func cluster() async throws {
            let cluster = try await RedisClusterProcesses(replicated: 0)
            let node = cluster.primaries[2].port
            expectWell(
                try await examine(
                    settings("redis+cluster://127.0.0.1:\(node)", ", key_prefix: \"{portcullis}:\""), redisPort: node))
        }

        @Test("a Redis that accepts and never answers is a problem, and the examination ends")
        func hangingRedis() async throws {
            let server = try RedisServerProcess()
            server.pause()
            let report = try await examine(settings(), redisPort: server.port)
            #expect(report.texts("redis.connection").first?.hasPrefix("problem") == true)
            #expect(!report.texts("upstream").isEmpty)
        }

        @Test("a PostgreSQL that accepts and never answers is a problem, and the examination ends")
        func hangingPostgreSQL() async throws {
            let silent = try BlockingListener()
            var settings = settings()
            settings.hasAccounts = true
            settings.accountDatabase = "postgresql://portcullis@127.0.0.1:\(silent.port)/portcullis?sslmode=disable"
            settings.files = [("database-password", "secret of nobody")]
            let report = try await examine(settings)
            #expect(report.texts("accounts").first?.hasPrefix("problem") == true, "\(report.findings)")
            silent.shutDown()
        }

        @Test("a target without TLS, or not to be trusted: what to write", .enabled(if: RedisServerProcess.speaksTLS))
        func encryptedTargets() async throws {
            // Any server with TLS will do.
            let encryption = try RedisEncryption()
            let port = try RedisServerProcess.freePort()
            let server = try RedisServerProcess(arguments: encryption.arguments(port: port))
            defer { server.kill() }
            let plain = try BlockingListener()
            Thread.detachNewThread {
                while let connection = try? plain.accept() {
                    _ = try? connection.receive()
                    try? connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                }
            }
            let trust = ", tls: {ca: \"\(encryption.authority.root.certificate)\""
            for (port, more, advice) in [
                (port, "", "name its authority as tls.ca"),
                (port, trust + ", server_name: other.test}", "for another name: say which as tls.server_name"),
                (plain.port, "", "write http:// in targets"),
            ] {
                var settings = settings()
                settings.upstream += more
                let report = try await examine(settings, backendPort: port) { text in
                    text.replacing("[\"http://", with: "[\"https://")
                }
                let found = report.texts("upstream")
                #expect(found.first?.hasPrefix("problem") == true && found[0].contains(advice), "\(found)")
                #expect(!found[0].contains("Error"), "\(found)")
            }
            plain.shutDown()
        }
    }
}
