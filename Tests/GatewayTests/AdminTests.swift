import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("the admin API")
    struct AdminTests {
        static let token = "admin-token-of-the-tests"

        static let settings: GatewaySettings = {
            var settings = GatewaySettings.accounts
            settings.adminToken = token
            return settings
        }()

        private func with(
            _ settings: GatewaySettings = settings, _ body: (GatewayFixture) async throws -> Void
        ) async throws {
            SecretLedger.enter(Self.token)
            try await GatewayFixture.with(settings, body)
        }

        private func revoke(_ json: String, _ gateway: GatewayFixture) async throws -> HTTPAnswer {
            try await gateway.admin("POST", "/admin/v1/revocations", token: Self.token, json: json)
        }

        private func expectRevoked(
            _ json: String, _ gateway: GatewayFixture, sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let answer = try await revoke(json, gateway)
            #expect(answer.status == 201, "\(json) \(answer.text)", sourceLocation: sourceLocation)
        }

        private func status(_ token: String, _ gateway: GatewayFixture) async throws -> Int {
            try await gateway.call("GET", "/api/x", token: token).status
        }

        static let paths = [
            ("GET", "/admin/v1/revocations"), ("POST", "/admin/v1/revocations"),
            ("GET", "/admin/v1/keys"), ("POST", "/admin/v1/keys/rotate"),
            ("GET", "/admin/v1/sessions?subject=alice"), ("DELETE", "/admin/v1/sessions?subject=alice"),
            ("GET", "/admin/v1/users"), ("POST", "/admin/v1/users"), ("GET", "/admin/v1/users/alice"),
            ("PATCH", "/admin/v1/users/alice"), ("DELETE", "/admin/v1/users/alice"),
            ("GET", "/admin/v1/clients"), ("POST", "/admin/v1/clients"), ("GET", "/admin/v1/clients/c"),
            ("PATCH", "/admin/v1/clients/c"), ("DELETE", "/admin/v1/clients/c"),
            ("GET", "/admin/v1/api-keys"), ("POST", "/admin/v1/api-keys"), ("GET", "/admin/v1/api-keys/AAAAAAAAAAAA"),
            ("PATCH", "/admin/v1/api-keys/AAAAAAAAAAAA"), ("DELETE", "/admin/v1/api-keys/AAAAAAAAAAAA"),
            ("GET", "/admin/v1/status"), ("POST", "/admin/v1/reload"),
            // Other spellings that a router could take for the same.
            ("GET", "//admin/v1/revocations"), ("GET", "/admin//v1/revocations/"),
            ("GET", "/admin/v1//users"), ("GET", "/admin/v1/users/"), ("DELETE", "/admin/v1/users//alice"),
        ]

        @Test("nobody gets in without the token, with another, or with one that only begins or ends like it")
        func authorization() async throws {
            try await with { gateway in
                let grant = try await gateway.login()
                let token = Self.token
                for (method, path) in Self.paths {
                    let body = method == "POST" ? #"{"all":true}"# : nil
                    expectProblem(
                        try await gateway.admin(method, path, json: body), 401, "unauthorized",
                        challenge: "Bearer realm=\"portcullis\"", "\(path)")
                    for wrong in [
                        "x", String(token.dropLast()), token + "x", String(token.reversed()), token.uppercased(),
                        grant.accessToken,
                    ] {
                        expectProblem(
                            try await gateway.admin(method, path, token: wrong, json: body), 401, "invalid_token",
                            challenge: invalidTokenChallenge("not the admin token"), "\(path)")
                    }
                }
                for value in ["Basic \(token)", token, "Bearer\t\(token)"] {
                    let answer = try await gateway.admin(
                        "GET", "/admin/v1/revocations", fields: [("Authorization", value)])
                    #expect(answer.status == 401, "\(value.prefix(8))")
                }
                let both = [("Authorization", "Bearer \(token)"), ("Authorization", "Bearer \(token)")]
                #expect(try await gateway.admin("GET", "/admin/v1/revocations", fields: both).status == 400)
                #expect(try await gateway.admin("HEAD", "/admin/v1/revocations").status == 401)
                #expect(try await status(grant.accessToken, gateway) == 200)
                #expect(try await gateway.admin("GET", "/healthz").status == 200)
                #expect(await eventually { gateway.logText.contains("administration refused") })
            }
        }

        @Test("without a configured token administration is off, whatever is presented")
        func off() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                for (method, path) in Self.paths {
                    for token in [nil, "x", ""] {
                        let answer = try await gateway.admin(
                            method, path, token: token, json: method == "POST" ? #"{"all":true}"# : nil)
                        expectProblem(answer, 403, "access_denied", "\(path)")
                    }
                }
            }
        }

        @Test("the public listener has no administration")
        func notPublic() async throws {
            try await with { gateway in
                let grant = try await gateway.login()
                for (method, path) in Self.paths {
                    let answer = try await gateway.call(
                        method, path, token: Self.token, [("Content-Type", "application/json")],
                        body: method == "POST" ? #"{"all":true}"# : nil)
                    #expect(answer.status == 404, "\(path)")
                }
                #expect(try await status(grant.accessToken, gateway) == 200)
            }
        }

        @Test("each kind ends what it names and nothing else; logging in again works at once")
        func kinds() async throws {
            try await with { gateway in
                let bystander = try await gateway.login("bob")
                func claim(_ name: String, _ grant: GatewayFixture.Grant) throws -> String {
                    try #require(grant.claims[name] as? String)
                }
                let header = { (grant: GatewayFixture.Grant) in
                    try #require(
                        try JSONSerialization.jsonObject(
                            with: Data(
                                base64Encoded: grant.accessToken.split(separator: ".")[0]
                                    .replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
                                    .padding(
                                        toLength: (grant.accessToken.split(separator: ".")[0].count + 3) / 4 * 4,
                                        withPad: "=", startingAt: 0)) ?? Data()) as? [String: Any])
                }
                // What is named, and whether the session goes on.
                let kinds: [(document: (GatewayFixture.Grant) throws -> String, refreshes: Bool, sparesBob: Bool)] = [
                    ({ "{\"jti\":\"\(try claim("jti", $0))\",\"expires_at\":\($0.claims["exp"] ?? 0)}" }, true, true),
                    ({ "{\"jti\":\"\(try claim("jti", $0))\"}" }, true, true),
                    ({ "{\"token\":\"\($0.accessToken)\",\"reason\":\"leaked\"}" }, true, true),
                    ({ "{\"token\":\"\($0.refreshToken)\"}" }, false, true),
                    ({ "{\"session\":\"\(try claim("sid", $0))\"}" }, false, true),
                    ({ "{\"subject\":\"\(try claim("sub", $0))\"}" }, false, true),
                    ({ "{\"key\":\"\(try header($0)["kid"] ?? "")\"}" }, true, false),
                    ({ "{\"client\":\"\(try claim("client_id", $0))\"}" }, false, false),
                    ({ _ in #"{"all":true,"reason":"drill"}"# }, false, false),
                ]
                for (document, refreshes, sparesBob) in kinds {
                    let grant = try await gateway.login()
                    #expect(try await status(grant.accessToken, gateway) == 200)
                    let text = try document(grant)
                    try await expectRevoked(text, gateway)
                    #expect(try await status(grant.accessToken, gateway) == 401, "\(text.prefix(20))")
                    let refreshed = try await gateway.refresh(grant.refreshToken)
                    #expect(refreshed.status == (refreshes ? 200 : 401), "\(text.prefix(20))")
                    let again = try await gateway.login()
                    #expect(try await status(again.accessToken, gateway) == 200, "\(text.prefix(20))")
                    if sparesBob { #expect(try await status(bystander.accessToken, gateway) == 200) }
                }
                #expect(await eventually { gateway.logText.contains(#""reason":"drill""#) })
            }
        }

        @Test("revoking everything and logging in within one second is right both ways, again and again")
        func sameSecond() async throws {
            try await with { gateway in
                var old = try await gateway.login()
                for round in 0..<16 {
                    switch round % 4 {
                    case 0: try await expectRevoked(#"{"all":true}"#, gateway)
                    case 1: try await expectRevoked(#"{"subject":"alice"}"#, gateway)
                    case 2: try await expectRevoked(#"{"client":"portcullis"}"#, gateway)
                    default:
                        let form = "everywhere=true&refresh_token=\(old.refreshToken)"
                        #expect(try await gateway.post("/auth/logout", form: form).status == 204)
                    }
                    let new = try await gateway.login()
                    try #require(try await status(old.accessToken, gateway) == 401, "round \(round)")
                    try #require(try await status(new.accessToken, gateway) == 200, "round \(round)")
                    #expect(try await gateway.refresh(old.refreshToken).status == 401, "round \(round)")
                    old = new
                }
            }
        }

        @Test("tokens of another issuer are revoked by its name")
        func foreignIssuer() async throws {
            try await with { gateway in
                let token = try gateway.issuer.token("sub", "\"carol\"")
                let other = try gateway.issuer.token("sub", "\"dave\"")
                try await expectRevoked(#"{"subject":"carol"}"#, gateway)
                #expect(try await status(token, gateway) == 200, "our carol is another one")
                try await expectRevoked("{\"subject\":\"carol\",\"issuer\":\"\(ForeignIssuer.name)\"}", gateway)
                #expect(try await status(token, gateway) == 401)
                #expect(try await status(other, gateway) == 200)
                try await expectRevoked("{\"token\":\"\(other)\"}", gateway)
                #expect(try await status(other, gateway) == 401)
            }
        }

        @Test("what is no revocation is refused and changes nothing")
        func refused() async throws {
            try await with { gateway in
                let grant = try await gateway.login()
                for document in [
                    "", "[]", "{}", #"{"all":false}"#, #"{"all":"yes"}"#, #"{"subject":""}"#, #"{"subject":7}"#,
                    #"{"subject":"alice","all":true}"#, #"{"subject":"alice","subject":"alice"}"#, #"{"jti":null}"#,
                    #"{"jti":"a","expires_at":"soon"}"#, #"{"jti":"a","expires_at":-1}"#,
                    #"{"jti":"a","expires_at":1.5}"#, #"{"jti":"a","expires_at":99999999999999999999}"#,
                    #"{"token":"x"}"#, #"{"token":"rt_x"}"#, #"{"all":true,"issuer":"https://nobody.test"}"#,
                    "{\"token\":\"\(grant.accessToken)x\"}",
                ] {
                    expectProblem(try await revoke(document, gateway), 400, "invalid_request", "\(document.prefix(40))")
                }
                #expect(try await status(grant.accessToken, gateway) == 200)
                #expect(try gateway.redisServer?.command("XLEN", "portcullis:revocations") == "0")
            }
        }

        @Test("what is in force is listed, the latest first, page by page", arguments: [true, false])
        func listing(hasRedis: Bool) async throws {
            var settings = Self.settings
            if !hasRedis { settings.redis = .none }
            try await with(settings) { gateway in
                for index in 0..<5 {
                    try await expectRevoked("{\"client\":\"c\(index)\",\"reason\":\"r\(index)\"}", gateway)
                }
                let past = Int(Date.now.timeIntervalSince1970) - 60
                try await expectRevoked("{\"jti\":\"gone\",\"expires_at\":\(past)}", gateway)
                try await expectRevoked(#"{"session":"00112233445566778899aabbccddeeff"}"#, gateway)
                var listed: [[String: Any]] = []
                var query = "?limit=2"
                for _ in 0..<10 {
                    let answer = try await gateway.admin("GET", "/admin/v1/revocations" + query, token: Self.token)
                    #expect(answer.status == 200, "\(answer.text)")
                    let page = try #require(answer.json["revocations"] as? [[String: Any]])
                    #expect(page.count <= 2)
                    listed += page
                    guard let next = answer.member("next") else { break }
                    query = "?limit=2&after=\(next)"
                }
                let ids = listed.compactMap { $0["id"] as? String }
                let expected = ["00112233445566778899aabbccddeeff", "c4", "c3", "c2", "c1", "c0"]
                if hasRedis { #expect(ids == expected) } else { #expect(ids.sorted() == expected.sorted()) }
                #expect(Set(listed.compactMap { $0["kind"] as? String }) == ["client", "session"])
                #expect(listed.filter { $0["id"] as? String == "c3" }.first?["reason"] as? String == "r3")
                for query in ["?limit=0", "?limit=1001", "?limit=x", "?limit=1&limit=2", "?after=%zz"] {
                    expectProblem(
                        try await gateway.admin("GET", "/admin/v1/revocations" + query, token: Self.token), 400,
                        "invalid_request", "\(query)")
                }
            }
        }

        @Test("the sessions of a subject are listed and ended")
        func sessions() async throws {
            try await with { gateway in
                let grants = [try await gateway.login(), try await gateway.login()]
                let bob = try await gateway.login("bob")
                let path = "/admin/v1/sessions"
                let answer = try await gateway.admin("GET", path + "?subject=alice", token: Self.token)
                let listed = try #require(answer.json["sessions"] as? [[String: Any]])
                #expect(
                    Set(listed.compactMap { $0["id"] as? String })
                        == Set(grants.compactMap { $0.claims["sid"] as? String }))
                #expect(listed.allSatisfy { $0["current"] == nil })
                let first = try await gateway.admin("GET", path + "?subject=alice&limit=1", token: Self.token)
                let next = try #require(first.member("next"))
                let second = try await gateway.admin(
                    "GET", path + "?subject=alice&limit=1&after=\(next)", token: Self.token)
                #expect(second.member("next") == nil)
                #expect((second.json["sessions"] as? [Any])?.count == 1)
                for query in ["", "?subject=", "?subject=a&subject=b", "?subject=a&limit=101", "?subject=a&after=x"] {
                    expectProblem(
                        try await gateway.admin("GET", path + query, token: Self.token), 400, "invalid_request",
                        "\(query)")
                }
                #expect(try await gateway.admin("DELETE", path, token: Self.token).status == 400)
                for _ in 0..<2 {
                    #expect(
                        try await gateway.admin("DELETE", path + "?subject=alice", token: Self.token).status == 204)
                }
                for grant in grants { #expect(try await status(grant.accessToken, gateway) == 401) }
                #expect(try await status(bob.accessToken, gateway) == 200)
            }
        }

        @Test("nothing is confirmed that Redis has not taken: 503")
        func outage() async throws {
            try await with { gateway in
                gateway.redisServer?.kill()
                for document in [
                    #"{"jti":"a"}"#, #"{"session":"00112233445566778899aabbccddeeff"}"#, #"{"subject":"alice"}"#,
                    #"{"client":"c"}"#, #"{"all":true}"#,
                ] {
                    expectProblem(try await revoke(document, gateway), 503, "temporarily_unavailable")
                }
                for path in ["/admin/v1/revocations", "/admin/v1/sessions?subject=alice"] {
                    expectProblem(
                        try await gateway.admin("GET", path, token: Self.token), 503, "temporarily_unavailable")
                }
            }
        }
    }
}
