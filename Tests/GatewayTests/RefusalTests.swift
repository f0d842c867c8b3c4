import TestSupport
import Testing

extension GatewayTests {
    @Suite("refusals before any token is looked at")
    struct RefusalTests {
        @Test("malformed HTTP and ambiguous framing are 400, and the connection is closed")
        func malformed() async throws {
            try await GatewayFixture.with { gateway in
                let requests = [
                    "GET /api/x HTTP/1.1\r\n\r\n",
                    "GET /api/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                    "GET  /api/x HTTP/1.1\r\nHost: a\r\n\r\n",
                    "GET /api/x HTTP/2.0\r\nHost: a\r\n\r\n",
                    "GET /api/x HTTP/1.1\nHost: a\n\n",
                    "GET /public/x HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n",
                    "GET /public/x HTTP/1.1\r\nHost: a\r\nBad Name: y\r\n\r\n",
                    "POST /public/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    "POST /public/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
                    "POST /public/x HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
                    "POST /public/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                    "GET /public/../api/x HTTP/1.1\r\nHost: a\r\nX\u{0}: y\r\n\r\n",
                    "GET /public/%2e%2e%2fapi HTTP/1.1\r\nHost: a\r\n\r\n",
                ]
                for request in requests {
                    let connection = try await gateway.connect()
                    await connection.send(request)
                    let answer = try await connection.answer()
                    expectProblem(answer, 400, "invalid_request", "\(request)")
                    #expect(answer.field("Connection") == "close")
                    await connection.finishSending()
                    #expect(await connection.remainder() == [], "\(request)")
                }
                #expect(gateway.backend.arrivals.isEmpty)
            }
        }

        @Test("a path without a route is 404, a method that the route does not take is 405 with Allow")
        func routes() async throws {
            var settings = GatewaySettings()
            settings.routes = ["{path: /reports/, methods: [GET, POST], upstream: api, auth: none}"]
            try await GatewayFixture.with(settings) { gateway in
                expectProblem(try await gateway.call("GET", "/nowhere"), 404, "not_found")
                expectProblem(try await gateway.call("GET", "/publicity"), 404, "not_found")
                let refused = try await gateway.call("DELETE", "/reports/1")
                expectProblem(refused, 405, "invalid_request")
                #expect(refused.field("Allow") == "GET, HEAD, POST")
                #expect(try await gateway.call("HEAD", "/reports/1").status == 200)
            }
        }

        @Test("lines, heads and bodies over the limits are 414, 431 and 413")
        func sizes() async throws {
            var settings = GatewaySettings()
            settings.limits = "request_line: 1KiB, headers: 2KiB, header_count: 10, body: 1KiB"
            try await GatewayFixture.with(settings) { gateway in
                let long = String(repeating: "a", count: 3000)
                expectProblem(try await gateway.call("GET", "/public/" + long), 414, "invalid_request")
                expectProblem(try await gateway.call("GET", "/public/x", [("X-Long", long)]), 431, "invalid_request")
                let many = (0..<11).map { ("X-\($0)", "y") }
                expectProblem(try await gateway.call("GET", "/public/x", many), 431, "invalid_request")
                expectProblem(try await gateway.call("POST", "/public/x", body: long), 413, "invalid_request")
                #expect(gateway.backend.arrivals.isEmpty)
            }
        }

