import TestSupport
import Testing

extension GatewayTests {
    @Suite("what a route asks of a token")
    struct RoutePolicyTests {
        private static let settings: GatewaySettings = {
            var settings = GatewaySettings()
            settings.routes = [
                "{path: /both/, upstream: api, auth: {any_of: [jwt], scopes: [\"a:read\", \"a:write\"]}}",
                "{path: /either/, upstream: api, "
                    + "auth: {any_of: [jwt], scopes: [\"a:read\", \"a:write\"], scopes_match: any}}",
                "{path: /billing/, upstream: api, auth: {any_of: [jwt], audiences: [billing]}}",
                "{path: /api/admin/, upstream: api, auth: {any_of: [jwt], scopes: [\"admin\"]}}",
                "{path: /, host: other.test, upstream: api, auth: {any_of: [jwt], scopes: [\"other\"]}}",
                "{path: /mixed/, methods: [GET], upstream: api, auth: none}",
                "{path: /mixed/, methods: [POST], upstream: api, auth: {any_of: [jwt], scopes: [\"a:write\"]}}",
            ]
            return settings
        }()

        private func challenge(_ scope: String) -> String {
            "Bearer realm=\"portcullis\", error=\"insufficient_scope\", scope=\"\(scope)\""
        }

        @Test("all scopes, or any of them, as the route says; else 403 with the scopes wanted")
        func scopes() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                func call(_ path: String, _ scope: String?) async throws -> HTTPAnswer {
                    let token = try gateway.issuer.token(["scope": scope.map { "\"\($0)\"" }])
                    return try await gateway.call("GET", path, token: token)
                }
                #expect(try await call("/both/x", "a:read a:write").status == 200)
                #expect(try await call("/both/x", "z a:write a:read").status == 200)
                #expect(try await call("/either/x", "a:write").status == 200)
                for (path, scope) in [
                    ("/both/x", "a:read"), ("/both/x", nil), ("/both/x", "a:rea a:writ"), ("/both/x", "A:READ A:WRITE"),
                    ("/both/x", "a:read,a:write"), ("/either/x", "a:reader"), ("/either/x", nil),
                ] {
                    expectProblem(
                        try await call(path, scope), 403, "insufficient_scope", challenge: challenge("a:read a:write"),
                        "\(path) \(scope ?? "-")")
                }
                #expect(gateway.backend.arrivals.count == 3)
            }
        }

        private static let methodSettings: GatewaySettings = {
            var settings = GatewaySettings()
            settings.sections = ["hierarchical_scopes: true"]
            settings.routes = [
                "{path: /mixed/, upstream: api, auth: {any_of: [jwt], scopes: [\"a:read\"], methods: "
                    + "{POST: {scopes: [\"a:write\", \"a:admin\"], scopes_match: any}, DELETE: {scopes: [\"a:admin\"]}, "
                    + "OPTIONS: {}}}, rate_limit: {requests: 8, window: 1h, key: subject}}",
                "{path: /get/, methods: [GET, POST], upstream: api, auth: {any_of: [jwt], "
                    + "methods: {GET: {scopes: [\"a:read\"]}, HEAD: {scopes: [\"a:head\"]}}}}",
                "{path: /secret/, upstream: api, auth: {any_of: [jwt], methods: {GET: {scopes: [\"a:read\"]}}}}",
            ]
            return settings
        }()

        @Test("a method that is named wants its own scopes, all others the route's; HEAD wants what GET wants")
        func perMethod() async throws {
            try await GatewayFixture.with(Self.methodSettings) { gateway in
                func status(_ method: String, _ path: String, _ scope: String) async throws -> Int {
                    let token = try gateway.issuer.token([
                        "scope": "\"\(scope)\"", "sub": "\"\(method)\(scope)\"",
                    ])
                    return try await gateway.call(method, path, token: token).status
                }
                for (method, path, scope, expected) in [
                    ("GET", "/mixed/x", "a:read", 200), ("GET", "/mixed/x", "a:write", 403),
                    ("PUT", "/mixed/x", "a:read", 200), ("PUT", "/mixed/x", "a:admin", 403),
                    ("POST", "/mixed/x", "a:admin", 200), ("POST", "/mixed/x", "a:read", 403),
                    ("DELETE", "/mixed/x", "a:admin", 200), ("DELETE", "/mixed/x", "a:read a:write", 403),
                    ("OPTIONS", "/mixed/x", "z", 200), ("FETCH", "/mixed/x", "a:write", 403),
                    ("GET", "/get/x", "a:read", 200), ("GET", "/get/x", "a:head", 403),
                    ("HEAD", "/get/x", "a:head", 200), ("HEAD", "/get/x", "a:read", 403),
                    ("POST", "/get/x", "", 200), ("PUT", "/get/x", "a:read", 405),
                    ("HEAD", "/secret/x", "", 403), ("HEAD", "/secret/x", "a:read", 200),
                    ("PUT", "/secret/x", "", 200),
                ] {
                    let found = try await status(method, path, scope)
                    #expect(found == expected, "\(method) \(path) \(scope)")
                }
            }
        }

        @Test("the methods of one route share its limit")
        func sharedLimit() async throws {
            try await GatewayFixture.with(Self.methodSettings) { gateway in
                let token = try gateway.issuer.token(["scope": "\"a:read a:write a:admin\""])
                for index in 0..<8 {
                    let method = ["GET", "POST", "DELETE", "OPTIONS"][index % 4]
                    #expect(try await gateway.call(method, "/mixed/x", token: token).status == 200)
                }
                for method in ["GET", "POST", "DELETE", "OPTIONS"] {
                    #expect(try await gateway.call(method, "/mixed/x", token: token).status == 429)
                }
            }
        }

        @Test("where scopes are hierarchical a:* covers what begins with a:, and nothing else")
        func hierarchy() async throws {
            var plain = Self.methodSettings
            plain.sections = []
            for (settings, isHierarchical) in [(Self.methodSettings, true), (plain, false)] {
                try await GatewayFixture.with(settings) { gateway in
                    func status(_ scope: String) async throws -> Int {
                        let token = try gateway.issuer.token(["scope": "\"\(scope)\"", "sub": "\"\(scope)\""])
                        return try await gateway.call("DELETE", "/mixed/x", token: token).status
                    }
                    let wildcard = try await status("a:*")
                    #expect(wildcard == (isHierarchical ? 200 : 403))
                    for scope in ["*", ":*", "a*", "a", "a:", "a:a*", "b:*", "a:admin:*", "A:*", "a:**", "*:admin"] {
                        let found = try await status(scope)
                        #expect(found == 403, "\(scope)")
                    }
                }
            }
        }

        @Test("scopes are the route's own: the longer path, the host and the method decide")
        func perRoute() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let token = try gateway.issuer.token()
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 200)
                let admin = try await gateway.call("GET", "/api/admin/x", token: token)
                expectProblem(admin, 403, "insufficient_scope", challenge: challenge("admin"))
                for path in ["/api/./admin/x", "/api/admin", "/api/x/../admin/x", "/api/%61dmin/x"] {
                    let answer = try await gateway.call("GET", path, token: token)
                    #expect([400, 403].contains(answer.status), "\(path): \(answer.status)")
                }
                let other = try await gateway.call("GET", "/public/x", token: token, [("Host", "OTHER.test:80")])
                expectProblem(other, 403, "insufficient_scope", challenge: challenge("other"))
                #expect(try await gateway.call("GET", "/mixed/x").status == 200)
                #expect(try await gateway.call("HEAD", "/mixed/x").status == 200)
                #expect(try await gateway.call("POST", "/mixed/x", body: "").status == 401)
                #expect(try await gateway.call("POST", "/mixed/x", token: token, body: "").status == 403)
                #expect(try await gateway.call("PUT", "/mixed/x", token: token, body: "").status == 405)
            }
        }

        @Test("a route's audiences replace the issuer's")
        func audiences() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let forAPI = try gateway.issuer.token()
                let forBilling = try gateway.issuer.token(["aud": #"["billing","x"]"#])
                let forBoth = try gateway.issuer.token(["aud": #"["api","billing"]"#])
                #expect(try await gateway.call("GET", "/billing/x", token: forBilling).status == 200)
                #expect(try await gateway.call("GET", "/billing/x", token: forBoth).status == 200)
                #expect(try await gateway.call("GET", "/api/x", token: forBoth).status == 200)
                for (path, token) in [("/billing/x", forAPI), ("/api/x", forBilling)] {
                    expectProblem(
                        try await gateway.call("GET", path, token: token), 401, "invalid_token",
                        challenge: invalidTokenChallenge("wrong audience"))
                }
            }
        }

        @Test("a scope mismatch is logged with the scopes wanted and held")
        func mismatchIsLogged() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let token = try gateway.issuer.token(["scope": #""held:this""#])
                #expect(try await gateway.call("GET", "/both/x", token: token).status == 403)
                let isLogged = await eventually {
                    gateway.logText.contains("\"held\":\"held:this\"")
                        && gateway.logText.contains("\"wanted\":\"a:read a:write\"")
                }
                #expect(isLogged)
                #expect(!gateway.logText.contains("carol"))
            }
        }
    }
}
