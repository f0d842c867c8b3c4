import NIOCore
import Testing

@testable import Proxy

extension GatewayTests {
    /// What only HTTP/2 makes possible: a few bytes that cost the other side much.
    @Suite("Attacks on HTTP/2")
    struct HTTP2AttackTests {
        typealias W = HTTP2Wire

        /// Sends pieces of an attack until the gateway has had enough.
        ///
        /// - Returns: how many pieces it took, and the code that it said goodbye with.
        private func flood(
            _ world: World, setUp: [UInt8] = [], limit: Int, _ piece: (Int) -> [UInt8]
        ) async throws -> (count: Int, code: UInt32?) {
            let client = try HTTP2Client(world)
            try client.send(setUp)
            var count = 0
            // In batches, for a flood is not sent frame by frame.
            while count < limit {
                let batch = (count..<min(count + 100, limit)).flatMap(piece)
                do { try client.raw.send(batch) } catch { break }
                count += 100
            }
            client.raw.finishSending()
            var code: UInt32?
            while let frame = try? client.next() {
                if frame.is(.goAway), frame.code != 0 { code = frame.code }
            }
            client.raw.close()
            // The others do not suffer, and nothing is left behind.
            #expect(try HTTP2Client(world).ask().status == 200)
            await eventually("closed") { world.server.connections <= 1 }
            return (count, code)
        }

