import Credentials
import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("accounts, clients and API keys by the admin API")
    struct AdminCredentialTests {
        private static let password = "a password of the admin tests"

        private func with(_ body: (GatewayFixture) async throws -> Void) async throws {
            SecretLedger.enter(AdminTests.token)
            SecretLedger.enter(Self.password)
            var settings = AdminTests.settings
            settings.sections = ["login: {password_grant: true}"]
            settings.routes = ["{path: /both/, upstream: api, auth: {any_of: [jwt, api_key]}}"]
            try await GatewayFixture.with(settings, body)
        }

        private func ask(
            _ gateway: GatewayFixture, _ method: String, _ path: String, _ json: String? = nil
        ) async throws -> HTTPAnswer {
            try await gateway.admin(method, "/admin/v1/" + path, token: AdminTests.token, json: json)
        }

        private func logIn(_ name: String, _ gateway: GatewayFixture) async throws -> HTTPAnswer {
            let json = "{\"username\":\"\(name)\",\"password\":\"\(Self.password)\"}"
            return try await gateway.post("/auth/login", json: json)
        }

        private func newUser(_ name: String, _ more: String = "") -> String {
            "{\"name\":\"\(name)\",\"password\":\"\(Self.password)\"\(more)}"
        }

        @Test("an account is made, shown, disabled, enabled and deleted, and its tokens and keys end with it")
        func users() async throws {
            try await with { gateway in
                let made = try await ask(
                    gateway, "POST", "users", newUser("carol", #","scope":"orders:read","reason":"hired""#))
                #expect(made.status == 201, "\(made.text)")
                #expect(made.member("name") == "carol" && made.member("scope") == "orders:read")
                #expect(made.json["disabled"] as? Bool == false && !made.text.contains("password"))
                let grant = try GatewayFixture.Grant(try await logIn("carol", gateway))
                let key = try gateway.makeAPIKey(owner: .subject(UserName("carol")))
                #expect(try await gateway.call("GET", "/both/x", [("X-API-Key", key.text)]).status == 200)
                for _ in 0..<2 {
                    let answer = try await ask(gateway, "PATCH", "users/carol", #"{"disabled":true,"reason":"left"}"#)
                    #expect(answer.status == 200 && answer.json["disabled"] as? Bool == true, "\(answer.text)")
                }
                #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 401)
                #expect(try await gateway.refresh(grant.refreshToken).status == 401)
                #expect(try await logIn("carol", gateway).status == 401)
                #expect(try await ask(gateway, "PATCH", "users/carol", #"{"disabled":false}"#).status == 200)
                let second = try GatewayFixture.Grant(try await logIn("carol", gateway))
                #expect(try await gateway.call("GET", "/api/x", token: second.accessToken).status == 200)
                #expect(try await ask(gateway, "DELETE", "users/carol?reason=tidy").status == 204)
                #expect(try await gateway.call("GET", "/api/x", token: second.accessToken).status == 401)
                #expect(try await gateway.refresh(second.refreshToken).status == 401)
                #expect(try await gateway.call("GET", "/both/x", [("X-API-Key", key.text)]).status == 401)
                #expect(try await logIn("carol", gateway).status == 401)
                for (method, json) in [("GET", nil), ("PATCH", #"{"disabled":true}"#), ("DELETE", nil)] {
                    expectProblem(try await ask(gateway, method, "users/carol", json), 404, "not_found")
                }
                #expect(try await ask(gateway, "POST", "users", newUser("carol")).status == 201)
                #expect(try await gateway.call("GET", "/both/x", [("X-API-Key", key.text)]).status == 401)
                for word in ["user created", "hired", "user disabled", "left", "user enabled", "user deleted", "tidy"] {
                    #expect(await eventually { gateway.logText.contains("\"\(word)\"") }, "\(word)")
                }
            }
        }

        @Test("names of any form are found by their path")
        func names() async throws {
            try await with { gateway in
                for (name, path) in [("a b", "a%20b"), ("x/y", "x%2Fy"), ("p+q", "p+q"), ("名", "%E5%90%8D")] {
                    #expect(try await ask(gateway, "POST", "users", newUser(name)).status == 201)
                    let shown = try await ask(gateway, "GET", "users/\(path)")
                    #expect(shown.member("name") == name, "\(shown.text)")
                    #expect(try await ask(gateway, "DELETE", "users/\(path)").status == 204)
                }
                for path in ["users/%zz", "users/%00", "clients/%20", "api-keys/x", "api-keys/%FF"] {
                    expectProblem(try await ask(gateway, "GET", path), 404, "not_found", "\(path)")
                }
            }
        }

        @Test("a client's secret is shown once; its tokens and keys end when it is disabled or deleted")
        func clients() async throws {
            try await with { gateway in
                let made = try await ask(gateway, "POST", "clients", #"{"id":"robot","scope":"orders:read"}"#)
                let secret = try #require(made.member("secret"), "\(made.text)")
                SecretLedger.enter(secret)
                #expect(made.status == 201 && made.member("grants") == "client_credentials")
                let shown = try await ask(gateway, "GET", "clients/robot")
                #expect(shown.status == 200 && shown.member("id") == "robot" && shown.member("secret") == nil)
                func token() async throws -> String? {
                    let answer = try await gateway.oauth(
                        "token", "grant_type=client_credentials", basic: ("robot", secret))
                    return answer.member("access_token")
                }
                let key = try gateway.makeAPIKey(owner: .client(ClientID("robot")))
                let first = try #require(try await token())
                #expect(try await gateway.call("GET", "/both/x", token: first).status == 200)
                for _ in 0..<2 {
                    let answer = try await ask(gateway, "PATCH", "clients/robot", #"{"disabled":true}"#)
                    #expect(answer.status == 200 && answer.json["disabled"] as? Bool == true, "\(answer.text)")
                }
                #expect(try await gateway.call("GET", "/both/x", token: first).status == 401)
                #expect(try await token() == nil)
                #expect(try await ask(gateway, "PATCH", "clients/robot", #"{"disabled":false}"#).status == 200)
                let second = try #require(try await token())
                #expect(try await gateway.call("GET", "/both/x", [("X-API-Key", key.text)]).status == 200)
                #expect(try await ask(gateway, "DELETE", "clients/robot").status == 204)
                #expect(try await gateway.call("GET", "/both/x", token: second).status == 401)
                #expect(try await gateway.call("GET", "/both/x", [("X-API-Key", key.text)]).status == 401)
                #expect(try await token() == nil)
                expectProblem(try await ask(gateway, "DELETE", "clients/robot"), 404, "not_found")
                let open = try await ask(gateway, "POST", "clients", #"{"id":"app","public":true,"grants":"password"}"#)
                #expect(open.status == 201 && open.member("secret") == nil && open.json["public"] as? Bool == true)
            }
        }

        @Test("an API key is shown once, works, and is refused at once when it is revoked or deleted")
        func keys() async throws {
            try await with { gateway in
                for end in ["PATCH", "DELETE"] {
                    let made = try await ask(
                        gateway, "POST", "api-keys",
                        #"{"user":"alice","scope":"orders:read","label":"nightly","expires_in":3600}"#)
                    let text = try #require(made.member("key"), "\(made.text)")
                    SecretLedger.enter(text)
                    let id = try #require(made.member("id"))
                    #expect(made.status == 201 && made.member("user") == "alice" && made.json["expires_at"] is Int)
                    #expect(try await gateway.call("GET", "/both/x", [("X-API-Key", text)]).status == 200)
                    let shown = try await ask(gateway, "GET", "api-keys/\(id)")
                    #expect(shown.member("state") == "active" && shown.member("key") == nil, "\(shown.text)")
                    let json = end == "PATCH" ? #"{"revoked":true}"# : nil
                    let ended = try await ask(gateway, end, "api-keys/\(id)", json)
                    #expect(ended.status == (end == "PATCH" ? 200 : 204), "\(ended.text)")
                    #expect(try await gateway.call("GET", "/both/x", [("X-API-Key", text)]).status == 401)
                    let again = try await ask(gateway, end, "api-keys/\(id)", json)
                    #expect(again.status == (end == "PATCH" ? 200 : 404), "\(again.text)")
                    if end == "PATCH" { #expect(again.member("state") == "revoked" && again.json["revoked_at"] is Int) }
                }
            }
        }

        @Test("lists come in pages without gaps")
        func lists() async throws {
            try await with { gateway in
                for index in 0..<4 {
                    try gateway.makeClient("c\(index)")
                    _ = try gateway.makeAPIKey()
                }
                for (title, name, path, count) in [
                    ("users", "name", "users", 2), ("clients", "id", "clients", 4), ("api_keys", "id", "api-keys", 4),
                ] {
                    var found: [String] = []
                    var query = "?limit=1"
                    for _ in 0..<10 {
                        let answer = try await ask(gateway, "GET", path + query)
                        let rows = try #require(answer.json[title] as? [[String: Any]], "\(answer.text)")
                        #expect(rows.count == 1)
                        found += rows.compactMap { $0[name] as? String }
                        guard let next = answer.member("next") else { break }
                        query = "?limit=1&after=\(next)"
                    }
                    #expect(found.count == count && found == found.sorted() && Set(found).count == count, "\(path)")
                    for query in ["?limit=0", "?limit=501", "?limit=x", "?after=%zz", "?after=%00", "?page=2"] {
                        expectProblem(
                            try await ask(gateway, "GET", path + query), 400, "invalid_request", "\(path)\(query)")
                    }
                }
            }
        }

        @Test("what is not understood, taken or too long is refused and changes nothing")
        func refused() async throws {
            try await with { gateway in
                let long = String(repeating: "r", count: 513)
                let cases: [(String, String, String, Int)] = [
                    ("POST", "users", newUser("alice"), 409), ("POST", "users", newUser("x", #","admin":true"#), 400),
                    ("POST", "users", newUser("x", #","scope":"a  b""#), 400), ("POST", "users", newUser(""), 400),
                    ("POST", "users", newUser("x", ",\"reason\":\"\(long)\""), 400),
                    ("POST", "users", #"{"name":"x","password":"short"}"#, 400),
                    ("POST", "users", #"{"name":"x"}"#, 400), ("POST", "users", "[]", 400),
                    ("POST", "users", String(repeating: " ", count: 70_000), 413),
                    ("PATCH", "users/alice", "{}", 400), ("PATCH", "users/alice", #"{"disabled":"maybe"}"#, 400),
                    ("PATCH", "users/alice", #"{"disabled":true,"scope":"a"}"#, 400),
                    ("POST", "clients", #"{"id":"alice"}"#, 409), ("POST", "clients", #"{"id":"portcullis"}"#, 409),
                    ("POST", "clients", #"{"id":"a b"}"#, 400), ("POST", "clients", #"{"id":"c","grants":"x"}"#, 400),
                    ("POST", "clients", #"{"id":"c","public":true,"grants":"client_credentials"}"#, 400),
                    ("PATCH", "clients/none", #"{"disabled":true}"#, 404), ("POST", "api-keys", "{}", 400),
                    ("POST", "api-keys", #"{"user":"alice","client":"c"}"#, 400),
                    ("POST", "api-keys", #"{"client":"none"}"#, 404),
                    ("POST", "api-keys", #"{"user":"alice","addresses":"here"}"#, 400),
                    ("POST", "api-keys", #"{"user":"alice","expires_in":0}"#, 400),
                    ("PATCH", "api-keys/AAAAAAAAAAAA", #"{"revoked":false}"#, 400),
                    ("PATCH", "api-keys/AAAAAAAAAAAA", #"{"revoked":true}"#, 404),
                ]
                for (method, path, json, status) in cases {
                    let answer = try await ask(gateway, method, path, json)
                    #expect(answer.status == status, "\(method) \(path) \(json.prefix(60)) \(answer.text)")
                    #expect(answer.field("Content-Type") == "application/problem+json")
                }
                let users = try await ask(gateway, "GET", "users")
                let rows = try #require(users.json["users"] as? [[String: Any]])
                #expect(rows.count == 2 && rows.allSatisfy { $0["disabled"] as? Bool == false })
                #expect(try await ask(gateway, "GET", "clients").text.contains(#""clients":[]"#))
                #expect(try await ask(gateway, "GET", "api-keys").text.contains(#""api_keys":[]"#))
            }
        }

        @Test("while Redis is down nothing is deleted, and the same again afterwards finishes it")
        func outage() async throws {
            try await with { gateway in
                let key = try gateway.makeAPIKey()
                try gateway.makeClient("robot")
                gateway.redisServer?.kill()
                for path in ["users/alice", "clients/robot", "api-keys/\(key.id.text)"] {
                    expectProblem(try await ask(gateway, "DELETE", path), 503, "temporarily_unavailable", "\(path)")
                    #expect(try await ask(gateway, "GET", path).status == 200, "\(path)")
                }
                let alice = try await ask(gateway, "GET", "users/alice")
                #expect(alice.json["disabled"] as? Bool == true)
                try gateway.redisServer?.restart()
                for path in ["users/alice", "clients/robot", "api-keys/\(key.id.text)"] {
                    var statuses: Set<Int> = []
                    let isDone = try await eventually {
                        statuses.insert(try await ask(gateway, "DELETE", path).status)
                        return statuses != [503]
                    }
                    #expect(isDone && statuses.isSubset(of: [503, 204]), "\(path) \(statuses)")
                }
            }
        }

        @Test("where no accounts are kept, that is said")
        func noAccounts() async throws {
            var settings = GatewaySettings()
            settings.adminToken = AdminTests.token
            try await GatewayFixture.with(settings) { gateway in
                for (method, path) in [
                    ("GET", "users"), ("POST", "users"), ("PATCH", "clients/x"), ("DELETE", "api-keys/AAAAAAAAAAAA"),
                ] {
                    expectProblem(
                        try await ask(gateway, method, path, method == "POST" ? "{}" : nil), 409, "conflict",
                        "\(path)")
                }
            }
        }

        @Test("client delete ends the client's tokens and keys before it forgets the client; without Redis it stays")
        func deletion() async throws {
            try await with { gateway in
                let redis = try #require(gateway.redisServer)
                try gateway.folder.write(
                    GatewaySettings.accounts.yaml(redisPort: redis.port, backendPort: 9), to: "portcullis.yaml")
                let program = try Program(in: gateway.folder)
                func isListed() async throws -> Bool {
                    try await program.run("client", "list").output.contains("robot")
                }
                let client = try gateway.client("robot")
                let answer = try await gateway.oauth("token", "grant_type=client_credentials", basic: client)
                let token = try #require(answer.member("access_token"))
                let made = try await program.run("api-key", "create", "--client", "robot")
                let key = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
                SecretLedger.enter(key)
                #expect(try await gateway.call("GET", "/both/x", token: token).status == 200)
                #expect(try await gateway.call("GET", "/both/x", [("X-API-Key", key)]).status == 200)
                redis.kill()
                let uncertain = try await program.run("client", "delete", "robot")
                #expect(uncertain.exitCode == 69 && uncertain.errors.contains("run this again"), "\(uncertain.errors)")
                #expect(try await isListed())
                try redis.restart()
                let deleted = try await program.run("client", "delete", "robot")
                #expect(deleted.exitCode == 0 && deleted.output.hasSuffix("deleted robot\n"), "\(deleted.errors)")
                #expect(try await isListed() == false)
                let isRefused = try await eventually {
                    try await gateway.call("GET", "/both/x", token: token).status == 401
                }
                #expect(isRefused)
                #expect(try await gateway.call("GET", "/both/x", [("X-API-Key", key)]).status == 401)
            }
        }

        @Test("client disable ends the client's tokens, and says so")
        func command() async throws {
            try await with { gateway in
                let redis = try #require(gateway.redisServer)
                try gateway.folder.write(
                    GatewaySettings.accounts.yaml(redisPort: redis.port, backendPort: 9), to: "portcullis.yaml")
                let client = try gateway.client("robot")
                let answer = try await gateway.oauth("token", "grant_type=client_credentials", basic: client)
                let token = try #require(answer.member("access_token"))
                #expect(try await gateway.call("GET", "/both/x", token: token).status == 200)
                let outcome = try await Program(in: gateway.folder).run("client", "disable", "robot")
                #expect(outcome.exitCode == 0 && outcome.output.contains("refused"), "\(outcome.errors)")
                #expect(try await gateway.call("GET", "/both/x", token: token).status == 401)
                redis.kill()
                let uncertain = try await Program(in: gateway.folder).run("client", "disable", "robot")
                #expect(uncertain.exitCode == 69 && uncertain.errors.contains("run this again"), "\(uncertain.errors)")
            }
        }
    }
}
