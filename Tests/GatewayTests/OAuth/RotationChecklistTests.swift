import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("OAuth: rotation as clients meet it")
    struct RotationChecklistTests {
        private let strict = GatewayFixture.oauthSettings
        private let graceful: GatewaySettings = {
            var settings = GatewayFixture.oauthSettings
            settings.tokens = "rotation_grace: 10s"
            return settings
        }()

        /// What fifty refreshes with one token at once are answered by two nodes.
        private func refreshFiftyTimes(_ token: String, _ nodes: [GatewayFixture]) async throws -> [HTTPAnswer] {
            try await withThrowingTaskGroup(of: HTTPAnswer.self) { group in
                for index in 0..<50 { group.addTask { try await nodes[index % nodes.count].refresh(token) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }

        @Test("rot-01: fifty refreshes at once by two nodes have one successor, which goes on")
        func parallelRefreshes() async throws {
            try await GatewayFixture.withTwoNodes(issuing: "rotation_grace: 1m") { first, second in
                let nodes = [first, second]
                for round in 0..<RaceRounds.count(8) {
                    let first = try await nodes[0].login()
                    let answers = try await refreshFiftyTimes(first.refreshToken, nodes)
                    let successors = Set(try answers.map { try GatewayFixture.Grant($0).refreshToken })
                    #expect(successors.count == 1, "round \(round)")
                    let next = try await nodes[1].refresh(try #require(successors.first))
                    #expect(next.status == 200, "round \(round)")
                }
            }
        }

        @Test("rot-01, strictly: of fifty refreshes at once by two nodes one is answered, and what it got is dead")
        func parallelRefreshesStrictly() async throws {
            try await GatewayFixture.withTwoNodes(issuing: "rotation_grace: 0s") { first, second in
                let nodes = [first, second]
                for round in 0..<RaceRounds.count(8) {
                    let first = try await nodes[0].login()
                    let answers = try await refreshFiftyTimes(first.refreshToken, nodes)
                    let granted = answers.filter { $0.status == 200 }
                    #expect(granted.count == 1, "round \(round)")
                    #expect(answers.allSatisfy { $0.status == 200 || $0.status == 401 }, "round \(round)")
                    for answer in granted {
                        let grant = try GatewayFixture.Grant(answer)
                        #expect(try await nodes[1].refresh(grant.refreshToken).status == 401, "round \(round)")
                        for node in nodes {
                            let call = try await node.call("GET", "/api/x", token: grant.accessToken)
                            #expect(call.status == 401, "round \(round)")
                        }
                    }
                }
            }
        }

        @Test("rot-04: within the grace one token has one successor, however often it comes; there is no fork to abuse")
        func graceAbuse() async throws {
            try await GatewayFixture.with(graceful) { gateway in
                let client = try gateway.client()
                let first = try await gateway.grant(client)
                var successors: Set<String> = []
                for _ in 0..<20 {
                    let grant = try GatewayFixture.Grant(try await gateway.refresh(first.refreshToken, client))
                    successors.insert(grant.refreshToken)
                }
                #expect(successors.count == 1)
            }
        }

        @Test("rot-06: a session that is over is over within the grace, too")
        func expiredInGrace() async throws {
            var settings = graceful
            settings.tokens = "rotation_grace: 10s, access_ttl: 1s, refresh_ttl: 1s, session_ttl: 2s"
            try await GatewayFixture.with(settings) { gateway in
                let client = try gateway.client()
                let first = try await gateway.grant(client)
                let second = try await gateway.refresh(first.refreshToken, client)
                #expect(second.status == 200)
                let isOver = try await eventually {
                    try await gateway.refresh(first.refreshToken, client).status == 400
                }
                #expect(isOver)
                expectProblem(
                    try await gateway.refresh(try #require(second.member("refresh_token")), client), 400,
                    "invalid_grant")
            }
        }

        @Test("rot-07: a refresh leaves the access token before it alone, as docs/THREAT_MODEL.md says")
        func previousAccessToken() async throws {
            try await GatewayFixture.with(strict) { gateway in
                let client = try gateway.client()
                let first = try await gateway.grant(client)
                _ = try GatewayFixture.Grant(try await gateway.refresh(first.refreshToken, client))
                #expect(try await gateway.call("GET", "/api/x", token: first.accessToken).status == 200)
            }
        }

        @Test("rot-08: revocation beside refreshes: when both have returned no token of the family lives")
        func revocationDuringRefresh() async throws {
            try await GatewayFixture.with(graceful) { gateway in
                let client = try gateway.client()
                for round in 0..<RaceRounds.count(40) {
                    let grant = try await gateway.grant(client)
                    async let refreshed = gateway.refresh(grant.refreshToken, client)
                    async let revoked = gateway.oauth("revoke", "token=\(grant.refreshToken)", basic: client)
                    let (answer, revocation) = try await (refreshed, revoked)
                    #expect(revocation.status == 200, "round \(round)")
                    var tokens = [grant.accessToken]
                    if answer.status == 200 {
                        let next = try GatewayFixture.Grant(answer)
                        tokens.append(next.accessToken)
                        #expect(try await gateway.refresh(next.refreshToken, client).status == 400, "round \(round)")
                    }
                    for token in tokens {
                        #expect(try await gateway.call("GET", "/api/x", token: token).status == 401, "round \(round)")
                    }
                }
            }
        }

        @Test("rot-14: once the logout has returned, no refresh and no request beside it leaves anything alive")
        func logoutRace() async throws {
            try await GatewayFixture.with(graceful) { gateway in
                for round in 0..<RaceRounds.count(20) {
                    let grant = try await gateway.login()
                    async let call = gateway.call("GET", "/api/x", token: grant.accessToken)
                    async let refreshed = gateway.refresh(grant.refreshToken)
                    async let ended = gateway.call("POST", "/auth/logout", token: grant.accessToken)
                    let (_, answer, logout) = try await (call, refreshed, ended)
                    #expect(logout.status == 204, "round \(round)")
                    var tokens = [grant.accessToken]
                    if answer.status == 200 { tokens.append(try GatewayFixture.Grant(answer).accessToken) }
                    for token in tokens {
                        #expect(try await gateway.call("GET", "/api/x", token: token).status == 401, "round \(round)")
                    }
                }
            }
        }

        @Test("9700-06: there is no redirect at all, whatever a client asks for")
        func redirects() async throws {
            try await GatewayFixture.with(strict) { gateway in
                let evil = "redirect_uri=https%3A%2F%2Fevil.test&post_logout_redirect_uri=https%3A%2F%2Fevil.test"
                let token = try await gateway.login().accessToken
                for (method, target) in [
                    ("POST", "/auth/logout?\(evil)"), ("POST", "/oauth2/token?\(evil)"),
                    ("GET", "/oauth2/authorize?\(evil)"),
                    ("POST", "/oauth2/revoke?\(evil)"),
                ] {
                    let answer = try await gateway.call(method, target, token: token)
                    #expect(!(300..<400).contains(answer.status) && answer.values("Location").isEmpty, "\(target)")
                }
            }
        }
    }
}
