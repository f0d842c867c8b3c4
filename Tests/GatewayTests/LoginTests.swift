import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("login")
    struct LoginTests {
        private func form(_ name: String, _ password: String, _ rest: String = "") -> String {
            let encoded = password.replacingOccurrences(of: " ", with: "+")
            return "username=\(name)&password=\(encoded)\(rest)"
        }

        @Test("JSON and form give tokens that the very next call accepts")
        func succeeds() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let password = try #require(Accounts.passwords["alice"])
                let answers = [
                    try await gateway.login().answer,
                    try await gateway.post("/auth/login", form: form("alice", password)),
                    try await gateway.call(
                        "POST", "/auth/login", [("Content-Type", "Application/JSON; charset=utf-8")],
                        body: "{\"username\":\"alice\",\"password\":\"\(password)\",\"unknown\":[1]}"),
                ]
                for answer in answers {
                    #expect(answer.status == 200)
                    #expect(answer.field("Cache-Control") == "no-store")
                    #expect(answer.field("Content-Type") == "application/json")
                    #expect(answer.member("token_type") == "Bearer")
                    #expect((855...900).contains(answer.json["expires_in"] as? Int ?? 0))
                    #expect((answer.json["refresh_expires_in"] as? Int ?? 0) > 1_209_000)
                    #expect(answer.member("scope") == Accounts.scope)
                    let grant = try GatewayFixture.Grant(answer)
                    #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 200)
                    let arrival = try #require(gateway.backend.arrivals.last)
                    #expect(arrival.values("X-Auth-Subject") == ["alice"])
                    #expect(arrival.values("X-Auth-Issuer") == ["https://gateway.test"])
                    #expect(arrival.values("X-Auth-Scope") == [Accounts.scope])
                    #expect(arrival.values("X-Auth-Session-Id") == [grant.claims["sid"] as? String ?? ""])
                    #expect(arrival.values("X-Auth-Token-Id") == [grant.claims["jti"] as? String ?? ""])
                    let claims = Set(grant.claims.keys)
                    #expect(
                        claims.isSuperset(of: ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "sid"]))
                }
            }
        }

        @Test("a wrong password and an unknown user get the same answer")
        func refusedAlike() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                func refusal(_ name: String) async throws -> HTTPAnswer {
                    try await gateway.call(
                        "POST", "/auth/login",
                        [("Content-Type", "application/x-www-form-urlencoded"), ("X-Request-Id", "same")],
                        body: form(name, "not the password"))
                }
                let wrong = try await refusal("alice")
                expectProblem(wrong, 401, "invalid_grant", challenge: "Bearer realm=\"portcullis\"")
                let unknown = try await refusal("mallory")
                #expect(unknown.status == wrong.status)
                #expect(unknown.body == wrong.body)
                #expect(
                    unknown.fields.filter { $0.name != "Date" }.map { "\($0)" }
                        == wrong.fields.filter { $0.name != "Date" }.map { "\($0)" })
                #expect(!gateway.logText.contains("mallory"))
            }
        }

        @Test("what is not one well-formed set of parameters is 400, 413 or 415")
        func malformed() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let password = try #require(Accounts.passwords["alice"])
                let documents = [
                    "", "{", "[]", "null", "\"alice\"", #"{"username":"alice"}"#, #"{"password":"x"}"#,
                    #"{"username":"alice","password":7}"#, #"{"username":["alice"],"password":"x"}"#,
                    #"{"username":"alice","username":"bob","password":"x"}"#,
                    #"{"username":"alice","password":"x"} trailing"#, #"{"username":"alice","password":"x",}"#,
                    #"{"username":"","password":"x"}"#, #"{"username":"alice","password":"\ud800"}"#,
                    String(repeating: "[", count: 10_000),
                ]
                for document in documents {
                    expectProblem(
                        try await gateway.post("/auth/login", json: document), 400, "invalid_request",
                        "\(document.prefix(60))")
                }
                let forms = [
                    "username=alice", "username=alice&username=bob&password=x", "username=alice&password=%zz",
                    "username=alice&password=%2", "username=alice&password=%ff%fe",
                    (0..<70).map { "p\($0)=1" }.joined(separator: "&"),
                ]
                for form in forms {
                    expectProblem(
                        try await gateway.post("/auth/login", form: form), 400, "invalid_request", "\(form.prefix(60))")
                }
                let large = "{\"username\":\"alice\",\"password\":\"\(String(repeating: "x", count: 70_000))\"}"
                expectProblem(try await gateway.post("/auth/login", json: large), 413, "invalid_request")
                for type in ["text/plain", "multipart/form-data", "application/jsonp", ""] {
                    let answer = try await gateway.call(
                        "POST", "/auth/login", [("Content-Type", type)], body: form("alice", password))
                    expectProblem(answer, 415, "invalid_request", "\(type)")
                }
                let basic = try await gateway.call(
                    "POST", "/auth/login", [("Authorization", "Basic YTpi"), ("Content-Type", "application/json")],
                    body: "{}")
                expectProblem(basic, 400, "invalid_request")
            }
        }

        @Test("a narrower scope is granted, a wider or malformed one is invalid_scope")
        func scopes() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let narrow = try await gateway.login(scope: "orders:read")
                #expect(narrow.answer.member("scope") == "orders:read")
                #expect(narrow.claims["scope"] as? String == "orders:read")
                let password = try #require(Accounts.passwords["alice"])
                for scope in ["orders:read+admin", "orders:read++profile", "%22"] {
                    expectProblem(
                        try await gateway.post("/auth/login", form: form("alice", password, "&scope=\(scope)")), 400,
                        "invalid_scope", "\(scope)")
                }
            }
        }

        @Test("more logins at once than may wait are 503, and the others are answered")
        func overload() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let answers = try await withThrowingTaskGroup(of: HTTPAnswer.self) { group in
                    for _ in 0..<80 {
                        group.addTask {
                            let connection = try await gateway.connect()
                            await connection.request(
                                "POST", "/auth/login", [("Content-Type", "application/x-www-form-urlencoded")],
                                body: Array("username=alice&password=wrong+one".utf8))
                            let answer = try await connection.answer(within: .seconds(60))
                            await connection.close()
                            return answer
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(answers.map(\.status)) == [401, 503])
                for answer in answers where answer.status == 503 {
                    expectProblem(answer, 503, "temporarily_unavailable")
                }
                #expect(try await gateway.call("GET", "/public/x").status == 200)
                _ = try await gateway.login()
            }
        }

        @Test("other methods than POST are 405 with Allow at login, refresh and logout")
        func methods() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                for path in ["/auth/login", "/auth/refresh", "/auth/logout"] {
                    for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
                        let answer = try await gateway.call(method, path)
                        expectProblem(answer, 405, "invalid_request", "\(method) \(path)")
                        #expect(answer.field("Allow") == "POST")
                    }
                }
                expectProblem(try await gateway.post("/auth/login/x", json: "{}"), 404, "not_found")
                expectProblem(try await gateway.post("/auth/LOGIN", json: "{}"), 404, "not_found")
            }
        }

        @Test("the key set is published without private members, to HEAD and GET, and may be cached")
        func keySet() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let answer = try await gateway.call("GET", "/.well-known/jwks.json")
                #expect(answer.status == 200)
                #expect(answer.field("Cache-Control")?.hasPrefix("public, max-age=") == true)
                let keys = try #require(answer.json["keys"] as? [[String: Any]])
                #expect(keys.count == 1)
                for key in keys {
                    #expect(Set(key.keys).isDisjoint(with: ["d", "p", "q", "dp", "dq", "qi", "k", "oth"]))
                    #expect(key["kid"] is String && key["alg"] as? String == "ES256")
                }
                let head = try await gateway.call("HEAD", "/.well-known/jwks.json")
                #expect(head.status == 200, "\(head.everything)")
                #expect(head.field("Content-Length") == answer.field("Content-Length"))
                let refused = try await gateway.call("POST", "/.well-known/jwks.json", body: "")
                expectProblem(refused, 405, "invalid_request")
                #expect(refused.field("Allow") == "GET, HEAD")
            }
        }
    }
}
