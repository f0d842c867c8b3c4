import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("refresh tokens as cookies")
    struct CookieTests {
        private static let name = "__Host-portcullis-refresh"
        private static let own = ("Sec-Fetch-Site", "same-origin")

        private static let settings: GatewaySettings = {
            var settings = GatewaySettings.accounts
            settings.sections = ["login: {cookies: true}"]
            return settings
        }()

        private struct Cookie {
            var token: String
            var attributes: Set<String>

            init(_ answer: HTTPAnswer) throws {
                let parts = try #require(answer.field("Set-Cookie")).components(separatedBy: "; ")
                let pair = try #require(parts.first)
                #expect(pair.hasPrefix("\(name)="))
                token = String(pair.dropFirst(name.count + 1))
                attributes = Set(parts.dropFirst())
                if !token.isEmpty { SecretLedger.enter(token) }
            }

            var field: (String, String) { ("Cookie", "\(name)=\(token)") }
        }

        private func login(_ gateway: GatewayFixture, _ fields: [(String, String)] = []) async throws -> HTTPAnswer {
            let password = try #require(Accounts.passwords["alice"])
            return try await gateway.call(
                "POST", "/auth/login", [("Content-Type", "application/x-www-form-urlencoded")] + fields,
                body: "username=alice&password=\(password.replacingOccurrences(of: " ", with: "+"))")
        }

        private func refresh(_ gateway: GatewayFixture, _ fields: [(String, String)]) async throws -> HTTPAnswer {
            try await gateway.call("POST", "/auth/refresh", fields)
        }

        @Test("login, refresh and logout: the token is in the cookie alone, which only this origin's pages can use")
        func lifeCycle() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let answer = try await login(gateway)
                #expect(answer.status == 200)
                #expect(answer.json["refresh_token"] == nil)
                let first = try Cookie(answer)
                #expect(
                    first.attributes == ["Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=\(14 * 86_400)"])
                let refreshed = try await refresh(gateway, [first.field, Self.own])
                #expect(refreshed.status == 200, "\(refreshed.text)")
                #expect(refreshed.json["refresh_token"] == nil)
                let second = try Cookie(refreshed)
                #expect(second.token != first.token)
                let access = try #require(refreshed.member("access_token"))
                SecretLedger.enter(access)
                #expect(try await gateway.call("GET", "/api/x", token: access).status == 200)
                let out = try await gateway.call("POST", "/auth/logout", [second.field, Self.own])
                #expect(out.status == 204)
                let removal = try Cookie(out)
                #expect(removal.token.isEmpty && removal.attributes.contains("Max-Age=0"))
                #expect(removal.attributes.isSuperset(of: ["Path=/", "Secure"]))
                #expect(try await gateway.call("GET", "/api/x", token: access).status == 401)
                #expect(try await refresh(gateway, [second.field, Self.own]).status == 401)
            }
        }

        @Test("what shows another origin, or none, is refused and uses nothing up")
        func proof() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let answer = try await login(gateway)
                let cookie = try Cookie(answer)
                let refusals: [[(String, String)]] = [
                    [],
                    [("Sec-Fetch-Site", "same-site")], [("Sec-Fetch-Site", "cross-site")], [("Sec-Fetch-Site", "none")],
                    [("Sec-Fetch-Site", "Same-Origin")], [Self.own, ("Sec-Fetch-Site", "cross-site")],
                    [Self.own, Self.own],
                    [("Origin", "https://evil.test")], [("Origin", "null")], [("Origin", "")],
                    [("Origin", "https://gateway.test.evil.test")], [("Origin", "http://gateway.test")],
                    [("Origin", "https://gateway.test:8443")], [("Origin", "https://gateway.test/")],
                    [("Origin", "https://gateway.test"), ("Origin", "https://gateway.test")],
                    [Self.own, ("Origin", "https://evil.test")], [Self.own, ("Origin", "null")],
                    [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://gateway.test")],
                    [("Referer", "https://gateway.test/")],
                ]
                for fields in refusals {
                    for path in ["/auth/refresh", "/auth/logout"] {
                        let answer = try await gateway.call("POST", path, [cookie.field] + fields)
                        if fields.contains(where: { $0.1.isEmpty }), answer.status == 400 { continue }
                        expectProblem(answer, 403, "access_denied", "\(path) \(fields)")
                        #expect(answer.values("Set-Cookie").isEmpty)
                    }
                }
                let access = try #require(answer.member("access_token"))
                SecretLedger.enter(access)
                #expect(try await gateway.call("GET", "/api/x", token: access).status == 200)
                for fields in [
                    [Self.own], [("Origin", "https://gateway.test")], [Self.own, ("Origin", "https://gateway.test")],
                    // A page of a development server that the browser finds to be this one.
                    [Self.own, ("Origin", "http://gateway.test")],
                    [("Host", "api.test"), ("Origin", "https://api.test")],
                    [("Host", "api.test:8443"), ("Origin", "https://api.test:8443")],
                    [("Host", "API.test:443"), ("Origin", "https://api.test")],
                    // The name that clients know this gateway by, whatever a proxy in front made of Host.
                    [("Host", "internal"), ("Origin", "https://gateway.test")],
                ] {
                    let again = try await refresh(gateway, [cookie.field] + fields)
                    #expect(again.status == 200, "\(fields) \(again.text)")
                    _ = try Cookie(again)
                }
            }
        }

        @Test("cookies are read strictly: two of the name, or one that is no token, are refused")
        func parsing() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let (name, token) = (Self.name, try Cookie(try await login(gateway)).token)
                for values in [
                    ["\(name)=\(token); \(name)=\(token)"], ["\(name)=\(token)", "\(name)=\(token)"],
                    ["\(name)=; \(name)=\(token)"], ["\(name)=\"\(token)\""], ["\(name)=\(token),x"],
                    ["\(name) =\(token)"], ["\(name)=\(token) x"], ["\(name)"], ["a=b;\(name)=\(token);\(name)=evil"],
                ] {
                    let fields = values.map { ("Cookie", $0) } + [Self.own]
                    expectProblem(try await refresh(gateway, fields), 400, "invalid_request", "\(values.count)")
                }
                for value in [
                    "", "\(name)=", "\(name)x=\(token)", "x\(name)=\(token)", name.lowercased() + "=\(token)",
                ] {
                    expectProblem(
                        try await refresh(gateway, [("Cookie", value), Self.own]), 401, "invalid_grant",
                        challenge: "Bearer realm=\"portcullis\"", "\(value.prefix(30))")
                }
                for value in ["a=b; \(name)=\(token)", "\(name)=\(token);c", "=;;a=\"x y\"; \(name)=\(token) ; d=1=2"] {
                    #expect(try await refresh(gateway, [("Cookie", value), Self.own]).status == 200)
                }
            }
        }

        @Test("a refresh token in the body is refused, and so is a login that another site caused")
        func otherWays() async throws {
            try await GatewayFixture.with(Self.settings) { gateway in
                let cookie = try Cookie(try await login(gateway))
                for path in ["/auth/refresh", "/auth/logout"] {
                    let answer = try await gateway.call(
                        "POST", path, [("Content-Type", "application/x-www-form-urlencoded"), Self.own],
                        body: "refresh_token=\(cookie.token)")
                    expectProblem(answer, 400, "invalid_request", "\(path)")
                }
                for fields in [
                    [("Sec-Fetch-Site", "cross-site")], [("Origin", "https://evil.test")], [("Origin", "null")],
                ] {
                    expectProblem(try await login(gateway, fields), 403, "access_denied")
                }
                #expect(try await login(gateway, [Self.own, ("Origin", "https://gateway.test")]).status == 200)
            }
        }

        @Test("backends never see the cookie, on any route and in any spelling; the others arrive")
        func withheld() async throws {
            var settings = Self.settings
            settings.routes = ["{path: /forwarding/, upstream: api, auth: {any_of: [jwt]}, forward_credentials: true}"]
            try await GatewayFixture.with(settings) { gateway in
                let answer = try await login(gateway)
                let (name, token) = (Self.name, try Cookie(answer).token)
                let access = try #require(answer.member("access_token"))
                SecretLedger.enter(access)
                for path in ["/public/x", "/api/x", "/forwarding/x"] {
                    for (values, kept) in [
                        (["\(name)=\(token)"], []), (["a=1; \(name)=\(token); b=2"], ["a=1; b=2"]),
                        (["a=1", "\(name)=\(token)", "b=2"], ["a=1", "b=2"]),
                        (["\(name.lowercased())=\(token);c=\"x\""], ["c=\"x\""]), (["\(name) = \(token)"], []),
                        (["a=1; x\(name)=1"], ["a=1; x\(name)=1"]),
                    ] {
                        #expect(
                            try await gateway.call("GET", path, token: access, values.map { ("Cookie", $0) }).status
                                == 200)
                        let seen = try #require(gateway.backend.arrivals.last)
                        #expect(seen.values("Cookie") == kept, "\(path)")
                    }
                }
                #expect(!gateway.backend.arrivals.contains { "\($0)".contains(token) })
            }
        }

        @Test("where cookies are off, one is nothing but somebody else's cookie")
        func off() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let grant = try await gateway.login()
                #expect(grant.answer.values("Set-Cookie").isEmpty)
                let cookie = ("Cookie", "\(Self.name)=\(grant.refreshToken)")
                #expect(try await refresh(gateway, [cookie, Self.own]).status == 400)
                #expect(try await gateway.call("GET", "/public/x", [cookie]).status == 200)
                #expect(gateway.backend.arrivals.last?.values("Cookie") == [cookie.1])
            }
        }
    }
}
