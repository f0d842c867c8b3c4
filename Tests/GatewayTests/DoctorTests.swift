import Foundation
import TestSupport
import Testing

@testable import Gateway
@testable import RedisClient

extension GatewayTests {
    @Suite("portcullis doctor")
    struct DoctorTests {
        private func prepared(_ redisPort: Int, backendPort: Int) async throws -> Program {
            var settings = GatewaySettings.accounts
            settings.redis = .none
            let program = try Program(configuration: settings.yaml(redisPort: redisPort, backendPort: backendPort))
            _ = try await GatewayFixture.prepare(program.folder, .accounts)
            chmod(program.folder.path("portcullis.yaml"), 0o600)
            return program
        }

        @Test("a Redis that may evict and keeps nothing, then one that is away, and a key that others can read")
        func redis() async throws {
            let server = try RedisServerProcess(arguments: ["--maxmemory-policy", "allkeys-lru"])
            let program = try await prepared(server.port, backendPort: server.port)
            let (evicting, code) = try await DoctorReport.examine(program)
            #expect(code == 1 && !evicting.ok)
            #expect(evicting.verdicts("redis.connection") == ["ok"])
            #expect(evicting.verdicts("redis.permissions") == ["ok"])
            #expect(evicting.verdicts("redis.eviction") == ["problem"])
            #expect(evicting.verdicts("redis.persistence") == ["warning"])
            #expect(evicting.verdicts("signing_keys") == ["ok"])
            #expect(evicting.verdicts("accounts") == ["ok"])
            #expect(try server.command("DBSIZE") == "0")
            try server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
            try server.command("ACL", "SETUSER", "default", "-mget")
            let (refused, _) = try await DoctorReport.examine(program)
            #expect(refused.verdicts("redis.eviction") == ["ok"])
            #expect(refused.findings.contains { $0.check == "redis.permissions" && $0.message.contains("+mget") })
            server.kill()
            let keys = try FileManager.default.contentsOfDirectory(atPath: program.folder.path("keys"))
            let key = try #require(keys.first { $0.hasSuffix(".pem") })
            chmod(program.folder.path("keys/\(key)"), 0o644)
            let (away, _) = try await DoctorReport.examine(program)
            #expect(away.verdicts("redis.connection") == ["problem"])
            #expect(away.verdicts("upstream").contains("problem"))
            #expect(away.verdicts("signing_keys") == ["problem"])
        }

        @Test("the permissions asked for are those of the ACL file")
        func permissions() throws {
            let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../deploy/redis/users.acl")
            let words = try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isWhitespace)
            let granted = Set(words.filter { $0.hasPrefix("+") }.map { String($0.dropFirst()) })
            let asked = Set(RedisPermissions.probes.map(\.command) + ["set", "del"])
            #expect(granted.subtracting(asked) == ["info", "select", "client|setname", "wait"])
            #expect(asked.subtracting(granted) == [])
        }

        @Test("ages, clocks, round trips and versions have their verdicts")
        func verdicts() {
            let day: Int64 = 86_400
            for (expiry, verdict) in [(-1, Finding.Verdict.problem), (13 * day, .warning), (15 * day, .ok)] {
                let found = CertificateExamination.finding("x", expiresAtSeconds: 1000 + expiry, nowSeconds: 1000)
                #expect(found.verdict == verdict)
            }
            for (difference, verdict) in [(Int64(900), Finding.Verdict.ok), (-5000, .warning), (31_000, .problem)] {
                #expect(RedisExamination.clock(difference, leewaySeconds: 30).verdict == verdict)
            }
            for (time, verdict) in [(Int64(1), Finding.Verdict.ok), (30, .warning), (100, .problem)] {
                let found = RedisExamination.roundTrip(.milliseconds(time), commandTimeoutMilliseconds: 100)
                #expect(found.verdict == verdict)
            }
            for (version, verdict) in [("6.0.16", Finding.Verdict.problem), ("6.2.0", .ok), ("10.0", .ok)] {
                let found = RedisExamination.findings(
                    ["redis_version": version], savesSnapshots: nil, minimumReplicas: 0)
                #expect(found.first?.verdict == verdict)
            }
        }
    }
}
