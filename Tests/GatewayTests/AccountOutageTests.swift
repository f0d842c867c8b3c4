import Credentials
import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("when the accounts are away", .timeLimit(.minutes(2)))
    struct AccountOutageTests {
        private func settings(_ server: PostgreSQLServerProcess, _ database: String) -> GatewaySettings {
            var settings = GatewaySettings.accounts
            settings.accountDatabase = "postgres://portcullis@127.0.0.1:\(server.port)/\(database)"
            settings.files = [("database-password", PostgreSQLServerProcess.password)]
            SecretLedger.enter(PostgreSQLServerProcess.password)
            return settings
        }

        /// Puts the accounts of all tests into a PostgreSQL database.
        private func fill(_ server: PostgreSQLServerProcess, _ name: String) async throws {
            let folder = try TemporaryFolder()
            try folder.write(try await Accounts.database.value, to: "accounts.sqlite")
            try copy(folder, to: server, name, replacing: false)
        }

        /// Copies the accounts, clients and API keys of a folder's file.
        private func copy(
            _ folder: TemporaryFolder, to server: PostgreSQLServerProcess, _ name: String, replacing: Bool
        ) throws {
            let source = try SQLiteDatabase(path: folder.path("accounts.sqlite"))
            let target = PostgreSQLDatabase(
                PostgreSQLSettings(
                    hosts: [.init(name: "127.0.0.1", port: server.port)], user: PostgreSQLServerProcess.user,
                    password: PostgreSQLServerProcess.password, database: name, tlsMode: .disable))
            _ = try CredentialCopy.copy(from: source, to: target, replacing: replacing)
            source.close()
            target.close()
        }

        @Test("PostgreSQL stops: login is 503 with Retry-After, tokens and refreshes go on; when it is back, login too")
        func stopped() async throws {
            let server = try PostgreSQLServerProcess()
            let name = try server.makeDatabase()
            try await fill(server, name)
            try await GatewayFixture.with(settings(server, name)) { gateway in
                let grant = try await gateway.login()
                server.stop()
                let password = try #require(Accounts.passwords["alice"])
                for given in [password, "wrong password"] {
                    let answer = try await gateway.post(
                        "/auth/login", json: "{\"username\":\"alice\",\"password\":\"\(given)\"}")
                    expectProblem(answer, 503, "temporarily_unavailable")
                    #expect(answer.field("Retry-After") != nil)
                }
                #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 200)
                let refreshed = try GatewayFixture.Grant(try await gateway.refresh(grant.refreshToken))
                #expect(try await gateway.call("GET", "/api/x", token: refreshed.accessToken).status == 200)
                try server.start()
                let isBack = try await eventually {
                    let answer = try await gateway.post(
                        "/auth/login", json: "{\"username\":\"alice\",\"password\":\"\(password)\"}")
                    for member in ["access_token", "refresh_token"] {
                        if let token = answer.member(member) { SecretLedger.enter(token) }
                    }
                    return answer.status == 200
                }
                #expect(isBack)
                #expect(gateway.logText.contains("credentials unavailable"))
            }
        }

        @Test("PostgreSQL stops: API keys that are known go on, others are 503; when it is back, those too")
        func stoppedForAPIKeys() async throws {
            let server = try PostgreSQLServerProcess()
            let name = try server.makeDatabase()
            var settings = settings(server, name)
            settings.routes = ["{path: /keys/, upstream: api, auth: {any_of: [api_key]}}"]
            try await fill(server, name)
            try await GatewayFixture.with(settings) { gateway in
                func status(_ key: String) async throws -> Int {
                    try await gateway.call("GET", "/keys/x", [("X-API-Key", key)]).status
                }
                let (known, unknown) = (try gateway.makeAPIKey().text, try gateway.makeAPIKey().text)
                try copy(gateway.folder, to: server, name, replacing: true)
                // Each event loop gets to know it.
                for _ in 0..<40 { #expect(try await status(known) == 200) }
                server.stop()
                for _ in 0..<10 { #expect(try await status(known) == 200) }
                #expect(try await status(unknown) == 503)
                try server.start()
                let isBack = try await eventually { try await status(unknown) == 200 }
                #expect(isBack)
            }
        }

        @Test("a gateway starts while PostgreSQL is away, says so, and logs in once it is there")
        func startsWithout() async throws {
            let server = try PostgreSQLServerProcess()
            let name = try server.makeDatabase()
            try await fill(server, name)
            server.stop()
            try await GatewayFixture.with(settings(server, name)) { gateway in
                #expect(gateway.logText.contains("the account database is away"))
                let password = try #require(Accounts.passwords["alice"])
                let json = "{\"username\":\"alice\",\"password\":\"\(password)\"}"
                #expect(try await gateway.post("/auth/login", json: json).status == 503)
                #expect(try await gateway.call("GET", "/public/x").status == 200)
                try server.start()
                #expect(try await eventually { try await gateway.post("/auth/login", json: json).status == 200 })
            }
        }

        @Test("a SQLite file that cannot be written any more still lets in, and one that is gone is 503")
        func file() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let path = gateway.folder.path("accounts.sqlite")
                try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: path)
                _ = try await gateway.login()
                try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
                let password = try #require(Accounts.passwords["alice"])
                let json = "{\"username\":\"alice\",\"password\":\"\(password)\"}"
                expectProblem(try await gateway.post("/auth/login", json: json), 503, "temporarily_unavailable")
                try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
                _ = try await gateway.login()
            }
        }
    }
}
