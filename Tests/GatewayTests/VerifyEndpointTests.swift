import TestSupport
import Testing

extension GatewayTests {
    @Suite("/auth/verify, for other proxies")
    struct VerifyEndpointTests {
        private static func settings(trusts: Bool) -> GatewaySettings {
            var settings = GatewaySettings()
            if trusts { settings.sections = ["trusted_proxies: [\"127.0.0.0/8\"]"] }
            settings.routes = [
                "{path: /admin/, upstream: api, auth: {any_of: [jwt], scopes: [\"admin\"]}}",
                "{path: /orders/, methods: [GET], upstream: api, auth: {any_of: [jwt], scopes: [\"orders:read\"]}}",
                "{path: /orders/, methods: [POST], upstream: api, auth: {any_of: [jwt], scopes: [\"orders:write\"]}}",
                "{path: /, host: intern.test, upstream: api, auth: {any_of: [jwt], scopes: [\"intern\"]}}",
            ]
            return settings
        }

        @Test("anybody may have a token checked alone; what else he says of the request is not heard")
        func untrusted() async throws {
            try await GatewayFixture.with(Self.settings(trusts: false)) { gateway in
                let token = try gateway.issuer.token(["jti": #""t-1""#, "scope": #""a b""#])
                for method in ["GET", "HEAD", "POST", "DELETE"] {
                    let answer = try await gateway.call(method, "/auth/verify", token: token)
                    #expect(answer.status == 200, "\(method)")
                    #expect(answer.field("X-Auth-Subject") == "carol")
                    #expect(answer.field("X-Auth-Scope") == "a b")
                    #expect(answer.field("X-Auth-Token-Id") == "t-1")
                    #expect(answer.field("X-Auth-Method") == "jwt")
                    #expect(answer.field("Cache-Control") == "no-store")
                }
                let bare = "Bearer realm=\"portcullis\""
                let claims = [("X-Forwarded-Uri", "/public/x"), ("X-Forwarded-Method", "GET")]
                let open = try await gateway.call("GET", "/auth/verify", claims)
                expectProblem(open, 401, "unauthorized", challenge: bare)
                let narrow = try await gateway.call(
                    "GET", "/auth/verify", token: token, [("X-Original-URL", "/admin/x")])
                #expect(narrow.status == 200)
                let bad = try await gateway.call("GET", "/auth/verify", token: "x.y.z")
                expectProblem(bad, 401, "invalid_token", challenge: invalidTokenChallenge("malformed token"))
                #expect(gateway.backend.arrivals.isEmpty)
            }
        }

        @Test("a revoked token is refused here too")
        func revoked() async throws {
            try await GatewayFixture.with { gateway in
                let token = try gateway.issuer.token()
                #expect(try await gateway.call("GET", "/auth/verify", token: token).status == 200)
                #expect(try await gateway.call("POST", "/auth/logout", token: token).status == 204)
                expectProblem(
                    try await gateway.call("GET", "/auth/verify", token: token), 401, "invalid_token",
                    challenge: invalidTokenChallenge("token revoked"))
            }
        }

        @Test("from a trusted proxy the route's own policy is applied, in both families of fields")
        func routePolicies() async throws {
            try await GatewayFixture.with(Self.settings(trusts: true)) { gateway in
                let reader = try gateway.issuer.token(["scope": #""orders:read""#])
                func verify(_ fields: [(String, String)], token: String?) async throws -> Int {
                    try await gateway.call("GET", "/auth/verify", token: token, fields).status
                }
                for (method, uri) in [
                    ("X-Forwarded-Method", "X-Forwarded-Uri"), ("X-Original-Method", "X-Original-URL"),
                ] {
                    #expect(try await verify([(method, "GET"), (uri, "/orders/1?x=%2e%2e/")], token: reader) == 200)
                    #expect(try await verify([(method, "POST"), (uri, "/orders/1")], token: reader) == 403)
                    #expect(try await verify([(method, "PUT"), (uri, "/orders/1")], token: reader) == 403)
                    #expect(try await verify([(method, "GET"), (uri, "/admin/x")], token: reader) == 403)
                    #expect(try await verify([(method, "GET"), (uri, "/api/x")], token: reader) == 200)
                    #expect(try await verify([(method, "GET"), (uri, "/api/x")], token: nil) == 401)
                    #expect(try await verify([(method, "GET"), (uri, "/public/x")], token: nil) == 200)
                    #expect(try await verify([(method, "GET"), (uri, "/nowhere")], token: reader) == 403)
                    #expect(try await verify([(method, "GET"), (uri, "/auth/login")], token: reader) == 403)
                }
                let host = [("X-Forwarded-Uri", "/public/x"), ("X-Forwarded-Host", "intern.test")]
                #expect(try await verify(host, token: nil) == 401)
                #expect(try await verify(host, token: reader) == 403)
                let insider = try gateway.issuer.token(["scope": #""intern""#])
                for scheme in ["http", "https"] {
                    let absolute = [("X-Original-URL", "\(scheme)://intern.test/public/x")]
                    #expect(try await verify(absolute, token: reader) == 403)
                    #expect(try await verify(absolute, token: insider) == 200)
                }
                #expect(gateway.backend.arrivals.isEmpty)
            }
        }

        @Test("a public route's answer tells nothing of who sent a token along")
        func publicRoute() async throws {
            try await GatewayFixture.with(Self.settings(trusts: true)) { gateway in
                let token = try gateway.issuer.token()
                let answer = try await gateway.call(
                    "GET", "/auth/verify", token: token,
                    [("X-Forwarded-Uri", "/public/x"), ("X-Auth-Subject", "admin")])
                #expect(answer.status == 200)
                #expect(answer.field("X-Auth-Subject") == nil)
            }
        }

        @Test("a URI that can be read in two ways, or is none, is refused")
        func confusing() async throws {
            try await GatewayFixture.with(Self.settings(trusts: true)) { gateway in
                let uris = [
                    "/public/../admin/x", "/public/%2e%2e/admin/x", "/public/%2e%2e%2fadmin", "/public/..%2fadmin",
                    "/public/x/..;/../../admin/x", "/public\\..\\admin", "//admin/x", "/public//../admin/x", "*",
                    "admin/x", "", "/public/x HTTP/1.1", "/public/x\tx", "/public/%", "/public/%zz", "/public/%00",
                    "http://", "http://a b/", "/public/#/../../admin", "/admin", "/./admin/x", "/%61dmin/x",
                    "/ADMIN/x", "/admin;x=1/y", "/nowhere/../admin/x",
                ]
                for uri in uris {
                    let answer = try await gateway.call("GET", "/auth/verify", [("X-Forwarded-Uri", uri)])
                    #expect([400, 401, 403].contains(answer.status), "\(uri): \(answer.status)")
                    #expect(answer.member("error") != nil)
                }
                for method in ["G ET", "", "GET /public/x HTTP/1.1", String(repeating: "A", count: 5000)] {
                    let fields = [("X-Forwarded-Uri", "/api/x"), ("X-Forwarded-Method", method)]
                    let answer = try await gateway.call("GET", "/auth/verify", fields)
                    #expect([400, 401, 403, 431].contains(answer.status), "\(method.prefix(9)): \(answer.status)")
                }
                let hosts = ["a b", "intern.test\\", "a@intern.test", "intern.test, other.test", ""]
                for host in hosts {
                    let fields = [("X-Forwarded-Uri", "/api/x"), ("X-Forwarded-Host", host)]
                    let answer = try await gateway.call("GET", "/auth/verify", fields)
                    #expect([400, 401, 403].contains(answer.status), "\(host): \(answer.status)")
                }
            }
        }

        @Test("fields that a client slipped past its proxy, beside the proxy's own, are refused")
        func contradiction() async throws {
            try await GatewayFixture.with(Self.settings(trusts: true)) { gateway in
                // A proxy that sets one family of fields passes on what its client sent of the other one.
                let slipped: [[(String, String)]] = [
                    [("X-Forwarded-Uri", "/public/x"), ("X-Original-URL", "/admin/x")],
                    [("X-Original-URL", "/public/x"), ("X-Forwarded-Uri", "/admin/x")],
                    [("X-Forwarded-Uri", "/public/x"), ("X-Forwarded-Uri", "/admin/x")],
                    [("X-Original-URL", "/public/x"), ("X-Original-URL", "/admin/x")],
                    [("X_Forwarded_Uri", "/public/x"), ("X-Original-URL", "/admin/x")],
                ]
                for fields in slipped {
                    let answer = try await gateway.call("GET", "/auth/verify", fields)
                    #expect([400, 401, 403].contains(answer.status), "\(fields): \(answer.status)")
                }
                let reader = try gateway.issuer.token(["scope": #""orders:read""#])
                let methods: [[(String, String)]] = [
                    [("X-Original-URL", "/orders/1"), ("X-Original-Method", "POST"), ("X-Forwarded-Method", "GET")],
                    [("X-Forwarded-Uri", "/orders/1"), ("X-Forwarded-Method", "POST"), ("X-Original-Method", "GET")],
                    [("X-Forwarded-Uri", "/orders/1"), ("X-Forwarded-Method", "GET"), ("X-Forwarded-Method", "POST")],
                ]
                for fields in methods {
                    let answer = try await gateway.call("GET", "/auth/verify", token: reader, fields)
                    #expect([400, 401, 403].contains(answer.status), "\(fields): \(answer.status)")
                }
                let agreeing = [("X-Forwarded-Uri", "/public/x"), ("X-Original-URL", "/public/x")]
                #expect(
                    try await gateway.call("GET", "/auth/verify", agreeing).status == 403,
                    "a proxy speaks one of the two")
            }
        }
    }
}
