import Credentials
import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("commands for accounts")
    struct AccountCommandTests {
        private static let bcrypt = "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm"
        private static let bcryptPassword = "Kk4DQuMMfZL9o"

        private func prepared(redisPort: Int? = nil) async throws -> Program {
            var settings = GatewaySettings.accounts
            settings.login = "password_denylist: common.txt"
            let program = try Program(configuration: settings.yaml(redisPort: redisPort, backendPort: 9))
            _ = try await GatewayFixture.prepare(program.folder, .accounts)
            try program.folder.write("correct horse battery staple\n", to: "common.txt")
            return program
        }

        @Test("imported accounts log in, and a file with a bad line imports nothing")
        func importing() async throws {
            SecretLedger.enter(Self.bcryptPassword)
            let program = try await prepared()
            try program.folder.write("dora:\(Self.bcrypt)\nbad line\n", to: "bad.htpasswd")
            let bad = try await program.run("user", "import", "bad.htpasswd")
            #expect(bad.exitCode == 78 && bad.errors.contains("line 2"), "\(bad.errors)")
            try program.folder.write("name,password_hash\ndora,\(Self.bcrypt)\neve,plain\n", to: "bad.csv")
            let plain = try await program.run("user", "import", "bad.csv")
            #expect(plain.exitCode == 78 && plain.errors.contains("line 3"), "\(plain.errors)")
            #expect(try await !program.run("user", "list").output.contains("dora"))
            try program.folder.write("name,password_hash,scope\ndora,\(Self.bcrypt),orders:read\n", to: "good.csv")
            let good = try await program.run("user", "import", "good.csv")
            #expect(good.exitCode == 0 && good.output.contains("added 1"), "\(good.errors)")
            let serving = try program.start("serve")
            let connection = try await HTTPTestConnection.open(port: serving.ports().public)
            let body = "{\"username\":\"dora\",\"password\":\"\(Self.bcryptPassword)\"}"
            await connection.request(
                "POST", "/auth/login", [("Content-Type", "application/json")], body: Array(body.utf8))
            let answer = try await connection.answer()
            #expect(answer.status == 200 && answer.member("scope") == "orders:read")
            for member in ["access_token", "refresh_token"] { SecretLedger.enter(answer.member(member) ?? "") }
            await connection.close()
            serving.signal(SIGTERM)
            #expect(await serving.end() == 0)
        }

        @Test("common passwords are refused, in any case")
        func denyList() async throws {
            let program = try await prepared()
            let refused = try await program.run("user", "add", "dave", input: "Correct Horse Battery Staple\n")
            #expect(refused.exitCode == 78 && refused.errors.contains("guessers"), "\(refused.errors)")
            try FileManager.default.removeItem(atPath: program.folder.path("common.txt"))
            #expect(try await program.run("check").exitCode == 78)
        }

        @Test("disabling an account ends its sessions: no refresh, no token; enabling lets it log in again")
        func disabling() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let redis = try #require(gateway.redisServer)
                try gateway.folder.write(
                    GatewaySettings.accounts.yaml(redisPort: redis.port, backendPort: 9), to: "portcullis.yaml")
                let program = try Program(in: gateway.folder)
                let grant = try await gateway.login()
                let other = try await gateway.login("bob")
                let outcome = try await program.run("user", "disable", "alice")
                #expect(outcome.exitCode == 0 && outcome.output.contains("ended 1 sessions"), "\(outcome.errors)")
                #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 401)
                #expect(try await gateway.refresh(grant.refreshToken).status == 401)
                #expect(try await gateway.call("GET", "/api/x", token: other.accessToken).status == 200)
                let password = try #require(Accounts.passwords["alice"])
                let json = "{\"username\":\"alice\",\"password\":\"\(password)\"}"
                #expect(try await gateway.post("/auth/login", json: json).status == 401)
                #expect(try await program.run("user", "enable", "alice").exitCode == 0)
                _ = try await gateway.login()
                redis.kill()
                let uncertain = try await program.run("user", "disable", "bob")
                #expect(uncertain.exitCode == 69 && uncertain.errors.contains("run this again"), "\(uncertain.errors)")
                #expect(try await program.run("user", "list").output.contains("disabled"))
            }
        }

        @Test("copy moves the accounts into PostgreSQL and back, backup writes a copy, check looks at each")
        func databases() async throws {
            let program = try await prepared()
            let server = try PostgreSQLServerProcess.shared.get()
            let name = try server.makeDatabase()
            var settings = GatewaySettings.accounts
            settings.accountDatabase = "postgres://portcullis@127.0.0.1:\(server.port)/\(name)"
            try program.folder.write(PostgreSQLServerProcess.password, to: "database-password")
            SecretLedger.enter(PostgreSQLServerProcess.password)
            try program.folder.write(settings.yaml(redisPort: nil, backendPort: 9), to: "postgres.yaml")
            func run(_ line: String...) async throws -> Program.Outcome {
                try await Program.Outcome(program.launch(line))
            }
            let copied = try await run(
                "credentials", "copy", "--from", "portcullis.yaml", "--config", "postgres.yaml")
            #expect(copied.exitCode == 0 && copied.output.contains("users: 2"), "\(copied.errors)")
            let again = try await run("credentials", "copy", "--from", "portcullis.yaml", "--config", "postgres.yaml")
            #expect(again.exitCode == 78 && again.errors.contains("--replace"), "\(again.errors)")
            let listed = try await run("user", "list", "--config", "postgres.yaml")
            let before = try await program.run("user", "list")
            #expect(listed.exitCode == 0 && listed.output == before.output, "\(listed.errors)")
            let check = try await run("check", "--config", "postgres.yaml")
            #expect(check.exitCode == 0 && check.output.contains("accounts: 2"), "\(check.errors)")
            let advice = try await run("credentials", "backup", "x", "--config", "postgres.yaml")
            #expect(advice.exitCode == 78 && advice.errors.contains("pg_dump"))
            let backup = try await program.run("credentials", "backup", "copy.sqlite")
            #expect(backup.exitCode == 0, "\(backup.errors)")
            #expect(try SQLiteDatabase.inspect(path: program.folder.path("copy.sqlite")).userCount == 2)
            #expect(try await program.run("credentials", "backup", "copy.sqlite").exitCode == 78)
            try server.run("UPDATE users SET scope = ' '", in: name)
            #expect(try await run("check", "--config", "postgres.yaml").exitCode == 78)
        }
    }
}
