import NIOCore
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("HTTP/2 at the running gateway")
    struct HTTP2Tests {
        typealias W = HTTP2Wire

        // MARK: - The way in

        @Test("a request with prior knowledge reaches the backend as HTTP/1.1, and the answer comes back")
        func priorKnowledge() async throws {
            try await World.run { world in
                world.backend.onRequest { _, responder in responder.answer("hello", fields: "X-Back: Yes\r\n") }
                let client = try HTTP2Client(world)
                let fields =
                    W.request("GET", "/public/a?b=c", authority: "gate.test:80") + [
                        ("accept", "*/*"), ("cookie", "a=1"), ("cookie", "b=2"),
                    ]
                let response = try client.ask(1, fields)
                #expect(response.status == 200 && response.text == "hello" && response["x-back"] == "Yes")
                #expect(response["content-length"] == "5" && response["connection"] == nil)
                #expect(response["date"] != nil)
                let request = world.backend.requests[0]
                #expect(request.startLine == "GET /public/a?b=c HTTP/1.1")
                #expect(request.all("host") == ["gate.test:80"] && request.all("cookie") == ["a=1; b=2"])
                #expect(request.all("x-forwarded-for") == ["127.0.0.1"])
                #expect(request.all("connection").isEmpty && request.all("transfer-encoding").isEmpty)
                // The same port serves HTTP/1.1.
                #expect(try world.ask("GET /public HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            }
        }

        @Test("the preface is known however it is cut, and only as the first thing on a connection")
        func preface() async throws {
            try await World.run { world in
                let bytes = W.preface + W.settings() + W.headers(1)
                for cut in 1..<bytes.count where cut < 40 || cut % 16 == 0 {
                    let client = try HTTP2Client(world, opens: false)
                    try client.send(Array(bytes[..<cut]))
                    try client.send(Array(bytes[cut...]))
                    #expect(try client.response().status == 200, "cut at \(cut)")
                    client.raw.close()
                }
                let late = try world.client()
                try late.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try late.readResponse().status == 200)
                try late.send(W.preface + W.settings())
                #expect(try late.readResponse().status == 400)
                #expect(try late.endsNow())
                let other = try world.client()
                try other.send("PRI /x HTTP/2.0\r\n\r\nSM\r\n\r\n")
                #expect(try other.readResponse().status == 400)
                await eventually("counted down") { world.server.connections == 0 }
            }
        }

        @Test("a connection is counted once, whatever it speaks")
        func counted() async throws {
            var settings = World.Settings()
            settings.limits.connections = 2
            try await World.run(settings) { world in
                let first = try HTTP2Client(world)
                let second = try HTTP2Client(world)
                for stream in [1, 3, 5] as [UInt32] {
                    #expect(try first.ask(stream).status == 200)
                    #expect(try second.ask(stream).status == 200)
                }
                #expect(world.server.connections == 2)
                #expect(try world.ask("GET /public HTTP/1.1\r\nHost: a\r\n\r\n").status == 503)
                first.raw.close()
                await eventually("one is gone") { world.server.connections == 1 }
                #expect(try world.ask("GET /public HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            }
        }

        // MARK: - Messages

        @Test("bodies: with a length, without one, with trailers, after 100")
        func bodies() async throws {
            try await World.run { world in
                let client = try HTTP2Client(world)
                let post = W.request("POST")
                try client.send(
                    W.headers(1, post + [("content-length", "6")], ends: false), W.data(1, Array("abc".utf8)),
                    W.data(1, []), W.data(1, Array("def".utf8), ends: true))
                #expect(try client.response(1).status == 200)
                try client.send(
                    W.headers(3, post, ends: false), W.data(3, Array("abc".utf8)), W.data(3, []),
                    W.data(3, Array("def".utf8)), W.data(3, [], ends: true))
                #expect(try client.response(3).status == 200)
                try client.send(
                    W.headers(5, post, ends: false), W.frame(.data, flags: 8, stream: 5, [2, 65, 0, 0]),
                    W.headers(5, [("x-sum", "1"), ("x-auth-subject", "root")]))
                #expect(try client.response(5).status == 200)
                let requests = world.backend.requests
                #expect(requests.map { String(decoding: $0.body, as: UTF8.self) } == ["abcdef", "abcdef", "A"])
                #expect(requests[0].all("content-length") == ["6"] && requests[0].all("transfer-encoding").isEmpty)
                #expect(requests[1].all("transfer-encoding") == ["chunked"])
                #expect(world.backend.state.violations.isEmpty)

                world.backend.onHead { request, responder in
                    if request.all("expect") == ["100-continue"] { responder.send("HTTP/1.1 100 Continue\r\n\r\n") }
                }
                try client.send(W.headers(7, post + [("expect", "100-continue")], ends: false))
                while let frame = try client.next(), !frame.is(.headers) {}
                try client.send(W.data(7, [65], ends: true))
                let response = try client.response(7)
                #expect(response.interim == [100] && response.status == 200)
            }
        }

        @Test("answers: chunked, empty, to HEAD, without a body, with trailers")
        func answers() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    switch request.startLine.split(separator: " ")[1] {
                    case "/public/chunked":
                        responder.send(
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")
                    case "/public/close":
                        responder.send("HTTP/1.1 200 OK\r\n\r\nhello")
                        responder.close()
                    case "/public/204": responder.send("HTTP/1.1 204 No Content\r\n\r\n")
                    case "/public/304": responder.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")
                    case "/public/early":
                        responder.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
                        responder.answer("hello")
                    default: responder.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    }
                }
                let client = try HTTP2Client(world)
                var stream: UInt32 = 1
                func ask(_ method: String, _ path: String) throws -> HTTP2Client.Response {
                    defer { stream += 2 }
                    return try client.ask(stream, W.request(method, path))
                }
                #expect(try ask("GET", "/public/chunked").text == "hello")
                #expect(try ask("GET", "/public/close").text == "hello")
                let head = try ask("HEAD", "/public/304")
                #expect(head.status == 304 && head["content-length"] == "5" && head.reset == nil)
                #expect(try ask("GET", "/public/204").status == 204)
                #expect(try ask("GET", "/public/304").status == 304)
                #expect(try ask("GET", "/public/empty").status == 200)
                let early = try ask("GET", "/public/early")
                #expect(early.interim == [103] && early.text == "hello")
                #expect(try ask("HEAD", "/control").body.isEmpty)
            }
        }

        @Test("trailers pass in both directions")
        func trailers() async throws {
            try await World.run { world in
                world.backend.onRequest { _, responder in
                    responder.send(
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n"
                    )
                }
                let client = try HTTP2Client(world)
                let fields = W.request("POST") + [("te", "trailers"), ("trailer", "x-up")]
                try client.send(
                    W.headers(1, fields, ends: false), W.data(1, [65]),
                    W.headers(1, [("x-up", "1"), ("x-auth-subject", "root")]))
                let response = try client.response(1)
                #expect(response.text == "ok" && response["trailer"] == "X-Sum")
                #expect(response.trailers.map { "\($0.name): \($0.value)" } == ["x-sum: 7"])
                let trailers = String(decoding: world.backend.requests[0].trailers, as: UTF8.self)
                #expect(trailers == "x-up: 1\r\n")
            }
        }

        @Test("a connection that has brought as many requests as it may is ended like at shutdown")
        func requestLimit() async throws {
            var settings = World.Settings()
            settings.limits.requestsPerConnection = 3
            try await World.run(settings) { world in
                let client = try HTTP2Client(world)
                for stream in [1, 3, 5] as [UInt32] { #expect(try client.ask(stream).status == 200) }
                #expect(try client.wait(for: .goAway).code == 0)
                while try client.next() != nil {}
            }
        }

        @Test("the gateway's own answers are those of HTTP/1.1")
        func ownAnswers() async throws {
            try await World.run { world in
                let client = try HTTP2Client(world)
                #expect(try client.ask(1, W.request("GET", "/nowhere")).status == 404)
                let denied = try client.ask(3, W.request("GET", "/api/x"))
                #expect(denied.status == 401 && denied["www-authenticate"]?.hasPrefix("Bearer") == true)
                #expect(denied["content-type"] == "application/problem+json")
                #expect(try client.ask(5, W.request("POST", "/get")).status == 405)
                #expect(try client.ask(7, [(":method", "CONNECT"), (":authority", "a:443")]).status == 501)
                #expect(try client.ask(9, W.request("TRACE")).status == 501)
                #expect(try client.ask(11, W.request("OPTIONS", "*")).status == 204)
                #expect(try client.ask(13, W.request(authority: nil)).status == 400)
                #expect(try client.ask(15, W.request("GET", "/public/..%2fadmin")).status == 400)
                #expect(try client.ask(17, W.request("GET", "/" + String(repeating: "a", count: 9_000))).status == 414)
                let many = (0..<110).map { ("x-\($0)", "y") }
                #expect(try client.ask(19, W.request() + many).status == 431)
                let big = (0..<4).map { ("x-\($0)", String(repeating: "y", count: 3_000)) }
                #expect(try client.ask(21, W.request() + big).status == 200)
                try client.pings()
                #expect(world.backend.requests.count == 1)
            }
        }

        @Test("a request whose authentication is pending, and one to the control plane")
        func authentication() async throws {
            try await World.run { world in
                let client = try HTTP2Client(world)
                let held = W.request("POST", "/api/x") + [("authorization", "Bearer held-al")]
                try client.send(W.headers(1, held, ends: false), W.data(1, Array("body".utf8), ends: true))
                await eventually("held") { world.desk.state.held.count == 1 }
                #expect(world.backend.requests.isEmpty)
                world.desk.release()
                #expect(try client.response(1).status == 200)
                #expect(world.backend.requests[0].body == Array("body".utf8))
                try client.send(
                    W.headers(3, W.request("POST", "/control"), ends: false), W.data(3, Array("x=y".utf8), ends: true))
                #expect(try client.response(3).status == 200)
            }
        }

        @Test("a body that is too large is answered, and the rest of it not waited for")
        func tooLarge() async throws {
            var settings = World.Settings()
            settings.limits.bodyBytes = 1_000
            try await World.run(settings) { world in
                let client = try HTTP2Client(world)
                try client.send(W.headers(1, W.request("POST") + [("content-length", "2000")], ends: false))
                #expect(try client.response(1).status == 413)
                #expect(try client.wait(for: .reset).code == HTTP2Code.none)
                try client.send(W.data(1, Array(repeating: 65, count: 2_000), ends: true))
                try client.send(W.headers(3, W.request("POST"), ends: false))
                try client.send(W.data(3, Array(repeating: 65, count: 2_000)))
                #expect(try client.response(3).status == 413)
                try client.pings()
                await eventually("no whole request") { world.backend.requests.isEmpty }
            }
        }

        // MARK: - Streams

        @Test("many streams share the connection and the upstream's connections")
        func concurrency() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    responder.answer(String(request.startLine.split(separator: " ")[1]))
                }
                let client = try HTTP2Client(world)
                for round in 0..<3 {
                    let streams = (0..<100).map { UInt32(2 * (100 * round + $0) + 1) }
                    try client.send(streams.flatMap { W.headers($0, W.request("GET", "/public/\($0)")) })
                    for stream in streams {
                        let response = try client.response(stream)
                        #expect(response.status == 200 && response.text == "/public/\(stream)")
                    }
                }
                #expect(world.backend.connectionCount <= 101)
                #expect(world.server.connections == 1)
            }
        }

        @Test("a stream that the client cancels frees its upstream, and only that")
        func cancelled() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if !request.startLine.contains("hold") { responder.answer() }
                }
                let client = try HTTP2Client(world)
                try client.send(W.headers(1, W.request("GET", "/public/hold")))
                await eventually("asked") { world.backend.requests.count == 1 }
                try client.send(W.reset(1))
                await eventually("upstream closed") { world.backend.state.closed == [0] }
                #expect(try client.ask(3).status == 200)
            }
        }

        @Test("an answer that breaks off is reset, never ended")
        func brokenAnswer() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    responder.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
                    responder.close()
                }
                let client = try HTTP2Client(world)
                let response = try client.ask()
                #expect(response.status == 200 && response.reset == HTTP2Code.internalError)
                try client.pings()
            }
        }

        @Test("an answer's head that no frame can hold resets its stream and no other")
        func largeHead() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    let count = request.startLine.contains("large") ? 25_000 : 6_000
                    responder.answer("ok", fields: "X-Large: \(String(repeating: "~", count: count))\r\n")
                }
                let client = try HTTP2Client(world)
                #expect(try client.ask(1).status == 200)
                #expect(try client.ask(3, W.request("GET", "/public/large")).reset == HTTP2Code.internalError)
                #expect(try client.ask(5).status == 200)
            }
        }

        // MARK: - The end

        @Test("at shutdown streams in flight finish, and new ones are told to go elsewhere")
        func shutdown() async throws {
            try await World.run { world in
                world.backend.onRequest { _, _ in }
                let idle = try HTTP2Client(world)
                try idle.pings()
                let busy = try HTTP2Client(world)
                try busy.send(W.headers(1))
                await eventually("asked") { world.backend.requests.count == 1 }
                async let stopped: Void = world.server.shutdown(graceMilliseconds: 20_000)
                // Not by blocking: tests that block may hold every thread that it needs to begin.
                await eventually("nobody is taken any more") {
                    guard let late = try? world.client() else { return true }
                    late.close()
                    return false
                }
                for client in [idle, busy] {
                    let first = try client.wait(for: .goAway)
                    #expect(first.code == 0 && first.number == 0x7fff_ffff)
                    let ping = try client.wait(for: .ping)
                    if client === busy {
                        // It was on its way when the client heard, who may send it again elsewhere.
                        try client.send(W.headers(3))
                        #expect(try client.wait(for: .reset).code == HTTP2Code.refused)
                    }
                    try client.send(W.frame(.ping, flags: W.acknowledgement, ping.payload))
                    let second = try client.wait(for: .goAway)
                    #expect(second.code == 0 && second.number == (client === busy ? 1 : 0))
                }
                #expect(try idle.next() == nil)
                idle.raw.close()
                for responder in world.backend.state.responders { responder.answer("done") }
                #expect(try busy.response(1).text == "done")
                while try busy.next() != nil {}
                busy.raw.close()
                await stopped
                #expect(world.server.connections == 0 && world.backend.requests.count == 1)
            }
        }

        @Test("an idle connection ends by the clock, whether it pings or not, and a slow preface too")
        func idle() async throws {
            var settings = World.Settings()
            settings.limits.keepAliveTimeoutMilliseconds = 300
            settings.limits.headerTimeoutMilliseconds = 300
            try await World.run(settings) { world in
                let client = try HTTP2Client(world)
                #expect(try client.ask().status == 200)
                let pinging = try HTTP2Client(world)
                let slow = try HTTP2Client(world, opens: false)
                try slow.send(Array(W.preface.prefix(20)))
                let end = ContinuousClock.now + .seconds(20)
                var hasEnded = false
                while !hasEnded, ContinuousClock.now < end {
                    pinging.sendAnyway(W.ping())
                    hasEnded = try pinging.wait(forAnyOf: [.goAway, .ping])?.is(.goAway) ?? true
                }
                #expect(hasEnded)
                #expect(try client.wait(for: .goAway).code == 0)
                while try client.next() != nil {}
                while try slow.next() != nil {}
                pinging.raw.close()
                await eventually("all gone") { world.server.connections == 0 }
            }
        }
    }
}
