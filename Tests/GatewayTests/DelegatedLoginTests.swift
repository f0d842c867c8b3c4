import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("login by an identity service")
    struct DelegatedLoginTests {
        private func settings(_ port: Int, scheme: String = "http", _ more: String = "") -> GatewaySettings {
            var settings = GatewaySettings()
            settings.login = "delegate: {url: \"\(scheme)://localhost:\(port)/verify\", timeout: 2s\(more)}"
            return settings
        }

        private let body = "{\"username\":\"al\\\"ice\",\"password\":\"open sesame\"}"

        /// Logs in at a gateway whose service answers like this.
        private func answer(_ answer: IdentityStub.Answer) async throws -> HTTPAnswer {
            SecretLedger.enter("open sesame")
            let stub = try await IdentityStub { _ in answer }
            var result: HTTPAnswer?
            try await GatewayFixture.with(settings(stub.port)) { gateway in
                result = try await gateway.post("/auth/login", json: body)
            }
            await stub.stop()
            return try #require(result)
        }

        @Test("who is let in gets tokens with the subject and the scope that the service gives")
        func success() async throws {
            SecretLedger.enter("open sesame")
            let stub = try await IdentityStub { _ in
                .body(status: 200, #"{"sub":"u-17","scope":"orders:read profile","claims":{"tenant":"t1"},"more":[1]}"#)
            }
            try await GatewayFixture.with(settings(stub.port)) { gateway in
                let grant = try GatewayFixture.Grant(try await gateway.post("/auth/login", json: body))
                #expect(grant.claims["sub"] as? String == "u-17")
                #expect(grant.claims["scope"] as? String == "orders:read profile")
                #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 200)
                #expect(gateway.backend.arrivals.last?.values("X-Auth-Subject") == ["u-17"])
                #expect(try await gateway.refresh(grant.refreshToken).status == 200)
            }
            let posted = try #require(stub.received.first)
            let object = try JSONSerialization.jsonObject(with: Data(posted.utf8)) as? [String: String]
            #expect(object == ["username": "al\"ice", "password": "open sesame"])
            await stub.stop()
        }

        @Test("401 and 403 refuse, like a wrong password", arguments: [401, 403])
        func refused(status: Int) async throws {
            expectProblem(
                try await answer(.body(status: status, "{}")), 401, "invalid_grant",
                challenge: "Bearer realm=\"portcullis\"")
        }

        @Test(
            "whatever else it says is an outage, and lets nobody in",
            arguments: [
                IdentityStub.Answer.body(status: 500, ""), .body(status: 204, ""), .body(status: 201, #"{"sub":"a"}"#),
                .body(status: 200, ""), .body(status: 200, "{}"), .body(status: 200, #"{"sub":7}"#),
                .body(status: 200, #"{"sub":""}"#), .body(status: 200, #"{"sub":"a\nb"}"#),
                .body(status: 200, #"{"sub":"a","sub":"b"}"#), .body(status: 200, #"{"sub":"a","scope":["x"]}"#),
                .body(status: 200, #"{"sub":"a","scope":"x  y"}"#), .body(status: 200, #"{"sub":"a","claims":1}"#),
                .body(status: 200, #"{"sub":"a"} "# + String(repeating: " ", count: 70_000)),
                .redirect("http://127.0.0.1:1/"), .silence, .drip,
            ])
        func outages(answer: IdentityStub.Answer) async throws {
            expectProblem(try await self.answer(answer), 503, "temporarily_unavailable")
        }

        @Test("a service that is away is an outage; tokens that there are go on")
        func away() async throws {
            let stub = try await IdentityStub { _ in .body(status: 200, #"{"sub":"a"}"#) }
            try await GatewayFixture.with(settings(stub.port)) { gateway in
                let grant = try GatewayFixture.Grant(try await gateway.post("/auth/login", json: body))
                await stub.stop()
                expectProblem(try await gateway.post("/auth/login", json: body), 503, "temporarily_unavailable")
                #expect(try await gateway.call("GET", "/api/x", token: grant.accessToken).status == 200)
            }
        }

        @Test("passwords go only to a service whose certificate is right")
        func tls() async throws {
            let authority = try TestAuthority()
            let other = try TestAuthority()
            for (root, names, isTaken) in [
                (authority, ["localhost"], true), (authority, ["elsewhere.example"], false),
                (other, ["localhost"], false),
            ] {
                let stub = try await IdentityStub(tls: authority.issue("s", names: names)) { _ in
                    .body(status: 200, #"{"sub":"a"}"#)
                }
                let settings = settings(stub.port, scheme: "https", ", ca: \"\(root.root.certificate)\"")
                try await GatewayFixture.with(settings) { gateway in
                    let answer = try await gateway.post("/auth/login", json: body)
                    #expect(answer.status == (isTaken ? 200 : 503), "\(names)")
                    if let token = answer.member("access_token") { SecretLedger.enter(token) }
                }
                #expect(stub.received.isEmpty == !isTaken)
                await stub.stop()
            }
        }

        @Test("more logins than may wait get 503 at once")
        func concurrency() async throws {
            let stub = try await IdentityStub { _ in .silence }
            try await GatewayFixture.with(settings(stub.port, ", concurrency: 2")) { gateway in
                let statuses = try await withThrowingTaskGroup(of: Int.self) { tasks in
                    for _ in 0..<6 { tasks.addTask { try await gateway.post("/auth/login", json: body).status } }
                    return try await tasks.reduce(into: []) { $0.append($1) }
                }
                #expect(statuses == Array(repeating: 503, count: 6))
                #expect(stub.received.count <= 2)
            }
            await stub.stop()
        }
    }
}
