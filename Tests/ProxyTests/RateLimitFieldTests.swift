import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("The fields that tell of a limit")
    struct RateLimitFieldTests {
        private static let names = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]

        private func request(_ path: String, _ token: String, method: String = "GET") -> String {
            "\(method) \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n"
        }

        @Test("go with every answer of a limited route, and not to the backend")
        func answers() async throws {
            try await World.run { world in
                for (method, path, status) in [
                    ("GET", "/api/x", 200), ("HEAD", "/api/x", 200), ("GET", "/auth/verify", 200),
                ] {
                    let answer = try world.ask(request(path, "limited-a", method: method), isHead: method == "HEAD")
                    #expect(answer.status == status)
                    #expect(Self.names.map { answer.all($0) } == [["12"], ["7"], ["3"]], "\(method) \(path)")
                }
                #expect(world.backend.requests.allSatisfy { $0.all("RateLimit-Limit").isEmpty })
                let refused = try world.ask(request("/api/x", "refused"))
                #expect(refused.status == 429)
                #expect(Self.names.map { refused.all($0) } == [["12"], ["0"], ["9"]])
                #expect(refused.all("Retry-After") == ["4"])
            }
        }

        @Test("go with an answer that the gateway gives in the backend's place")
        func badGateway() async throws {
            try await World.run { world in
                world.backend.onRequest { _, responder in responder.close() }
                let answer = try world.ask(request("/api/x", "limited-a", method: "POST"))
                #expect(answer.status == 502)
                #expect(Self.names.map { answer.all($0) } == [["12"], ["7"], ["3"]])
            }
        }

        @Test("take the place of the backend's own; elsewhere those are left alone")
        func replacing() async throws {
            try await World.run { world in
                let fields =
                    "ratelimit-limit: 1\r\nRateLimit: \"default\";r=1\r\nRateLimit-Policy: 5;w=1\r\nX-RateLimit-Limit: 8\r\n"
                    + "RateLimiter: kept\r\nRATELIMIT-RESET: 99\r\n"
                world.backend.onRequest { _, responder in responder.answer(fields: fields) }
                let limited = try world.ask(request("/api/x", "limited-a"))
                #expect(Self.names.map { limited.all($0) } == [["12"], ["7"], ["3"]])
                #expect(limited.all("RateLimit").isEmpty && limited.all("RateLimit-Policy").isEmpty)
                #expect(limited.all("X-RateLimit-Limit") == ["8"] && limited.all("RateLimiter") == ["kept"])
                #expect(limited.text == "ok")
                let free = try world.ask(request("/api/x", "a"))
                #expect(free.all("RateLimit-Limit") == ["1"] && free.all("RateLimit-Reset") == ["99"])
            }
        }

        @Test("go with the final answer and no interim one, and not with the next request's")
        func interim() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if request.index == 0 { responder.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") }
                    responder.answer()
                }
                let client = try world.client()
                try client.send(request("/api/x", "limited-a") + request("/api/x", "a"))
                let early = try client.readResponse()
                #expect(early.status == 103 && early.all("RateLimit-Limit").isEmpty)
                #expect(try client.readResponse().all("RateLimit-Limit") == ["12"])
                #expect(try client.readResponse().all("RateLimit-Limit").isEmpty)
            }
        }
    }
}
