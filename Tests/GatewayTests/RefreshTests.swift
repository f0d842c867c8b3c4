import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("refresh")
    struct RefreshTests {
        private static let withoutGrace: GatewaySettings = {
            var settings = GatewaySettings.accounts
            settings.tokens = "rotation_grace: 0s"
            return settings
        }()

        @Test("a refresh token is exchanged for a new pair, in JSON and form; the session stays the same")
        func rotates() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let first = try await gateway.login()
                let second = try GatewayFixture.Grant(try await gateway.refresh(first.refreshToken))
                let third = try GatewayFixture.Grant(
                    try await gateway.post("/auth/refresh", form: "refresh_token=\(second.refreshToken)"))
                #expect(Set([first, second, third].map(\.accessToken)).count == 3)
                #expect(Set([first, second, third].map(\.refreshToken)).count == 3)
                for grant in [second, third] {
                    #expect(grant.answer.status == 200)
                    #expect(grant.answer.field("Cache-Control") == "no-store")
                    #expect(grant.answer.member("scope") == Accounts.scope)
                    #expect(grant.claims["sid"] as? String == first.claims["sid"] as? String)
                    #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 200)
                }
            }
        }

        @Test("a retry within the grace gets the identical successor")
        func grace() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let first = try await gateway.login()
                let second = try GatewayFixture.Grant(try await gateway.refresh(first.refreshToken))
                let again = try GatewayFixture.Grant(try await gateway.refresh(first.refreshToken))
                #expect(again.refreshToken == second.refreshToken)
                #expect(try await gateway.call("GET", "/api/x", token: again.accessToken).status == 200)
                #expect(try await gateway.call("GET", "/api/x", token: second.accessToken).status == 200)
                #expect(try await gateway.refresh(second.refreshToken).status == 200)
            }
        }

        @Test("reuse of a refresh token ends the session and every live access token of it")
        func reuse() async throws {
            try await GatewayFixture.with(Self.withoutGrace) { gateway in
                let stolen = try await gateway.login()
                let bystander = try await gateway.login()
                let current = try GatewayFixture.Grant(try await gateway.refresh(stolen.refreshToken))
                #expect(try await gateway.call("GET", "/api/x", token: current.accessToken).status == 200)
                let challenge = "Bearer realm=\"portcullis\""
                expectProblem(
                    try await gateway.refresh(stolen.refreshToken), 401, "invalid_grant", challenge: challenge)
                for token in [stolen.accessToken, current.accessToken] {
                    expectProblem(
                        try await gateway.call("GET", "/api/x", token: token), 401, "invalid_token",
                        challenge: invalidTokenChallenge("token revoked"))
                }
                expectProblem(
                    try await gateway.refresh(current.refreshToken), 401, "invalid_grant", challenge: challenge)
                #expect(try await gateway.call("GET", "/api/x", token: bystander.accessToken).status == 200)
                #expect(await eventually { gateway.logText.contains("refresh token reuse detected") })
            }
        }

        @Test("of many refreshes at once with one token, all get the same successor or none is lost")
        func concurrent() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let first = try await gateway.login()
                let successors = try await withThrowingTaskGroup(of: String.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            try GatewayFixture.Grant(try await gateway.refresh(first.refreshToken)).refreshToken
                        }
                    }
                    return try await group.reduce(into: Set<String>()) { $0.insert($1) }
                }
                #expect(successors.count == 1)
            }
        }

        @Test("a narrower scope is for the access token only, a wider one is invalid_scope and costs nothing")
        func scopes() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let first = try await gateway.login(scope: "orders:read profile")
                for scope in ["orders:write", "orders:read admin", "\\u0022"] {
                    expectProblem(
                        try await gateway.post(
                            "/auth/refresh",
                            json: "{\"refresh_token\":\"\(first.refreshToken)\",\"scope\":\"\(scope)\"}"),
                        400, "invalid_scope", "\(scope)")
                }
                let narrow = try GatewayFixture.Grant(
                    try await gateway.post(
                        "/auth/refresh", json: "{\"refresh_token\":\"\(first.refreshToken)\",\"scope\":\"profile\"}"))
                #expect(narrow.answer.member("scope") == "profile")
                #expect(narrow.claims["scope"] as? String == "profile")
                let full = try GatewayFixture.Grant(try await gateway.refresh(narrow.refreshToken))
                #expect(full.answer.member("scope") == "orders:read profile")
            }
        }

        @Test("what is no refresh token of ours is invalid_grant; what is no request, invalid_request")
        func refused() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                let grant = try await gateway.login()
                let token = grant.refreshToken
                let flipped = String(token.dropLast()) + (token.hasSuffix("A") ? "B" : "A")
                for wrong in ["x", flipped, token + "A", String(token.dropLast()), grant.accessToken, "é", "../../etc"]
                {
                    expectProblem(
                        try await gateway.refresh(wrong), 401, "invalid_grant",
                        challenge: "Bearer realm=\"portcullis\"", "\(wrong.prefix(10))")
                }
                for document in ["", "{}", "[", #"{"refresh_token":7}"#, #"{"refresh_token":"a","refresh_token":"b"}"#]
                {
                    expectProblem(
                        try await gateway.post("/auth/refresh", json: document), 400, "invalid_request", "\(document)")
                }
                // A refresh token is no access token.
                expectProblem(
                    try await gateway.call("GET", "/api/x", token: token), 401, "invalid_token",
                    challenge: invalidTokenChallenge("malformed token"))
                #expect(try await gateway.refresh(token).status == 200)
            }
        }
    }
}
