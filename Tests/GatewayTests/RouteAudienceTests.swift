import TestSupport
import Testing

@testable import Gateway
@testable import GatewayConfiguration

@Suite("Whom a route takes tokens for")
struct RouteAudienceTests {
    private func isMet(
        _ audiences: [String], client: String? = nil, route: [String]? = nil, issuer: [String] = ["app", "api"]
    ) -> Bool {
        let requirement = Configuration.TokenRequirement(credentialKinds: [.token], audiences: route)
        let policy = RoutePolicy(requirement, outagePolicy: .closed)
        return policy.standing(audiences: audiences, client: client, issuerAudiences: issuer, scope: "") == .met
    }

    @Test("what aud says is one of the route's audiences, or else of the issuer's; never nothing, byte for byte")
    func audience() {
        #expect(isMet(["api"]) && isMet(["x", "api"]) && isMet(["reports"], route: ["reports"]))
        #expect(!isMet([]) && !isMet(["x"]) && !isMet([], route: ["reports"]) && !isMet(["api"], route: ["reports"]))
        // The sign for kelvin is a K to whoever compares characters.
        #expect(isMet(["K"], issuer: ["K"]) && !isMet(["\u{212A}"], issuer: ["K"]))
    }

    @Test("a token for a client names a client that is taken, and an aud that it has must be right for the route, too")
    func client() {
        #expect(isMet([], client: "app") && isMet(["api"], client: "app"))
        #expect(!isMet([], client: "x") && !isMet(["api"], client: "x") && !isMet(["x"], client: "app"))
        #expect(isMet([], client: "app", route: ["app"]) && isMet(["api"], client: "app", route: ["app", "api"]))
        #expect(!isMet([], client: "app", route: ["reports"]) && !isMet(["api"], client: "app", route: ["api"]))
        #expect(!isMet(["api"], client: "app", route: ["app"]))
    }
}

extension GatewayTests {
    @Suite("tokens without aud, and scopes in nested objects")
    struct ForeignClaimTests {
        @Test("pass and fail as their issuer is configured, on each route")
        func endToEnd() async throws {
            var settings = GatewaySettings()
            settings.tokens = nil
            settings.issuers = [
                "{issuer: \"https://second.test\", jwks_file: ./idp.json, audiences: [app], audience_claim: client_id, "
                    + "algorithms: [ES256], claims: {scope: resource_access.shop.roles}}"
            ]
            settings.routes = [
                "{path: /roles/, upstream: api, auth: {any_of: [jwt], scopes: [buyer]}}",
                "{path: /billing/, upstream: api, auth: {any_of: [jwt], audiences: [billing]}}",
            ]
            try await GatewayFixture.with(settings) { gateway in
                func status(
                    _ path: String, issuer: String = "https://second.test", audience: String? = nil,
                    client: String? = "app", resources: String = #"{"shop":{"roles":["buyer"]}}"#
                ) async throws -> Int {
                    let token = try gateway.issuer.token([
                        "iss": "\"\(issuer)\"", "aud": audience.map { "\"\($0)\"" },
                        "client_id": client.map { "\"\($0)\"" }, "azp": "\"app\"", "scope": "\"buyer\"",
                        "resource_access": resources,
                    ])
                    return try await gateway.call("GET", path, token: token).status
                }
                for (path, audience, client, expected) in [
                    ("/api/x", nil, "app", 200), ("/api/x", "app", "app", 200), ("/api/x", "other", "app", 401),
                    ("/api/x", nil, "other", 401), ("/api/x", "app", nil, 401), ("/api/x", nil, nil, 401),
                    // A client that only one route takes.
                    ("/billing/x", nil, "app", 401), ("/billing/x", nil, "billing", 200),
                    ("/api/x", nil, "billing", 401),
                ] as [(String, String?, String?, Int)] {
                    let answer = try await status(path, audience: audience, client: client)
                    #expect(answer == expected, "\(path) \(audience ?? "-") \(client ?? "-")")
                }
                for (resources, expected) in [
                    (#"{"shop":{"roles":["buyer"]}}"#, 200), (#"{"other":{"roles":["buyer"]}}"#, 403),
                    (#"{"shop":{"roles":[]}}"#, 403), ("{}", 403), (#"{"shop":["buyer"]}"#, 401),
                ] {
                    let answer = try await status("/roles/x", resources: resources)
                    #expect(answer == expected, "\(resources)")
                }
                let elsewhere = try await status("/api/x", issuer: ForeignIssuer.name)
                #expect(elsewhere == 401, "the other issuer's tokens need aud")
            }
        }
    }
}
