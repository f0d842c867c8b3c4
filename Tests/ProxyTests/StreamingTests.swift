import NIOCore
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Streams and trailers")
    struct StreamingTests {
        @Test("each event reaches the client while the upstream still holds the connection", arguments: [true, false])
        func events(isChunked: Bool) async throws {
            try await World.run { (world) async throws in
                world.backend.onRequest { _, responder in
                    responder.send(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                            + (isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n"))
                }
                let client = try world.client()
                try client.send("GET /public/events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n")
                #expect(try client.read(until: "\r\n\r\n").contains("Content-Type: text/event-stream"))
                let responder = world.backend.state.responders[0]
                for number in 0..<5 {
                    let event = "data: \(number)\n\n"
                    responder.send(isChunked ? "\(event.utf8.count)\r\n\(event)\r\n" : event)
                    #expect(try client.read(until: "\n\n\r\n").contains(event))
                }
                responder.close()
            }
        }

        @Test("an upload reaches the upstream part by part")
        func upload() async throws {
            try await World.run { (world) async throws in
                let client = try world.client()
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                for number in 0..<5 {
                    try client.send("6\r\npart \(number)\r\n")
                    await eventually("there") { world.backend.text(0).hasSuffix("part \(number)\r\n") }
                }
                try client.send("0\r\n\r\n")
                #expect(try client.readResponse().status == 200)
            }
        }

        @Test("a stream may last longer than response_timeout, which is the pause between two parts")
        func pause() async throws {
            var settings = World.Settings()
            settings.responseTimeoutMilliseconds = 1000
            try await World.run(settings) { (world) async throws in
                world.backend.onRequest { _, responder in responder.send("HTTP/1.1 200 OK\r\n\r\n") }
                let client = try world.client()
                try client.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try client.read(until: "\r\n\r\n")
                for _ in 0..<8 {
                    world.backend.state.responders[0].send("x\n\n")
                    _ = try client.read(until: "x\n\n")
                    try await Task.sleep(for: .milliseconds(150))
                }
                let rest = String(decoding: try client.readToEnd(), as: UTF8.self)
                #expect(!rest.contains("0\r\n\r\n"), "a broken stream never ends cleanly")
                await eventually("upstream closed") { world.backend.state.closed == [0] }
            }
        }

        private static let chunked = "POST /public HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"

        @Test("trailers of a request go on, less what a client may not say")
        func requestTrailers() async throws {
            try await World.run { (world) async throws in
                let client = try world.client()
                try client.send(
                    Self.chunked + "Trailer: X-Sum, X-Auth-Subject\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n"
                        + "X-Auth-Subject: evil\r\nx_auth.scope: evil\r\nX_API-KEY: evil\r\nauthorization: evil\r\n"
                        + "Content-Length: 666\r\nHost: evil\r\nX_Forwarded_For: evil\r\nConnection: evil\r\n"
                        + "X-End: 2\r\n\r\n"
                        + "GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.readResponse().status == 200)
                #expect(try client.readResponse().status == 200)
                let requests = world.backend.requests
                #expect(String(decoding: requests[0].trailers, as: UTF8.self) == "X-Sum: 1\r\nX-End: 2\r\n")
                #expect(requests[0].all("Trailer") == ["X-Sum, X-Auth-Subject"])
                #expect(requests[0].body == Array("abc".utf8) && requests[1].trailers.isEmpty)
            }
        }

        @Test("trailers arrive the same however they were cut")
        func cutTrailers() async throws {
            try await World.run { (world) async throws in
                let bytes = Array((Self.chunked + "\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nX-Auth-Issuer: e\r\n\r\n").utf8)
                let client = try world.client()
                for cut in (bytes.count - 39)..<bytes.count {
                    try client.send(Array(bytes[..<cut]))
                    await eventually("begun") { world.backend.state.heads > world.backend.requests.count }
                    try client.send(Array(bytes[cut...]))
                    #expect(try client.readResponse().status == 200)
                }
                #expect(world.backend.requests.allSatisfy { $0.trailers == Array("X-Sum: 1\r\n".utf8) })
            }
        }

        @Test("a field that Connection names does not come back as a trailer")
        func nominated() async throws {
            try await World.run { (world) async throws in
                let request =
                    Self.chunked + "Connection: X-Sum\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nX-End: 2\r\n\r\n"
                #expect(try world.ask(request).status == 200)
                #expect(world.backend.requests[0].trailers.isEmpty)
                world.backend.onRequest { _, responder in
                    responder.send(
                        "HTTP/1.1 200 OK\r\nConnection: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
                            + "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n")
                }
                let response = try world.ask("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(response.text == "a" && response.trailers.isEmpty)
            }
        }

        @Test(
            "a trailer section that breaks a rule breaks the request off",
            arguments: [
                "X-Sum 1\r\n\r\n", " X: 1\r\n\r\n", "X: \0\r\n\r\n",
                "X: \(String(repeating: "a", count: 33_000))\r\n\r\n",
            ])
        func malformed(trailers: String) async throws {
            try await World.run { (world) async throws in
                let client = try world.client()
                try client.send(Self.chunked + "\r\n1\r\na\r\n0\r\n" + trailers)
                #expect([400, 431].contains(try client.readResponse().status))
                #expect(try client.endsNow())
                await eventually("upstream closed") { world.backend.state.closed == [0] }
                #expect(world.backend.requests.isEmpty)
            }
        }

        @Test("trailers of an answer go on to an HTTP/1.1 client, less what would be dropped from its head")
        func responseTrailers() async throws {
            try await World.run { (world) async throws in
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
                    responder.send("3\r\nabc\r\n0\r\nX-S")
                    responder.send("um: 1\r\nConnection: close\r\nTransfer-Encoding: x\r\nContent-Length: 5\r\n")
                    responder.send("Set-Cookie: a=b\r\nX-End: 2\r\n\r\n")
                }
                let client = try world.client()
                for _ in 0..<2 {
                    try client.send("GET /public HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n")
                    let response = try client.readResponse()
                    #expect(response.text == "abc" && response.trailers == ["X-Sum: 1", "X-End: 2"])
                    #expect(response["Trailer"] == "X-Sum")
                }
                #expect(world.backend.requests.allSatisfy { $0.all("TE") == ["trailers"] })
                #expect(world.backend.requests.allSatisfy { $0.all("Connection") == ["TE"] })
                #expect(world.backend.connectionCount == 1, "trailers do not cost the connection")
                try client.send("GET /public HTTP/1.0\r\n\r\n")
                let old = try client.readResponse()
                #expect(old.text == "abc" && old["Trailer"] == nil && old.trailers.isEmpty)
                #expect(try client.endsNow())
            }
        }

        @Test("a trailer section of an answer that breaks a rule breaks the answer off")
        func malformedResponse() async throws {
            try await World.run { (world) async throws in
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX 1\r\n\r\n")
                }
                let client = try world.client()
                try client.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                let all = String(decoding: try client.readToEnd(), as: UTF8.self)
                #expect(!all.contains("\r\n0\r\n"))
                await eventually("upstream closed") { world.backend.state.closed == [0] }
            }
        }

        @Test("more trailers than a head may have fields are dropped, and the message goes on")
        func manyTrailers() async throws {
            try await World.run { (world) async throws in
                let many = "0\r\n" + String(repeating: "X: 1\r\n", count: 101) + "\r\n"
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n\(many)")
                }
                let response = try world.ask(Self.chunked + "\r\n1\r\na\r\n\(many)")
                #expect(response.text == "a" && response.trailers.isEmpty)
                #expect(world.backend.requests.map(\.trailers) == [[]])
            }
        }
    }
}
