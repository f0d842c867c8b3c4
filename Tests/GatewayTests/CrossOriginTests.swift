import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("calls from pages of other origins")
    struct CrossOriginTests {
        private static let origin = "https://app.example"

        private static let settings: GatewaySettings = {
            var settings = GatewaySettings.accounts
            settings.sections = ["cors: {origins: [\"\(origin)\", \"http://localhost:3000\"]}"]
            return settings
        }()

        private func preflight(_ origin: String, _ path: String, _ gateway: GatewayFixture) async throws -> HTTPAnswer {
            try await gateway.call(
                "OPTIONS", path,
                [
                    ("Origin", origin), ("Access-Control-Request-Method", "POST"),
                    ("Access-Control-Request-Headers", "content-type"),
                ])
        }

        private func granted(_ answer: HTTPAnswer) -> [String] {
            answer.fields.map { $0.name.lowercased() }.filter { $0.hasPrefix("access-control-") }
        }

        @Test("preflight requests of listed origins are answered, never with a wildcard or with credentials")
        func preflights() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                for path in ["/auth/login", "/auth/refresh", "/auth/logout", "/auth/sessions", "/auth/sessions/x"] {
                    for origin in [Self.origin, "http://localhost:3000"] {
                        let answer = try await preflight(origin, path, gateway)
                        #expect(answer.status == 204)
                        #expect(answer.field("Access-Control-Allow-Origin") == origin)
                        #expect(answer.field("Vary") == "Origin")
                        #expect(answer.field("Access-Control-Allow-Methods") == "GET, POST, DELETE")
                        #expect(answer.field("Access-Control-Allow-Headers") == "Authorization, Content-Type")
                        #expect(answer.field("Access-Control-Max-Age") == "600")
                        #expect(answer.field("Access-Control-Allow-Credentials") == nil)
                    }
                    for origin in [
                        "https://evil.test", "null", "*", "https://app.example.evil.test", "https://APP.example",
                        "http://app.example", "https://app.example:443",
                    ] {
                        let answer = try await preflight(origin, path, gateway)
                        #expect(granted(answer).isEmpty, "\(origin)")
                        #expect(answer.field("Vary") == "Origin")
                    }
                }
                // What is no preflight is no endpoint.
                #expect(try await gateway.call("OPTIONS", "/auth/login").status >= 400)
            }
        }

        @Test("answers, refusals too, can be read by listed origins and by no other")
        func answers() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let grant = try await gateway.login()
                for (token, status) in [(grant.accessToken, 200), ("a.b.c", 401)] {
                    let listed = try await gateway.call(
                        "GET", "/auth/sessions", token: token, [("Origin", Self.origin)])
                    #expect(listed.status == status)
                    #expect(listed.field("Access-Control-Allow-Origin") == Self.origin)
                    #expect(listed.field("Access-Control-Allow-Credentials") == nil)
                    #expect(listed.field("Vary") == "Origin")
                    for fields in [
                        [], [("Origin", "https://evil.test")], [("Origin", Self.origin), ("Origin", Self.origin)],
                    ] {
                        let other = try await gateway.call("GET", "/auth/sessions", token: token, fields)
                        #expect(other.status == status)
                        #expect(granted(other).isEmpty)
                        #expect(other.field("Vary") == "Origin")
                    }
                }
                // What backends say is theirs.
                let proxied = try await gateway.call("GET", "/public/x", [("Origin", Self.origin)])
                #expect(proxied.status == 200 && granted(proxied).isEmpty)
            }
        }

        @Test("it is off unless configured")
        func off() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let answer = try await preflight(Self.origin, "/auth/login", gateway)
                #expect(answer.status == 405 && granted(answer).isEmpty)
                let grant = try await gateway.login()
                let list = try await gateway.call(
                    "GET", "/auth/sessions", token: grant.accessToken, [("Origin", Self.origin)])
                #expect(list.status == 200 && granted(list).isEmpty)
            }
        }
    }
}