        @Test("a chunked body over the limit is 413, and the backend never gets a complete request")
        func chunkedSize() async throws {
            var settings = GatewaySettings()
            settings.limits = "body: 1KiB"
            try await GatewayFixture.with(settings) { gateway in
                let connection = try await gateway.connect()
                await connection.send("POST /public/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in 0..<5 { await connection.send("100\r\n\(String(repeating: "a", count: 256))\r\n") }
                await connection.send("0\r\n\r\n")
                expectProblem(try await connection.answer(), 413, "invalid_request")
                #expect(gateway.backend.arrivals.isEmpty)
            }
        }

        @Test("a head that does not come is 408, however steadily it trickles")
        func slowHead() async throws {
            var settings = GatewaySettings()
            settings.limits = "header_timeout: 300ms, keep_alive_timeout: 300ms"
            try await GatewayFixture.with(settings) { gateway in
                let connection = try await gateway.connect()
                await connection.send("GET /public/x HTTP/1.1\r\nHost: a\r\n")
                expectProblem(try await connection.answer(), 408, "invalid_request")
                let trickling = try await gateway.connect()
                await trickling.send("GET /public/x HTTP/1.1\r\n")
                let answer = await withTaskGroup(of: HTTPAnswer?.self) { group in
                    group.addTask { try? await trickling.answer() }
                    // The rhythm of an attacker who feeds one byte at a time.
                    group.addTask {
                        for _ in 0..<200 {
                            await trickling.send("X")
                            try? await Task.sleep(for: .milliseconds(50))
                            if Task.isCancelled { break }
                        }
                        return nil
                    }
                    let first = await group.next() ?? nil
                    group.cancelAll()
                    return first
                }
                #expect(answer?.status == 408)
                // Nothing was asked on this one, so it is closed without an answer.
                let idle = try await gateway.connect()
                #expect(await idle.remainder() == [])
            }
        }

        @Test("a body that stops coming is 408, to the backend and to login alike")
        func slowBody() async throws {
            var settings = GatewaySettings.accounts
            settings.limits = "header_timeout: 300ms, body_idle_timeout: 300ms"
            try await GatewayFixture.with(settings) { gateway in
                for path in ["/public/x", "/auth/login"] {
                    let connection = try await gateway.connect()
                    await connection.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
                    expectProblem(try await connection.answer(), 408, "invalid_request")
                }
                #expect(gateway.backend.arrivals.isEmpty)
            }
        }

        @Test("a connection over the limit is 503 at once, and one that ends makes room")
        func tooManyConnections() async throws {
            var settings = GatewaySettings()
            settings.limits = "connections: 3"
            try await GatewayFixture.with(settings) { gateway in
                var kept: [HTTPTestConnection] = []
                for _ in 0..<3 {
                    let connection = try await gateway.connect()
                    await connection.request("GET", "/public/x")
                    #expect(try await connection.answer().status == 200)
                    kept.append(connection)
                }
                let surplus = try await gateway.connect()
                expectProblem(try await surplus.answer(), 503, "temporarily_unavailable")
                await kept[0].close()
                #expect(await eventually { (try? await gateway.call("GET", "/public/x"))?.status == 200 })
            }
        }

        @Test("a request without a credential is challenged without an error code")
        func noCredential() async throws {
            try await GatewayFixture.with { gateway in
                let answer = try await gateway.call("GET", "/api/x", [("X-Request-Id", "req-4711")])
                expectProblem(answer, 401, "unauthorized", challenge: "Bearer realm=\"portcullis\"")
                #expect(answer.member("request_id") == "req-4711")
                let other = try await gateway.call("GET", "/api/x", [("Authorization", "Basic YTpi")])
                expectProblem(other, 401, "unauthorized", challenge: "Bearer realm=\"portcullis\"")
                let malformed = try await gateway.call("GET", "/api/x", [("X-Request-Id", "a\"b")])
                #expect(malformed.member("request_id")?.wholeMatch(of: /[0-9a-f]{32}/) != nil)
                #expect(gateway.backend.arrivals.isEmpty)
            }
        }

        @Test("two credentials, or Bearer without a token, are 400")
        func twoCredentials() async throws {
            try await GatewayFixture.with { gateway in
                let token = try gateway.issuer.token()
                let challenge = "Bearer realm=\"portcullis\", error=\"invalid_request\""
                let twice = [("Authorization", "Bearer \(token)"), ("Authorization", "Bearer \(token)")]
                expectProblem(
                    try await gateway.call("GET", "/api/x", twice), 400, "invalid_request", challenge: challenge)
                let mixed = [("Authorization", "Bearer \(token)"), ("X-API-Key", "pk_a_b")]
                expectProblem(
                    try await gateway.call("GET", "/api/x", mixed), 400, "invalid_request", challenge: challenge)
                let alone = [("Authorization", "Bearer")]
                expectProblem(
                    try await gateway.call("GET", "/api/x", alone), 400, "invalid_request", challenge: challenge)
                #expect(gateway.backend.arrivals.isEmpty)
            }
        }

        @Test("a backend that refuses, hangs up or talks nonsense is 502, one that is too slow 504")
        func upstreamFaults() async throws {
            var settings = GatewaySettings()
            settings.upstream = "response_timeout: 400ms"
            try await GatewayFixture.with(settings) { gateway in
                expectProblem(try await gateway.call("GET", "/public/garbage"), 502, "bad_gateway")
                expectProblem(try await gateway.call("GET", "/public/hangup"), 502, "bad_gateway")
                expectProblem(try await gateway.call("GET", "/public/silent"), 504, "gateway_timeout")
                await gateway.backend.stop()
                expectProblem(try await gateway.call("GET", "/public/x"), 502, "bad_gateway")
                let report = await eventuallyReport(gateway) { $0.status == 503 }
                #expect(report?.text.contains("\"api\"") == true, "\(report?.text ?? "no report")")
                #expect(try await gateway.admin("/healthz").status == 200)
                try await gateway.backend.restart()
                #expect(await eventuallyReport(gateway) { $0.status == 200 } != nil)
                #expect(try await gateway.call("GET", "/public/x").status == 200)
            }
        }

        @Test("an error has the request's own identifier, which the backend would have seen too")
        func requestIdentifier() async throws {
            try await GatewayFixture.with { gateway in
                let token = try gateway.issuer.token()
                let good = try await gateway.call("GET", "/api/x", token: token, [("X-Request-Id", "trace/1=a")])
                #expect(good.status == 200)
                #expect(gateway.backend.arrivals.last?.values("X-Request-Id") == ["trace/1=a"])
                let bad = try await gateway.call("GET", "/api/hangup", token: token, [("X-Request-Id", "trace/2")])
                expectProblem(bad, 502, "bad_gateway")
                #expect(bad.member("request_id") == "trace/2")
                #expect(gateway.backend.arrivals.last?.values("X-Request-Id") == ["trace/2"])
                let made = try await gateway.call("GET", "/api/hangup", token: token)
                #expect(gateway.backend.arrivals.last?.values("X-Request-Id") == [made.member("request_id") ?? "none"])
            }
        }

        @Test("the answer to HEAD has the head of the error and no body")
        func headOfErrors() async throws {
            try await GatewayFixture.with { gateway in
                let connection = try await gateway.connect()
                for path in ["/api/x", "/nowhere", "/auth/login", "/auth/logout"] {
                    await connection.request("HEAD", path)
                    let answer = try await connection.answer(isHead: true)
                    #expect([401, 404, 405].contains(answer.status), "\(path): \(answer.status)")
                    #expect((Int(answer.field("Content-Length") ?? "") ?? 0) > 0)
                }
                // Had a body come, it would be taken for the start of this answer.
                await connection.request("GET", "/public/x")
                #expect(try await connection.answer().status == 200)
            }
        }
    }
}

/// Waits for a readiness report; it may lag a second behind.
func eventuallyReport(
    _ gateway: GatewayFixture, _ condition: (HTTPAnswer) -> Bool
) async -> HTTPAnswer? {
    var report: HTTPAnswer?
    let holds = await eventually {
        report = try? await gateway.readiness()
        return report.map(condition) ?? false
    }
    return holds ? report : nil
}