        @Test("rapid reset (CVE-2023-44487) ends the connection, and its requests at the backend")
        func rapidReset() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if !request.startLine.contains("hold") { responder.answer() }
                }
                let (_, code) = try await flood(world, limit: 20_000) {
                    let stream = UInt32(2 * $0 + 1)
                    return W.headers(stream, W.request("GET", "/public/hold")) + W.reset(stream)
                }
                #expect(code == HTTP2Code.calm)
                #expect(world.backend.state.heads < 1_000)
            }
        }

        @Test("streams that the client has the gateway reset (CVE-2025-8671) are counted like its own resets")
        func madeYouReset() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if !request.startLine.contains("hold") { responder.answer() }
                }
                let zeroUpdate = try await flood(world, limit: 20_000) {
                    let stream = UInt32(2 * $0 + 1)
                    return W.headers(stream, W.request("GET", "/public/hold")) + W.windowUpdate(0, stream: stream)
                }
                #expect(zeroUpdate.code == HTTP2Code.calm || zeroUpdate.code == HTTP2Code.protocolError)
                let malformed = try await flood(world, limit: 20_000) {
                    W.headers(UInt32(2 * $0 + 1), W.request() + [("x", "y\u{7f}")])
                }
                #expect(malformed.code == HTTP2Code.calm)
                let wrongLength = try await flood(world, limit: 20_000) {
                    let stream = UInt32(2 * $0 + 1)
                    let head = W.request("POST", "/public/hold") + [("content-length", "5")]
                    return W.headers(stream, head, ends: false) + W.data(stream, [65], ends: true)
                }
                #expect(wrongLength.code == HTTP2Code.calm)
                #expect(world.backend.state.heads < 1_000)
            }
        }

        static let floods: [(String, [UInt8], [UInt8])] = [
            ("PING", [], W.ping()),
            ("SETTINGS", [], W.settings([(4, 65_535)])),
            ("PRIORITY", [], W.frame(.priority, stream: 1, [0, 0, 0, 0, 1])),
            ("WINDOW_UPDATE", [], W.windowUpdate(1)),
            ("unknown frames", [], W.frame(.unknown, [1])),
            ("empty DATA", W.headers(1, W.request("POST", "/public/hold"), ends: false), W.data(1, [])),
            (
                "padding without DATA", W.headers(1, W.request("POST", "/public/hold"), ends: false),
                W.frame(.data, flags: W.padded, stream: 1, [3, 0, 0, 0])
            ),
            ("GOAWAY", [], W.frame(.goAway, W.number(0) + W.number(0))),
        ]

        @Test("a flood of control frames ends the connection", arguments: floods.indices)
        func controlFrames(_ index: Int) async throws {
            let (name, setUp, piece) = Self.floods[index]
            try await World.run { world in
                let (count, code) = try await flood(world, setUp: setUp, limit: 200_000) { _ in piece }
                #expect(code != nil || count < 200_000, "\(name)")
            }
        }

        @Test("CONTINUATION floods (CVE-2024-27316): many, large, empty and slow")
        func continuation() async throws {
            var settings = World.Settings()
            settings.limits.headerTimeoutMilliseconds = 300
            try await World.run(settings) { world in
                let begun = W.headers(1, endsHeaders: false)
                for piece in [[], Array(repeating: UInt8(0), count: 16_000), W.block([("x", "y")])] {
                    let (count, code) = try await flood(world, setUp: begun, limit: 10_000) { _ in
                        W.frame(.continuation, stream: 1, piece)
                    }
                    #expect(code != nil || count < 10_000, "\(piece.count)")
                }
                let slow = try HTTP2Client(world)
                try slow.send(begun)
                #expect(try slow.endsConnection(HTTP2Code.calm) == HTTP2Code.calm)
                // A header of HEADERS and no more of it is the same.
                let slower = try HTTP2Client(world)
                try slower.send(W.frame(.headers, flags: 5, stream: 1, [], length: 100))
                #expect(try slower.endsConnection(HTTP2Code.calm) == HTTP2Code.calm)
                #expect(world.backend.state.heads == 3)
            }
        }

        @Test("an HPACK bomb is not unpacked")
        func bomb() async throws {
            try await World.run { world in
                let client = try HTTP2Client(world)
                // One field of nearly the whole table, then 16,000 references to it in one frame: 64 MB.
                let entry = [0x40] + W.string("x") + W.string(String(repeating: "a", count: 4_000))
                try client.send(
                    W.headers(1, block: W.block(W.request()) + entry),
                    W.headers(3, block: W.block(W.request()) + Array(repeating: 0x80 | 62, count: 16_000)))
                try client.endsConnection(HTTP2Code.calm, HTTP2Code.compression, HTTP2Code.protocolError)
                #expect(world.backend.state.heads <= 1)
                #expect(try HTTP2Client(world).ask().status == 200)
            }
        }

        @Test("a client cannot make the gateway keep a large table of what it has answered")
        func encoderTable() async throws {
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    responder.answer(fields: "X-Unique: \(request.startLine)\r\n")
                }
                let client = try HTTP2Client(world, settings: [(1, 1 << 20)])
                for index in 0..<50 {
                    let stream = UInt32(2 * index + 1)
                    try client.send(W.headers(stream, W.request("GET", "/public/\(index)")))
                    #expect(try !W.entersTable(client.wait(for: .headers).payload))
                    #expect(try client.response(stream)["x-unique"] == "GET /public/\(index) HTTP/1.1")
                }
                #expect(W.entersTable([0x82, 0x0f, 1, 1, 65, 0x40, 1, 65, 1, 65]), "the test can fail")
            }
        }

        @Test("a client that takes its answers' heads and opens no window loses its streams")
        func zeroWindow() async throws {
            var settings = World.Settings()
            settings.responseTimeoutMilliseconds = 300
            settings.limits.bodyIdleTimeoutMilliseconds = 300
            settings.limits.sendTimeoutMilliseconds = 300
            try await World.run(settings) { world in
                let sizes = [10, 5_000_000]
                world.backend.onRequest { request, responder in
                    let size = request.startLine.contains("large") ? sizes[1] : sizes[0]
                    responder.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
                    responder.send([UInt8](repeating: 65, count: size))
                }
                let client = try HTTP2Client(world, settings: [(4, 0)])
                try client.send(W.headers(1), W.headers(3, W.request("GET", "/public/large")))
                let small = try client.response(1)
                let large = try client.response(3)
                #expect(small.status == 200 && small.body.isEmpty && small.reset != nil)
                #expect(large.status == 200 && large.body.isEmpty && large.reset != nil)
                try client.pings()
            }
        }

        @Test("more streams than were offered are refused, and cost the others nothing")
        func tooManyStreams() async throws {
            var settings = World.Settings()
            settings.limits.http2Streams = 3
            try await World.run(settings) { world in
                world.backend.onRequest { _, _ in }
                let client = try HTTP2Client(world)
                let offered = try client.wait(for: .settings)
                #expect(offered.payload.prefix(6) == [0, 3, 0, 0, 0, 3])
                try client.send((0..<5).flatMap { W.headers(UInt32(2 * $0 + 1)) })
                for _ in 0..<2 { #expect(try client.wait(for: .reset).code == HTTP2Code.refused) }
                await eventually("three asked") { world.backend.requests.count == 3 }
                for responder in world.backend.state.responders { responder.answer() }
                for stream in [1, 3, 5] as [UInt32] { #expect(try client.response(stream).status == 200) }
            }
        }

        @Test("attacks on the way down to HTTP/1.1 reset their stream and reach nobody")
        func downgrade() async throws {
            try await World.run { world in
                let client = try HTTP2Client(world)
                var stream: UInt32 = 1
                for (name, fields, _) in HTTP2RequestHeadTests.attacks where !fields.isEmpty {
                    // The connection is let go before it has made as many mistakes as one may.
                    let client = stream % 50 == 1 ? try HTTP2Client(world) : client
                    if fields.contains(where: { $0.0.isEmpty }) { continue }
                    try client.send(W.headers(stream, fields))
                    let response = try client.response(stream)
                    #expect(response.reset == HTTP2Code.protocolError, "\(name): \(response.status)")
                    stream += 2
                }
                try await world.quiet()
                #expect(world.backend.state.heads == 0)
            }
        }

        @Test("a body that looks like a request stays a body")
        func smuggledBody() async throws {
            try await World.run { world in
                let client = try HTTP2Client(world)
                let smuggled = Array("0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
                try client.send(W.headers(1, W.request("POST"), ends: false), W.data(1, smuggled, ends: true))
                #expect(try client.response(1).status == 200)
                try client.send(
                    W.headers(3, W.request("POST") + [("content-length", "\(smuggled.count)")], ends: false),
                    W.data(3, smuggled, ends: true))
                #expect(try client.response(3).status == 200)
                // A length of 0 with a body, and a GET whose body would be the next request.
                try client.send(
                    W.headers(5, W.request("POST") + [("content-length", "0")], ends: false),
                    W.data(5, smuggled, ends: true))
                #expect(try client.response(5).reset == HTTP2Code.protocolError)
                try client.send(W.headers(7, ends: false), W.data(7, smuggled, ends: true))
                #expect(try client.response(7).status == 200)
                let requests = world.backend.requests
                // The third was a whole request with its head; what came after it was nobody's.
                #expect(requests.map(\.body) == [smuggled, smuggled, [], smuggled])
                #expect(requests.allSatisfy { $0.startLine.contains("/public") })
            }
        }

        @Test("identity fields and their look-alikes are dropped, also from trailers")
        func identity() async throws {
            try await World.run { world in
                let client = try HTTP2Client(world)
                let fields = [
                    ("x-auth-subject", "root"), ("x_auth_subject", "root"), ("x-forwarded-for", "1.2.3.4"),
                    ("transfer_encoding", "chunked"), ("content_length", "5"),
                ]
                try client.send(
                    W.headers(1, W.request("POST") + fields, ends: false), W.data(1, [65]),
                    W.headers(1, [("x-auth-subject", "root")]))
                #expect(try client.response(1).status == 200)
                let head = world.backend.requests[0].head.lowercased()
                #expect(!head.contains("root") && !head.contains("1.2.3.4"))
                #expect(!head.contains("transfer_encoding") && !head.contains("content_length"))
            }
        }
    }
}

extension World {
    /// Lets the gateway do what it has at hand: another client's answer shows that the loop has gone round.
    func quiet() async throws {
        for _ in 0..<5 { _ = try ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n") }
    }
}
