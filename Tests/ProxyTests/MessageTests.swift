import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Messages on their way through")
    struct MessageTests {
        private let get = "GET /public HTTP/1.1\r\nHost: a\r\n\r\n"

        private func pattern(_ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        }

        @Test("a request split at every byte is the same request")
        func split() async throws {
            try await World.run { world in
                let request =
                    "POST /api/x?q HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer al\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n"
                let bytes = Array(request.utf8)
                let client = try world.client()
                for cut in 1..<bytes.count {
                    try client.send(Array(bytes[..<cut]))
                    try client.send(Array(bytes[cut...]))
                    #expect(try client.readResponse().status == 200, "cut at \(cut)")
                }
                for byte in bytes { try client.send([byte]) }
                #expect(try client.readResponse().status == 200)
                let requests = world.backend.requests
                #expect(requests.count == bytes.count)
                #expect(requests.allSatisfy { $0.body == Array("abcde".utf8) && $0.all("T").isEmpty })
                let heads = requests.map { $0.head.split(separator: "\r\n").filter { !$0.hasPrefix("X-Request-Id") } }
                #expect(Set(heads).count == 1)
                #expect(world.backend.connectionCount == 1)
            }
        }

        @Test("a body of 1 MiB is streamed both ways by length and in chunks", arguments: [true, false])
        func bodies(isChunked: Bool) async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if isChunked {
                        responder.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                        for start in stride(from: 0, to: request.body.count, by: 10_007) {
                            let part = request.body[start..<min(start + 10_007, request.body.count)]
                            responder.send("\(String(part.count, radix: 16))\r\n")
                            responder.send(Array(part) + [0x0d, 0x0a])
                        }
                        responder.send("0\r\n\r\n")
                    } else {
                        responder.send("HTTP/1.1 200 OK\r\nContent-Length: \(request.body.count)\r\n\r\n")
                        responder.send(request.body)
                    }
                }
                let body = pattern(1 << 20)
                let client = try world.client()
                for _ in 0..<2 {
                    if isChunked {
                        try client.send("POST /public HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                        for start in stride(from: 0, to: body.count, by: 65_537) {
                            let part = body[start..<min(start + 65_537, body.count)]
                            try client.send("\(String(part.count, radix: 16))\r\n")
                            try client.send(Array(part) + [0x0d, 0x0a])
                        }
                        try client.send("0\r\n\r\n")
                    } else {
                        try client.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
                        try client.send(body)
                    }
                    let response = try client.readResponse()
                    #expect(response.isComplete && response.body == body)
                }
                #expect(world.backend.requests.allSatisfy { $0.body == body })
                #expect(world.backend.connectionCount == 1)
            }
        }

        @Test("HEAD, 204 and 304 have no body, whatever their fields say, and the connections go on")
        func bodiless() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if request.startLine.contains("204") {
                        responder.send("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
                    } else if request.startLine.contains("304") {
                        responder.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\nETag: \"x\"\r\n\r\n")
                    } else {
                        responder.send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
                    }
                }
                let client = try world.client()
                try client.send("HEAD /public HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.readResponse(isHead: true)["Content-Length"] == "99")
                try client.send("GET /public/204 HTTP/1.1\r\nHost: a\r\n\r\n")
                let empty = try client.readResponse()
                #expect(empty.status == 204 && empty["Content-Length"] == nil)
                try client.send("GET /public/304 HTTP/1.1\r\nHost: a\r\n\r\n")
                let same = try client.readResponse()
                #expect(same.status == 304 && same["ETag"] == "\"x\"" && same["Content-Length"] == "77")
                #expect(world.backend.connectionCount == 1)
            }
        }

        @Test("100 is passed on to who waits for it, 103 to every HTTP/1.1 client, neither to HTTP/1.0")
        func interim() async throws {
            try await World.run { world in
                world.backend.onHead { _, responder in
                    responder.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
                }
                let client = try world.client()
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
                #expect(try client.readResponse().status == 100)
                #expect(try client.readResponse()["Link"] == "</a>")
                try client.send("hi")
                #expect(try client.readResponse().status == 200)
                try client.send(get)
                #expect(try client.readResponse().status == 103)
                #expect(try client.readResponse().status == 200)
                #expect(try world.ask("GET /public HTTP/1.0\r\n\r\n").status == 200)
            }
        }

        @Test("an endless row of interim answers is no answer")
        func endlessInterim() async throws {
            try await World.run { world in
                world.backend.onRequest { _, responder in
                    responder.send(String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 40))
                }
                let client = try world.client()
                try client.send(get)
                var last = try client.readResponse()
                var count = 1
                while last.status == 103 {
                    last = try client.readResponse()
                    count += 1
                }
                #expect(last.status == 502 && count < 20)
            }
        }

        @Test("an answer that ends with its connection goes to HTTP/1.1 in chunks, to HTTP/1.0 up to the close")
        func untilClose() async throws {
            try await World.run { world in
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.0 200 OK\r\nX: y\r\n\r\nhello")
                    responder.close()
                }
                let client = try world.client()
                for _ in 0..<2 {
                    try client.send(get)
                    let response = try client.readResponse()
                    #expect(
                        response["Transfer-Encoding"] == "chunked" && response.text == "hello" && response.isComplete)
                }
                let old = try world.client()
                try old.send("GET /public HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                let response = try old.readResponse()
                #expect(response["Transfer-Encoding"] == nil && response.text == "hello")
                #expect(response["Connection"] == "close")
            }
        }

        @Test("a chunked answer goes to an HTTP/1.0 client without chunks")
        func chunkedToOld() async throws {
            try await World.run { world in
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
                }
                let response = try world.ask("GET /public HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                #expect(response["Transfer-Encoding"] == nil && response.text == "hello")
                let upstream = world.backend.requests
                #expect(upstream.allSatisfy { $0.startLine.hasSuffix("HTTP/1.1") })
            }
        }

        @Test("HTTP/1.0 is kept alive when it asks for it and told so; Connection: close is honoured and said")
        func persistence() async throws {
            try await World.run { world in
                let old = try world.client()
                for _ in 0..<2 {
                    try old.send("GET /public HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                    #expect(try old.readResponse()["Connection"] == "keep-alive")
                }
                try old.send("GET /public HTTP/1.0\r\n\r\n")
                #expect(try old.readResponse()["Connection"] == "close")
                #expect(try old.endsNow())
                let new = try world.client()
                try new.send("GET /public HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get)
                #expect(try new.readResponse()["Connection"] == "close")
                #expect(try new.endsNow(), "a request after close is not served")
                #expect(world.backend.requests.count == 4)
            }
        }

        @Test(
            "an upstream that ends its connection with its answer does not end the client's",
            arguments: [
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.0 200 OK\r\n\r\nok",
            ])
        func upstreamEnds(answer: String) async throws {
            try await World.run { world in
                world.backend.onRequest { _, responder in
                    responder.send(answer)
                    if answer.hasPrefix("HTTP/1.0") { responder.close() }
                }
                let client = try world.client()
                for _ in 0..<2 {
                    try client.send(get)
                    let response = try client.readResponse()
                    #expect(response.text == "ok" && response["Connection"] == nil)
                }
                #expect(world.backend.requests.map(\.connection) == [0, 1])
                await eventually("not kept") { world.backend.state.closed == [0, 1] }
            }
        }

        @Test("hop-by-hop fields of an answer stay behind, the others keep their order; Date is added when missing")
        func responseFields() async throws {
            try await World.run { world in
                world.backend.onRequest { _, responder in
                    responder.answer(
                        fields: "Set-Cookie: a=1\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\n"
                            + "Set-Cookie: b=2\r\nWWW-Authenticate: Basic\r\n")
                }
                let response = try world.ask(get)
                #expect(response.all("Set-Cookie") == ["a=1", "b=2"])
                #expect(
                    response.fields.map(\.name) == [
                        "Set-Cookie", "Set-Cookie", "WWW-Authenticate", "Content-Length", "Date", "Via",
                    ])
            }
        }

        @Test("the gateway's own endpoints get the whole request, and cannot split their answer")
        func controlPlane() async throws {
            try await World.run { world in
                let client = try world.client()
                try client.send(
                    "POST /control/%61?q=1 HTTP/1.1\r\nHost: a\r\nX-Auth-Subject: evil\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                try client.send("3\r\nabc\r\n")
                try client.send("0\r\n\r\nGET /control/gone HTTP/1.1\r\nHost: a\r\n\r\n")
                let response = try client.readResponse()
                #expect(response.text == "POST /control/a?q=1 3" && response["X-Control"] == "yes")
                #expect(response["X-Injected"] == nil && response["X-Split"] == nil)
                #expect(try client.readResponse().status == 204)
                try client.send("HEAD /control HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.readResponse(isHead: true).status == 200)
                #expect(!world.controlPlane.requests.contains { $0.fields.contains { $0.value == "evil" } })
                let big = "POST /control HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n"
                #expect(try world.ask(big).status == 413)
                let chunks = "POST /control HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n"
                #expect(try world.ask(chunks + String(repeating: "a", count: 65537)).status == 413)
            }
        }
    }
}
