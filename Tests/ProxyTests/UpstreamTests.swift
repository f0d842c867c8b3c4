import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Upstreams that fail")
    struct UpstreamTests {
        private let get = "GET /public HTTP/1.1\r\nHost: a\r\n\r\n"

        @Test(
            "what is not an answer is 502, and the connection to the client goes on",
            arguments: [
                "garbage\r\n\r\n", "HTTP/1.1 999 X\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
                "",
            ])
        func invalid(answer: String) async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    guard request.connection == 0 else { return responder.answer() }
                    responder.send(answer)
                    if answer.isEmpty { responder.close() }
                }
                let client = try world.client()
                try client.send(get + get)
                #expect(try client.readResponse().status == 502)
                #expect(try client.readResponse().text == "ok")
                #expect(world.backend.connectionCount == 2)
            }
        }

        @Test("no answer in time is 504 and the upstream connection is closed")
        func timeout() async throws {
            var settings = World.Settings()
            settings.responseTimeoutMilliseconds = 100
            try await World.run(settings) { world in
                world.backend.onRequest { request, responder in
                    if request.connection > 0 { responder.answer() } else { responder.send("HTTP/1.1 200 OK\r\nX: ") }
                }
                let client = try world.client()
                try client.send(get)
                #expect(try client.readResponse().status == 504)
                await eventually("closed") { world.backend.state.closed == [0] }
                try client.send(get)
                #expect(try client.readResponse().status == 200)
            }
        }

        @Test(
            "a truncated answer breaks the client's connection off and never ends cleanly",
            arguments: [
                "Content-Length: 10\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
            ])
        func truncated(rest: String) async throws {
            try await World.run { world in
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.1 200 OK\r\n" + rest)
                    responder.close()
                }
                let client = try world.client()
                try client.send(get + get)
                let bytes = try client.readToEnd()
                let response = try RawResponse.parse(bytes, isHead: false, atEnd: true)?.0
                #expect(response?.isComplete != true)
                #expect(world.backend.requests.count == 1, "nothing is served after a broken answer")
            }
        }

        @Test("a body that ends with its connection is not complete when that connection is reset")
        func resetUntilClose() async throws {
            try await World.run { world in
                let client = try world.client()
                world.backend.onRequest { _, responder in responder.send("HTTP/1.1 200 OK\r\n\r\nhello") }
                try client.send(get)
                var seen = [UInt8]()
                while !String(decoding: seen, as: UTF8.self).contains("hello") { seen += try client.read(count: 1) }
                world.backend.state.responders[0].reset()
                let all = String(decoding: seen + (try client.readToEnd()), as: UTF8.self)
                #expect(!all.hasSuffix("0\r\n\r\n"))
            }
        }

        @Test(
            "a stale pooled connection: GET is sent once more on a fresh one, POST is not", arguments: ["GET", "POST"])
        func stale(method: String) async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    // The second request finds its connection closed under it.
                    if request.connection == 0 && request.index == 1 { responder.close() } else { responder.answer() }
                }
                let client = try world.client()
                try client.send(get)
                #expect(try client.readResponse().status == 200)
                try client.send("\(method) /public HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
                #expect(try client.readResponse().status == (method == "GET" ? 200 : 502))
                #expect(world.backend.requests.count == (method == "GET" ? 3 : 2))
                try client.send(get)
                #expect(try client.readResponse().status == 200)
            }
        }

        @Test("a retry is not retried")
        func oneRetry() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if request.connection == 0 && request.index == 0 { responder.answer() } else { responder.close() }
                }
                let client = try world.client()
                try client.send(get)
                #expect(try client.readResponse().status == 200)
                try client.send(get)
                #expect(try client.readResponse().status == 502)
                #expect(world.backend.requests.count == 3)
            }
        }

        @Test("an idle connection that the backend closed is not used")
        func closedWhileIdle() async throws {
            try await World.run { world in
                let client = try world.client()
                try client.send(get)
                #expect(try client.readResponse().status == 200)
                world.backend.state.responders[0].close()
                await eventually("closed") { world.backend.state.closed == [0] }
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
                #expect([200, 502].contains(try client.readResponse().status))
                #expect(world.backend.requests.count <= 2)
            }
        }

        @Test("bytes that nobody asked for close the idle connection and reach no client")
        func unsolicited() async throws {
            try await World.run { world in
                let client = try world.client()
                try client.send(get)
                #expect(try client.readResponse().status == 200)
                world.backend.state.responders[0].send(
                    "HTTP/1.1 408 Request Timeout\r\nContent-Length: 6\r\n\r\npoison")
                await eventually("the gateway closed it") { world.backend.state.closed == [0] }
                try client.send(get)
                #expect(try client.readResponse().text == "ok")
                #expect(world.backend.requests.map(\.connection) == [0, 1])
            }
        }

        @Test(
            "bytes after an answer end its connection and reach nobody",
            arguments: [
                ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloEXTRA"),
                (
                    "GET",
                    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
                ),
                ("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"),
                ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
                ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello"),
                ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nEXTRA"),
            ])
        func extra(method: String, answer: String) async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if request.connection == 0 { responder.send(answer) } else { responder.answer("next") }
                }
                let client = try world.client()
                try client.send("\(method) /public HTTP/1.1\r\nHost: a\r\n\r\n" + get)
                let first = try client.readResponse(isHead: method == "HEAD")
                #expect(first.body.isEmpty || first.text == "hello")
                #expect(try client.readResponse().text == "next")
                #expect(world.backend.requests.map(\.connection) == [0, 1])
            }
        }

        @Test("an answer that comes before the request's body is whole reaches the client, then the connection ends")
        func early() async throws {
            try await World.run { world in
                world.backend.onHead { _, responder in
                    responder.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
                }
                let client = try world.client()
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc")
                let response = try client.readResponse()
                #expect(response.status == 413 && response.text == "big")
                #expect(response["Connection"] == "close")
                try client.send([UInt8](repeating: 0x61, count: 100_000))
                #expect(try client.endsNow())
                await eventually("not kept") { world.backend.state.closed == [0] }
            }
        }
    }
}
