import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Refusals by the gateway itself")
    struct RefusalTests {
        private func expectProblem(_ response: RawResponse, _ status: Int, _ error: String) throws {
            #expect(response.status == status)
            #expect(response["Content-Type"] == "application/problem+json")
            #expect(response["Cache-Control"] == "no-store")
            #expect(response.all("Date").count == 1)
            let json = try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
            #expect(json["error"] as? String == error)
            #expect(json["status"] as? Int == status)
            let id = try #require(json["request_id"] as? String)
            #expect(!id.isEmpty && id != String(repeating: "0", count: 32))
        }

        @Test(
            "a malformed request is answered once and its connection ends",
            arguments: [
                ("GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", 400),
                ("GET / HTTP/1.1\r\n\r\n", 400),
                ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400),
                ("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
                ("GET /public/%2e%2e%2fadmin HTTP/1.1\r\nHost: a\r\n\r\n", 400),
                ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
                ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 40000))\r\n\r\n", 431),
                ("GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: y\r\n", count: 120))\r\n", 431),
                ("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 10485761\r\n\r\n", 413),
            ])
        func closing(request: String, status: Int) async throws {
            try await World.run { world in
                let client = try world.client()
                try client.send(request + "GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                let response = try client.readResponse()
                try expectProblem(response, status, "invalid_request")
                #expect(response["Connection"] == "close")
                #expect(try client.endsNow())
                #expect(world.backend.state.heads == 0)
            }
        }

        @Test("what keeps its framing keeps its connection: no route, wrong method, dead upstream")
        func keeping() async throws {
            try await World.run { world in
                let client = try world.client()
                try client.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
                try expectProblem(try client.readResponse(), 404, "not_found")
                try client.send("POST /get HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
                let method = try client.readResponse()
                try expectProblem(method, 405, "invalid_request")
                #expect(method["Allow"] == "GET, HEAD")
                try client.send("GET /dead HTTP/1.1\r\nHost: a\r\n\r\n")
                try expectProblem(try client.readResponse(), 502, "bad_gateway")
                try client.send("HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
                let head = try client.readResponse(isHead: true)
                #expect(head.status == 404 && head["Content-Length"] != "0")
                try client.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.readResponse().text == "ok")
                try client.send("TRACE /public HTTP/1.1\r\nHost: a\r\n\r\n")
                try expectProblem(try client.readResponse(), 501, "not_implemented")
                #expect(try client.endsNow())
                #expect(try world.ask("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n").status == 501)
                #expect(try world.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").status == 204)
                #expect(world.backend.requests.count == 1)
            }
        }

        @Test("a chunked body over the limit is cut off with 413, and upstream never sees it end")
        func chunkedTooLarge() async throws {
            var settings = World.Settings()
            settings.limits.bodyBytes = 1000
            try await World.run(settings) { world in
                let client = try world.client()
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                try client.send("1f4\r\n\(String(repeating: "a", count: 500))\r\n")
                await eventually("the head is at the backend") { world.backend.state.heads == 1 }
                try client.send("1f5\r\n\(String(repeating: "a", count: 501))\r\n0\r\n\r\n")
                try expectProblem(try client.readResponse(), 413, "invalid_request")
                #expect(try client.endsNow())
                await eventually("the upstream connection is closed") { world.backend.state.closed.count == 1 }
                #expect(world.backend.requests.isEmpty)
            }
        }

        @Test("a malformed chunk after the head was passed on is 400, and upstream never sees the end")
        func malformedChunk() async throws {
            try await World.run { world in
                let client = try world.client()
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX")
                try expectProblem(try client.readResponse(), 400, "invalid_request")
                #expect(try client.endsNow())
                await eventually("the upstream connection is closed") {
                    world.backend.state.closed.count == world.backend.connectionCount
                }
                #expect(world.backend.requests.isEmpty)
            }
        }

        @Test("the time for a head runs from its first byte; a byte now and then does not lengthen it")
        func drippingHead() async throws {
            var settings = World.Settings()
            settings.limits.headerTimeoutMilliseconds = 150
            try await World.run(settings) { world in
                let client = try world.client()
                let start = ContinuousClock.now
                try client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
                var dripped = 0
                client.patienceMilliseconds = 0
                var response: RawResponse?
                while response == nil, ContinuousClock.now - start < .seconds(10) {
                    try? client.send("x")
                    dripped += 1
                    response = try? client.readResponse()
                }
                let answer = try #require(response)
                try expectProblem(answer, 408, "invalid_request")
                #expect(dripped > 1)
            }
        }

        @Test("a body that stops is 408")
        func stalledBody() async throws {
            var settings = World.Settings()
            settings.limits.bodyIdleTimeoutMilliseconds = 100
            try await World.run(settings) { world in
                let client = try world.client()
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
                try expectProblem(try client.readResponse(), 408, "invalid_request")
                await eventually("the upstream connection is closed") { world.backend.state.closed.count == 1 }
            }
        }

        @Test("an idle connection is closed without a word")
        func idle() async throws {
            var settings = World.Settings()
            settings.limits.keepAliveTimeoutMilliseconds = 100
            try await World.run(settings) { world in
                let client = try world.client()
                try client.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.readResponse().status == 200)
                #expect(try client.endsNow())
            }
        }

        @Test("a connection over the limit is told so at once; when one ends the next is welcome")
        func connectionLimit() async throws {
            var settings = World.Settings()
            settings.limits.connections = 2
            try await World.run(settings) { world in
                let first = try world.client()
                let second = try world.client()
                for client in [first, second] {
                    try client.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try client.readResponse().status == 200)
                }
                let third = try world.client()
                let refused = try third.readResponse()
                try expectProblem(refused, 503, "temporarily_unavailable")
                #expect(refused["Retry-After"] == "1")
                #expect(try third.endsNow())
                first.close()
                await eventually("the place is free") { world.server.connections == 1 }
                #expect(try world.ask("GET /public HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
                second.close()
                await eventually("all are counted off") { world.server.connections == 0 }
            }
        }

        @Test("one address may have so many connections; a trusted proxy has those of all its clients")
        func connectionsPerAddress() async throws {
            var settings = World.Settings()
            settings.limits.connectionsPerAddress = 2
            let request = "GET /public HTTP/1.1\r\nHost: a\r\n\r\n"
            try await World.run(settings) { world in
                let clients = try (0..<2).map { _ in try world.client() }
                for client in clients {
                    try client.send(request)
                    #expect(try client.readResponse().status == 200)
                }
                for _ in 0..<3 {
                    let refused = try world.client()
                    try expectProblem(try refused.readResponse(), 503, "temporarily_unavailable")
                    #expect(try refused.endsNow())
                }
                clients[0].close()
                await eventually("the place is free") { world.server.connections == 1 }
                #expect(try world.ask(request).status == 200)
                await eventually("the place is free again") { world.server.connections == 1 }
                #expect(try world.ask(request).status == 200)
            }
            settings.trusted = ["127.0.0.0/8"]
            try await World.run(settings) { world in
                let clients = try (0..<5).map { _ in try world.client() }
                for client in clients {
                    try client.send(request)
                    #expect(try client.readResponse().status == 200)
                }
            }
        }

        @Test("with every answer the access log has one line, with the identifier the client was given")
        func logged() async throws {
            let output = try OutputFile()
            let writer = AccessLogWriter(descriptor: output.handle.fileDescriptor)
            var settings = World.Settings()
            settings.accessLog = writer
            try await World.run(settings) { world in
                _ = try world.ask(
                    "GET /api HTTP/1.1\r\nHost: a\r\nX-Request-Id: r-1\r\nAuthorization: Bearer al\r\n\r\n")
                _ = try world.ask("GET /api?tok\u{22}en HTTP/1.1\r\nHost: a\r\nX-Request-Id: r-2\r\n\r\n")
                _ = try world.ask("GET / HTTP/1.1\r\nbad\r\n\r\n")
                let held = try world.client()
                try held.send(
                    "GET /api HTTP/1.1\r\nHost: a\r\nX-Request-Id: r-4\r\nAuthorization: Bearer held-al\r\n\r\n")
                await eventually("it is held") { world.desk.state.held.count == 1 }
                held.reset()
                await eventually("it is cancelled") { world.desk.state.cancelled == 1 }
            }
            await writer.shutdown()
            let lines = try output.content().split(separator: UInt8(ascii: "\n")).map {
                try #require(try JSONSerialization.jsonObject(with: $0) as? [String: Any])
            }
            try #require(lines.compactMap { $0["status"] as? Int } == [200, 401, 400, 499])
            #expect(lines[0]["request_id"] as? String == "r-1" && lines[0]["subject"] as? String == "al")
            #expect(lines[1]["reason"] as? String == "missing" && lines[1]["route"] as? String == "api")
            #expect(lines[2]["reason"] as? String == "malformed_request" && lines[2]["route"] as? String == "-")
            #expect(lines[3]["reason"] as? String == "client_closed")
        }
    }
}
