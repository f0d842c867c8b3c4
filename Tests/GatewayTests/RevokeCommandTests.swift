import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("portcullis revoke")
    struct RevokeCommandTests {
        private static let token = "admin-token-of-the-command"

        /// A program whose configuration names the admin listener of a gateway.
        private func program(adminPort: Int, token: String? = token) throws -> Program {
            var settings = AdminTests.settings
            settings.adminToken = token
            let text = settings.yaml(redisPort: nil, backendPort: 9)
                .replacingOccurrences(
                    of: "admin: {address: \"127.0.0.1:0\"", with: "admin: {address: \"0.0.0.0:\(adminPort)\"")
            let program = try Program(configuration: text)
            try program.folder.write(try ForeignIssuer.shared.get().keySet(), to: "idp.json")
            return program
        }

        @Test("it revokes each kind at a running gateway; what is not named is spared")
        func revokes() async throws {
            SecretLedger.enter(Self.token)
            var settings = AdminTests.settings
            settings.adminToken = Self.token
            try await GatewayFixture.with(settings) { gateway in
                let program = try program(adminPort: gateway.adminPort)
                func status(_ token: String) async throws -> Int {
                    try await gateway.call("GET", "/api/x", token: token).status
                }
                func revoke(_ arguments: String...) async throws {
                    let command = ["revoke"] + arguments + ["--config", "portcullis.yaml"]
                    let outcome = try await Program.Outcome(program.launch(command))
                    #expect(outcome.exitCode == 0, "\(arguments) \(outcome.errors)")
                    #expect(outcome.output == "revoked\n")
                }
                let bob = try await gateway.login("bob")
                let kinds: [(String, (GatewayFixture.Grant) -> Any?)] = [
                    ("--jti", { $0.claims["jti"] }), ("--session", { $0.claims["sid"] }),
                    ("--subject", { $0.claims["sub"] }),
                ]
                for (option, value) in kinds {
                    let grant = try await gateway.login()
                    try await revoke(option, try #require(value(grant) as? String), "--reason", "drill")
                    #expect(try await status(grant.accessToken) == 401, "\(option)")
                    #expect(try await status(bob.accessToken) == 200, "\(option)")
                }
                let foreign = try gateway.issuer.token("sub", "\"carol\"")
                try await revoke("--subject", "carol", "--issuer", ForeignIssuer.name)
                #expect(try await status(foreign) == 401)
                try await revoke("--client", "portcullis")
                #expect(try await status(bob.accessToken) == 401)
                let last = try await gateway.login()
                try await revoke("--all")
                #expect(try await status(last.accessToken) == 401)
                #expect(await eventually { gateway.logText.contains("drill") })
                try await revoke("--key", "of-some-name")
            }
        }

        @Test(
            "exit codes: 64 for the command line and refusals, 69 without a gateway or its Redis, 78 without the token")
        func failures() async throws {
            SecretLedger.enter(Self.token)
            var settings = AdminTests.settings
            settings.adminToken = Self.token
            try await GatewayFixture.with(settings) { gateway in
                func outcome(_ program: Program, _ arguments: String...) async throws -> Program.Outcome {
                    try await Program.Outcome(
                        program.launch(["revoke"] + arguments + ["--config", "portcullis.yaml"]))
                }
                let good = try program(adminPort: gateway.adminPort)
                for arguments in [
                    [], ["--jti", "a", "--all"], ["--all", "--issuer", "https://a"], ["--all", "--expires-at", "1"],
                    ["--subject"],
                ] {
                    let run = try good.launch(["revoke"] + arguments + ["--config", "portcullis.yaml"])
                    #expect(await run.end() == 64, "\(arguments)")
                }
                let refused = try await outcome(good, "--subject", "a", "--issuer", "https://nobody.test")
                #expect(refused.exitCode == 64 && refused.errors.contains("issuer"), "\(refused.errors)")
                let none = try await outcome(try program(adminPort: gateway.adminPort, token: nil), "--all")
                #expect(none.exitCode == 78 && none.errors.contains("listeners.admin.token"), "\(none.errors)")
                let wrong = try await outcome(try program(adminPort: gateway.adminPort, token: "other"), "--all")
                #expect(wrong.exitCode == 78 && wrong.errors.contains("admin token"), "\(wrong.errors)")
                let away = try await outcome(try program(adminPort: try RedisServerProcess.freePort()), "--all")
                #expect(away.exitCode == 69 && away.errors.contains("is it running"), "\(away.errors)")
                gateway.redisServer?.kill()
                let outage = try await outcome(good, "--all")
                #expect(outage.exitCode == 69 && outage.output.isEmpty, "\(outage.errors)")
            }
        }
    }
}
