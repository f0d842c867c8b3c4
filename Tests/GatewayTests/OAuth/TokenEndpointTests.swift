import Credentials
import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("OAuth: the token endpoint")
    struct TokenEndpointTests {
        private let settings = GatewayFixture.oauthSettings

        @Test("6749-01: POST only; no parameter twice; without a value is left out; unknown is ignored")
        func parameters() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                for method in ["GET", "PUT", "DELETE"] {
                    let answer = try await gateway.call(method, "/oauth2/token")
                    expectProblem(answer, 405, "invalid_request")
                    #expect(answer.field("Allow") == "POST")
                }
                let form = "grant_type=client_credentials"
                for twice in [
                    "\(form)&grant_type=client_credentials", "\(form)&scope=a&scope=a",
                    "\(form)&client_id=a&client_id=a",
                    "\(form)&x=1&x=2", "grant_type=refresh_token&refresh_token=a&refresh_token=b", "\(form)&%78=1&x=2",
                ] {
                    expectProblem(try await gateway.oauth("token", twice, basic: client), 400, "invalid_request")
                }
                for missing in ["", "scope=a", "grant_type=", "grant_type=&scope=a"] {
                    expectProblem(try await gateway.oauth("token", missing, basic: client), 400, "invalid_request")
                }
                let answer = try await gateway.oauth("token", "\(form)&scope=&unheard_of=1&client_id=", basic: client)
                #expect(answer.status == 200 && answer.member("scope") == "orders:read orders:write")
            }
        }

        @Test("6749-02: a form in UTF-8, and nothing from the query")
        func mediaTypes() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                func post(_ type: String?, _ body: String, query: String = "") async throws -> HTTPAnswer {
                    var fields = [("Authorization", GatewayFixture.basic(client.id, client.secret))]
                    if let type { fields.append(("Content-Type", type)) }
                    return try await gateway.call("POST", "/oauth2/token\(query)", fields, body: body)
                }
                let form = "grant_type=client_credentials"
                for type in [
                    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8",
                    "Application/X-WWW-Form-Urlencoded ;charset=utf-8",
                ] {
                    #expect(try await post(type, form).status == 200, "\(type)")
                }
                for (type, body) in [
                    ("application/json", #"{"grant_type":"client_credentials"}"#), ("text/plain", form), (nil, form),
                    ("multipart/form-data", form), ("application/x-www-form-urlencoded", "grant_type=%FF"),
                    ("application/x-www-form-urlencoded", "grant_type=%4"),
                ] {
                    expectProblem(try await post(type, body), 400, "invalid_request")
                }
                let type = "application/x-www-form-urlencoded"
                expectProblem(try await post(type, "x=1", query: "?\(form)"), 400, "invalid_request")
                // A secret in the URI counts for nothing.
                let uri = "/oauth2/token?client_id=\(client.id)&client_secret=\(client.secret)"
                let answer = try await gateway.call("POST", uri, [("Content-Type", type)], body: form)
                expectProblem(answer, 401, "invalid_client", challenge: basicChallenge)
                let long = "\(form)&scope=\(String(repeating: "a", count: 5000))"
                expectProblem(try await post(type, long), 400, "invalid_request")
            }
        }

        @Test("6749-03: Basic with both parts encoded as in forms, or the body, never both")
        func clientAuthentication() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let odd = (id: "a:b+c d".replacing(" ", with: "%"), secret: try gateway.makeClient("a:b+c%d"))
                let form = "grant_type=client_credentials"
                let encoded = "a%3Ab%2Bc%25d"
                let encodedSecret = odd.secret.map { $0 == "A" ? "%41" : "\($0)" }.joined()
                #expect(try await gateway.oauth("token", form, basic: (encoded, encodedSecret)).status == 200)
                let body = "\(form)&client_id=\(encoded)&client_secret=\(odd.secret)"
                #expect(try await gateway.oauth("token", body).status == 200)
                // Unencoded it is another name.
                expectProblem(
                    try await gateway.oauth("token", form, basic: (odd.id, odd.secret)), 401, "invalid_client",
                    challenge: basicChallenge)
                let same = try await gateway.oauth(
                    "token", "\(form)&client_id=\(encoded)", basic: (encoded, odd.secret))
                #expect(same.status == 200)
                for extra in ["&client_secret=\(odd.secret)", "&client_id=other", "&client_id=other&client_secret=x"] {
                    expectProblem(
                        try await gateway.oauth("token", form + extra, basic: (encoded, odd.secret)), 400,
                        "invalid_request")
                }
                expectProblem(try await gateway.oauth("token", "\(form)&client_secret=x"), 400, "invalid_request")
            }
        }

        @Test("6749-04: 200 is JSON, not to be stored, with token_type and a number of seconds")
        func success() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let answer = try await gateway.oauth("token", "grant_type=client_credentials", basic: client)
                #expect(answer.status == 200 && answer.field("Content-Type") == "application/json")
                expectNotStored(answer)
                #expect(answer.member("token_type") == "Bearer")
                let seconds = try #require(answer.json["expires_in"] as? Int)
                #expect((800...900).contains(seconds))
                #expect(answer.member("refresh_token") == nil, "RFC 6749 section 4.4.3")
                let token = try #require(answer.member("access_token"))
                SecretLedger.enter(token)
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 200)
                #expect(gateway.backend.arrivals.last?.values("X-Auth-Subject") == ["app"])
                #expect(gateway.backend.arrivals.last?.values("X-Auth-Client-Id") == ["app"])
                expectNotStored(try await gateway.oauth("token", "grant_type=x", basic: client))
            }
        }

        @Test("6749-05: each error code in its place, and no input comes back")
        func errors() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let machine = (id: "machine", secret: try gateway.makeClient("machine"))
                try gateway.makeClient("public", isPublic: true)
                let evil = "%0D%0Aevil%09%22%5C"
                let cases: [(String, (id: String, secret: String), Int, String)] = [
                    ("grant_type=client_credentials&x=1&x=1", client, 400, "invalid_request"),
                    ("grant_type=client_credentials", (id: "app", secret: "wrong"), 401, "invalid_client"),
                    ("grant_type=refresh_token&refresh_token=\(evil)", client, 400, "invalid_grant"),
                    ("grant_type=password&username=alice&password=\(evil)", client, 400, "invalid_grant"),
                    ("grant_type=password&username=alice&password=x", machine, 400, "unauthorized_client"),
                    ("grant_type=\(evil)", client, 400, "unsupported_grant_type"),
                    ("grant_type=authorization_code&code=x", client, 400, "unsupported_grant_type"),
                    ("grant_type=client_credentials&scope=\(evil)", client, 400, "invalid_scope"),
                    ("grant_type=client_credentials&scope=admin", client, 400, "invalid_scope"),
                ]
                for (form, client, status, error) in cases {
                    let answer = try await gateway.oauth("token", form, basic: client)
                    expectProblem(answer, status, error, challenge: status == 401 ? basicChallenge : nil, "\(form)")
                    #expect(!answer.text.contains("evil"))
                    let texts = [answer.member("error") ?? "\"", answer.member("error_description") ?? "\""].joined()
                    #expect(texts.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
                }
                let answer = try await gateway.oauth("token", "grant_type=client_credentials&client_id=public")
                expectProblem(answer, 400, "unauthorized_client")
            }
        }

        @Test("6749-06: invalid_client is 401 with a challenge for Basic")
        func invalidClient() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                try gateway.makeClient("public", isPublic: true)
                let form = "grant_type=client_credentials"
                for (field, body) in [
                    (GatewayFixture.basic("app", "wrong"), form), (GatewayFixture.basic("nobody", "x"), form),
                    (GatewayFixture.basic("app", ""), form), (GatewayFixture.basic("public", "x"), form),
                    (GatewayFixture.basic("portcullis", "x"), form), ("Basic", form), ("Basic ====", form),
                    ("Basic YXBw", form), ("Bearer abc", form), ("Digest a=b", form), (nil, form),
                    (nil, "\(form)&client_id=app"), (nil, "\(form)&client_id=app&client_secret=wrong"),
                    (nil, "\(form)&client_id=%00"), (nil, "\(form)&client_id=nobody"),
                ] {
                    let fields =
                        [("Content-Type", "application/x-www-form-urlencoded")]
                        + (field.map { [("Authorization", $0)] } ?? [])
                    let answer = try await gateway.call("POST", "/oauth2/token", fields, body: body)
                    expectProblem(answer, 401, "invalid_client", challenge: basicChallenge, "\(field ?? "-") \(body)")
                }
                #expect(try await gateway.oauth("token", form, basic: client).status == 200)
                try gateway.withMachines { _, store in
                    try store.setDisabled(true, of: ClientID("app"), nowMilliseconds: 9)
                }
                expectProblem(
                    try await gateway.oauth("token", form, basic: client), 401, "invalid_client",
                    challenge: basicChallenge)
            }
        }

        @Test("6749-07: a refresh token is its client's, who must prove who it is")
        func refreshBinding() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let (first, second) = (try gateway.client("a"), try gateway.client("b"))
                let grant = try await gateway.grant(first)
                expectProblem(try await gateway.refresh(grant.refreshToken, second), 400, "invalid_grant")
                let form = "grant_type=refresh_token&refresh_token=\(grant.refreshToken)"
                expectProblem(
                    try await gateway.oauth("token", "\(form)&client_id=a"), 401, "invalid_client",
                    challenge: basicChallenge)
                expectProblem(try await gateway.oauth("token", "\(form)&client_id=portcullis"), 400, "invalid_grant")
                // The gateway's own endpoint serves its own login only.
                expectProblem(
                    try await gateway.refresh(grant.refreshToken), 401, "invalid_grant",
                    challenge: "Bearer realm=\"portcullis\"")
                let answer = try await gateway.refresh(grant.refreshToken, first)
                #expect(answer.status == 200)
                _ = try GatewayFixture.Grant(answer)
            }
        }

        @Test("6749-08: no wider scope than granted; a narrower one is for the access token only")
        func refreshScope() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                var grant = try await gateway.grant(client)
                #expect(grant.answer.member("scope") == "orders:read orders:write")
                let wide = "&scope=orders:read+profile"
                expectProblem(try await gateway.refresh(grant.refreshToken, client, wide), 400, "invalid_scope")
                grant = try .init(try await gateway.refresh(grant.refreshToken, client, "&scope=orders:read"))
                #expect(grant.answer.member("scope") == "orders:read")
                grant = try .init(try await gateway.refresh(grant.refreshToken, client))
                #expect(grant.answer.member("scope") == "orders:read orders:write")
            }
        }

        @Test("6749-09: refresh tokens are unguessable, and Redis holds none that could be used")
        func refreshSecrecy() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let grant = try await gateway.grant(client)
                let redis = try #require(gateway.redisServer)
                for key in try redis.command("KEYS", "*").split(separator: "\n") {
                    let dump = try redis.command("DUMP", String(key))
                    #expect(!dump.contains(grant.refreshToken.suffix(43)), "\(key)")
                }
                // 43 characters of base64url are the 256 bits of its code.
                #expect(grant.refreshToken.utf8.count >= 46)
            }
        }

        @Test("6749-10: a refresh token is made of visible ASCII")
        func refreshCharacters() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let token = try await gateway.grant(try gateway.client()).refreshToken
                #expect(token.utf8.allSatisfy { (0x21...0x7E).contains($0) })
            }
        }

        @Test("8725-12: no token of one kind passes for another")
        func kinds() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let grant = try await gateway.grant(client)
                let wrong = try await gateway.call("GET", "/api/x", token: grant.refreshToken)
                expectProblem(
                    wrong, 401, "invalid_token", challenge: invalidTokenChallenge("malformed token"))
                expectProblem(try await gateway.refresh(grant.accessToken, client), 400, "invalid_grant")
                expectProblem(try await gateway.refresh(client.secret, client), 400, "invalid_grant")
            }
        }

        @Test("9700-01: every use of a refresh token gives another, to public clients, too")
        func rotation() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let login = try await gateway.login()
                var seen = [login.refreshToken]
                for _ in 0..<5 {
                    let form = "grant_type=refresh_token&client_id=portcullis&refresh_token=\(seen[seen.count - 1])"
                    seen.append(try GatewayFixture.Grant(try await gateway.oauth("token", form)).refreshToken)
                }
                #expect(Set(seen).count == 6)
            }
        }

        @Test("9700-02: a used refresh token ends the session, its newest tokens included")
        func reuse() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let first = try await gateway.grant(client)
                let second = try GatewayFixture.Grant(try await gateway.refresh(first.refreshToken, client))
                expectProblem(try await gateway.refresh(first.refreshToken, client), 400, "invalid_grant")
                expectProblem(try await gateway.refresh(second.refreshToken, client), 400, "invalid_grant")
                for token in [first.accessToken, second.accessToken] {
                    #expect(try await gateway.call("GET", "/api/x", token: token).status == 401)
                    #expect(try await gateway.introspect(token, client).text == inactive)
                }
                #expect(gateway.logText.contains("refresh token reuse detected"))
            }
        }

        @Test("9700-03: no parameter widens the audience")
        func audience() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let form = "grant_type=client_credentials&resource=https%3A%2F%2Felse.test&audience=else"
                let answer = try await gateway.oauth("token", form, basic: client)
                if answer.status == 200 {
                    let token = try #require(answer.member("access_token"))
                    SecretLedger.enter(token)
                    let told = try await gateway.introspect(token, client)
                    #expect(told.json["aud"] as? [String] == ["api"])
                } else {
                    #expect(answer.status == 400)
                }
            }
        }

        @Test("rot-13: what is no refresh token of ours is invalid_grant, whatever it is made of")
        func refreshFormat() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let token = try await gateway.grant(client).refreshToken
                var swapped = token
                swapped = String(token.dropLast(2)) + (token.hasSuffix("AA") ? "BB" : "AA")
                for wrong in [
                    String(token.dropLast()), token + "A", token + "%3D", token.uppercased(), "rt_", "%00",
                    "%F0%9F%9A%AA",
                    token + "%00", swapped, String(repeating: "A", count: 16_000),
                ] {
                    expectProblem(try await gateway.refresh(wrong, client), 400, "invalid_grant", "\(wrong.prefix(40))")
                }
                let huge = String(repeating: "A", count: 1 << 20)
                #expect(try await gateway.refresh(huge, client).status == 413)
                #expect(try await gateway.refresh(token, client).status == 200)
            }
        }

        @Test("the password grant is off unless switched on, and gives what client and user may both have")
        func passwordGrant() async throws {
            var off = settings
            off.sections = []
            try await GatewayFixture.with(off) { gateway in
                let form = "grant_type=password&username=alice&password=x"
                let answer = try await gateway.oauth("token", form, basic: try gateway.client())
                expectProblem(answer, 400, "unsupported_grant_type")
            }
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client("narrow", scope: "orders:write admin")
                #expect(try await gateway.grant(client).answer.member("scope") == "orders:write")
                let password = try #require(Accounts.passwords["alice"]).replacing(" ", with: "+")
                let form = "grant_type=password&username=alice&password=\(password)"
                expectProblem(
                    try await gateway.oauth("token", "\(form)&scope=admin", basic: client), 400, "invalid_scope")
                let own = try await gateway.oauth("token", "\(form)&client_id=portcullis")
                #expect(try GatewayFixture.Grant(own).answer.member("scope") == Accounts.scope)
                #expect(try GatewayFixture.Grant(own).claims["client_id"] as? String == "portcullis")
            }
        }

        @Test("a gateway whose refresh tokens are cookies gives none in a body to its own login")
        func cookies() async throws {
            var cookies = settings
            cookies.sections = ["login: {password_grant: true, cookies: true}"]
            try await GatewayFixture.with(cookies) { gateway in
                let form = "grant_type=password&username=alice&password=x&client_id=portcullis"
                expectProblem(
                    try await gateway.oauth("token", form), 401, "invalid_client", challenge: basicChallenge)
            }
        }

        @Test("who guesses secrets from one address is held up, and the others are not")
        func throttling() async throws {
            var settings = settings
            settings.sections.append("trusted_proxies: [127.0.0.1/32]")
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                func status(_ secret: String, from address: String) async throws -> Int {
                    let fields = [
                        ("Content-Type", "application/x-www-form-urlencoded"), ("X-Forwarded-For", address),
                        ("Authorization", GatewayFixture.basic(client.id, secret)),
                    ]
                    return try await gateway.call(
                        "POST", "/oauth2/token", fields, body: "grant_type=client_credentials"
                    ).status
                }
                for _ in 0..<30 { #expect(try await status("wrong", from: "192.0.2.1") == 401) }
                #expect(try await status("wrong", from: "192.0.2.1") == 429)
                #expect(try await status(client.secret, from: "192.0.2.1") == 429)
                #expect(try await status(client.secret, from: "192.0.2.2") == 200)
            }
        }
    }
}
