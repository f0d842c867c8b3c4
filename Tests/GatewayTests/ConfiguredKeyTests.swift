import Foundation
import JOSE
import Sessions
import TestSupport
import Testing

extension AccountTests {
    @Suite("signing keys: from the configuration, and leaked")
    struct ConfiguredKeyTests {
        /// A new private key in PEM form.
        private static func privateKey() throws -> String {
            let folder = try TemporaryFolder()
            let directory = SigningKeyDirectory(path: folder.path("keys"), algorithm: .es256)
            _ = try directory.generate(nowSeconds: Int64(Date.now.timeIntervalSince1970))
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path("keys"))
            let name = try #require(files.first { $0.hasSuffix(".pem") })
            return try String(contentsOfFile: folder.path("keys/\(name)"), encoding: .utf8)
        }

        private static func keyID(of token: String) throws -> String {
            let bytes = try #require(Base64URL.decode(String(token.prefix { $0 != "." })))
            return try #require(try JSONParser().parse(bytes)["kid"]?.string)
        }

        @Test("a key and a refresh key that stand in the configuration sign, refresh and are published; a restart keeps them")
        func configured() async throws {
            let key = try Self.privateKey()
            let refreshKey = String(repeating: "0123456789abcdef", count: 4)
            SecretLedger.enter(refreshKey)
            var settings = GatewaySettings.accounts
            settings.configuredKeys = "signing_key: \"${file:signing.pem}\", refresh_key: \"${file:refresh.key}\""
            settings.files = [("signing.pem", key), ("refresh.key", refreshKey)]
            try await GatewayFixture.with(settings) { gateway in
                let first = try await gateway.login()
                let keyID = try Self.keyID(of: first.accessToken)
                let published = try await gateway.call("GET", "/.well-known/jwks.json").json["keys"] as? [[String: Any]]
                #expect(published?.compactMap { $0["kid"] as? String } == [keyID])
                #expect(published?.allSatisfy { $0["d"] == nil } == true)
                #expect(try await gateway.call("GET", "/api/x", token: first.accessToken).status == 200)
                // As after a restart: another process with the same configuration and the same Redis.
                var other = settings
                other.redis = .shared(try #require(gateway.redisServer))
                try await GatewayFixture.with(other) { restarted in
                    let second = try GatewayFixture.Grant(try await restarted.refresh(first.refreshToken))
                    #expect(try Self.keyID(of: second.accessToken) == keyID)
                    #expect(try await gateway.call("GET", "/api/x", token: second.accessToken).status == 200)
                    #expect(try await restarted.call("GET", "/api/x", token: first.accessToken).status == 200)
                }
            }
        }

        /// A running gateway, and the command line with the same configuration.
        private func withProgram(_ body: (GatewayFixture, Program, RedisServerProcess) async throws -> Void) async throws {
            let settings = GatewaySettings.accounts
            try await GatewayFixture.with(settings) { gateway in
                let redis = try #require(gateway.redisServer)
                let text = settings.yaml(redisPort: redis.port, backendPort: gateway.backend.port)
                try gateway.folder.write(text, to: "portcullis.yaml")
                try await body(gateway, try Program(in: gateway.folder), redis)
            }
        }

        @Test("keys retire --now: what the leaked key signed is refused at once, and another key signs")
        func retired() async throws {
            try await withProgram { gateway, program, redis in
                let leaked = try await gateway.login()
                let keyID = try Self.keyID(of: leaked.accessToken)
                #expect(try await gateway.call("GET", "/api/x", token: leaked.accessToken).status == 200)
                let outcome = try await Program.Outcome(
                    program.launch(["keys", "retire", "--now", "--config", "portcullis.yaml", "--", keyID]))
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                #expect(outcome.output.contains("every token it signed is refused"), "\(outcome.output)")
                #expect(try redis.command("EXISTS", "portcullis:revoked:kid:\(keyID)") == "1")
                #expect(try await gateway.call("GET", "/api/x", token: leaked.accessToken).status == 401)
                let listed = try await program.run("keys", "list")
                #expect(listed.exitCode == 0 && !listed.output.contains(keyID), "\(listed.output)")
            }
        }

        @Test("keys retire --now without Redis: the key is gone, the exit status and the words say what is missing")
        func retiredWithoutRedis() async throws {
            try await withProgram { gateway, program, redis in
                let leaked = try await gateway.login()
                let keyID = try Self.keyID(of: leaked.accessToken)
                let command = ["keys", "retire", "--now", "--config", "portcullis.yaml", "--", keyID]
                redis.kill()
                let away = try await Program.Outcome(program.launch(command))
                #expect(away.exitCode == 69 && away.errors.contains("run this again"), "\(away.errors)")
                let listed = try await program.run("keys", "list")
                #expect(listed.exitCode == 0 && !listed.output.contains(keyID), "\(listed.output)")
                try redis.restart()
                let again = try await Program.Outcome(program.launch(command))
                #expect(again.exitCode == 0 && again.output.contains("every token it signed is refused"), "\(again.errors)")
                let isRefused = try await eventually {
                    try await gateway.call("GET", "/api/x", token: leaked.accessToken).status == 401
                }
                #expect(isRefused)
            }
        }
    }
}
