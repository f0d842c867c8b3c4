import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Forward authentication")
    struct ForwardAuthenticationTests {
        private func ask(_ world: World, _ fields: [String], token: String? = "alice") throws -> RawResponse {
            let credential = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
            let lines = fields.map { "\($0)\r\n" }.joined()
            return try world.ask("GET /auth/verify HTTP/1.1\r\nHost: a\r\n\(credential)\(lines)\r\n")
        }

        @Test("a stranger names no route: the token alone is checked")
        func untrusted() async throws {
            try await World.run { (world) async throws in
                #expect(try ask(world, ["X-Forwarded-Uri: /public"], token: nil).status == 401)
                #expect(try ask(world, ["X-Original-URL: /public"], token: "bad").status == 401)
                let good = try ask(world, ["X-Forwarded-Uri: /nowhere", "X-Auth-Subject: root"])
                #expect(good.status == 200 && good.all("X-Auth-Subject") == ["alice"])
                #expect(world.desk.state.policies == [nil, nil, nil])
                #expect(world.backend.state.heads == 0)
            }
        }

        private func trusted(_ body: (World) async throws -> Void) async throws {
            var settings = World.Settings()
            settings.trusted = ["127.0.0.0/8"]
            try await World.run(settings, body)
        }

        @Test("a trusted proxy has the policy of the route it names applied")
        func policies() async throws {
            try await trusted { (world) async throws in
                #expect(try ask(world, ["X-Forwarded-Uri: /admin?x"]).status == 200)
                #expect(try ask(world, ["X-Original-URL: http://only.test/hosted"]).status == 200)
                #expect(try ask(world, ["X-Forwarded-Uri: /hosted", "X-Forwarded-Host: only.test"]).status == 200)
                #expect(world.desk.state.policies == [9, 3, 3])
                #expect(try ask(world, ["X-Forwarded-Uri: /public"], token: nil).status == 200)
                #expect(try ask(world, ["X-Forwarded-Uri: /admin"], token: nil).status == 401)
                #expect(try ask(world, ["X-Forwarded-Uri: /get", "X-Forwarded-Method: POST"]).status == 403)
                #expect(try ask(world, ["X-Forwarded-Uri: /get", "X-Forwarded-Method: GET"], token: nil).status == 200)
                #expect(try ask(world, []).status == 200)
            }
        }

        @Test(
            "a confusing original request is refused, never let through",
            arguments: [
                ["X-Forwarded-Uri: /public HTTP/1.1"], ["X-Forwarded-Uri: /public/%2e%2e%2fadmin"],
                ["X-Forwarded-Uri: /public/..;/admin"], ["X-Forwarded-Uri: public"], ["X-Forwarded-Uri: "],
                ["X-Forwarded-Uri: *"], ["X-Forwarded-Uri: /public#/admin"], ["X-Forwarded-Uri: /public\\..\\admin"],
                ["X-Forwarded-Uri: /nowhere"], ["X-Forwarded-Uri: /control"], ["X-Forwarded-Uri: /auth/verify"],
                ["X-Forwarded-Uri: /public", "X-Forwarded-Uri: /admin"],
                ["X-Forwarded-Uri: /public", "X-Original-URL: /admin"],
                ["X-Original-URL: /admin", "X-Forwarded-Method: GET"],
                ["X-Forwarded-Uri: /public", "X-Forwarded-Method: GET /public"],
                ["X-Forwarded-Uri: /public", "X-Forwarded-Method: CONNECT"],
                ["X-Forwarded-Uri: /public", "X-Forwarded-Method: TRACE"],
                ["X-Forwarded-Uri: /public", "X-Forwarded-Host: a b"],
                ["X-Forwarded-Uri: /public", "X-Forwarded-Host: a", "X-Forwarded-Host: b"],
                ["X-Forwarded-Uri: /public, /admin"], ["X-Forwarded-Uri: /public\tHTTP/1.1"],
            ])
        func confusing(fields: [String]) async throws {
            try await trusted { (world) async throws in
                #expect(try ask(world, fields, token: nil).status == 403)
                #expect(try ask(world, fields, token: "alice").status == 403)
            }
        }

        @Test("dot segments lead to the route they end in")
        func normalised() async throws {
            try await trusted { (world) async throws in
                for path in ["/public/../admin", "/public/%2e%2e/admin", "//admin", "/%61dmin"] {
                    #expect(try ask(world, ["X-Forwarded-Uri: \(path)"], token: nil).status == 401, "\(path)")
                }
            }
        }

        @Test("who speaks of X-Original-URL does not vouch for X-Forwarded-Host")
        func hostOfTheOtherConvention() async throws {
            var settings = World.Settings()
            settings.trusted = ["127.0.0.1"]
            settings.routes = [
                Route(label: "guarded", path: "/x", destination: .upstream(0), policy: 1),
                Route(label: "open", host: "open.test", path: "/x", destination: .upstream(0)),
                Route(label: "verify", path: "/auth/verify", destination: .verify),
            ]
            try await World.run(settings) { (world) async throws in
                let fields = ["X-Original-URL: /x", "X-Forwarded-Host: open.test"]
                #expect(try ask(world, fields, token: nil).status == 401)
            }
        }

        private func askBelow(_ world: World, _ target: String, token: String? = nil, method: String = "GET") throws
            -> RawResponse
        {
            let credential = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
            // Another convention's fields are no matter here.
            let fields = "X-Forwarded-Uri: /public\r\nX-Original-URL: /public\r\n"
            return try world.ask(
                "\(method) /check\(target) HTTP/1.1\r\nHost: only.test\r\n\(credential)\(fields)\r\n")
        }

        private func asking(trusted: [String], _ body: (World) async throws -> Void) async throws {
            var settings = World.Settings()
            settings.trusted = trusted
            settings.routes = [
                Route(label: "admin", path: "/admin", destination: .upstream(0), policy: 9),
                Route(label: "hosted", host: "only.test", path: "/hosted", destination: .upstream(0), policy: 3),
                Route(label: "get", path: "/get", methods: ["GET"], destination: .upstream(0)),
                Route(label: "public", path: "/public", destination: .upstream(0)),
                Route(label: "check", path: "/check/", destination: .verifyPath),
            ]
            try await World.run(settings, body)
        }

        @Test("a question may be the original request itself, below a path")
        func below() async throws {
            try await asking(trusted: ["127.0.0.1"]) { (world) async throws in
                #expect(try askBelow(world, "/hosted?x", token: "alice").all("X-Auth-Subject") == ["alice"])
                #expect(try askBelow(world, "/%61dmin/a", token: "alice").status == 200)
                #expect(world.desk.state.policies == [3, 9])
                #expect(try askBelow(world, "/public").status == 200)
                #expect(try askBelow(world, "/admin").status == 401)
                #expect(try askBelow(world, "//admin").status == 401)
                #expect(try askBelow(world, "/public/../admin").status == 401)
                #expect(try askBelow(world, "/get", token: "alice", method: "POST").status == 403)
                #expect(try askBelow(world, "/get", method: "GET").status == 200)
                #expect(try askBelow(world, "/nowhere", token: "alice").status == 403)
                #expect(try askBelow(world, "/check/public", token: "alice").status == 403)
                #expect(try askBelow(world, "/public%2f..%2fadmin", token: "alice").status == 400)
                #expect(world.backend.state.heads == 0)
            }
        }

        @Test("a question that dot segments lead elsewhere is refused, not forwarded")
        func leaving() async throws {
            try await asking(trusted: ["127.0.0.1"]) { (world) async throws in
                for target in ["/../public", "/%2e%2e/public", "/x/../../public", "/../get"] {
                    #expect(try askBelow(world, target, token: "alice").status == 404, "\(target)")
                }
                #expect(world.backend.state.heads == 0)
            }
        }

        @Test("a stranger who asks with a path has the token alone checked")
        func strangerBelow() async throws {
            try await asking(trusted: []) { (world) async throws in
                #expect(try askBelow(world, "/public").status == 401)
                #expect(try askBelow(world, "/nowhere", token: "alice").status == 200)
                #expect(world.desk.state.policies == [nil, nil])
            }
        }
    }
}
