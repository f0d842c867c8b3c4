import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("WebSockets")
    struct WebSocketTests {
        static let fields =
            "Host: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        static let handshake = "GET /api/ws HTTP/1.1\r\n\(fields)Authorization: Bearer al\r\n\r\n"
        static let accept =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

        /// A backend that agrees to every upgrade and returns what it gets.
        static func agree(_ world: World, first: String = "", echoes: Bool = true) {
            let backend = world.backend
            backend.onRequest { request, responder in
                backend.update { _ = $0.tunnels.insert(request.connection) }
                responder.send(accept + first)
            }
            guard echoes else { return }
            backend.update { $0.onTunnelBytes = { bytes, responder in responder.send(bytes) } }
        }

        static func open(_ world: World, receiveBufferBytes: Int32? = nil) throws -> RawClient {
            let client = try world.client(receiveBufferBytes: receiveBufferBytes)
            try client.send(handshake)
            #expect(try client.readResponse().status == 101)
            return client
        }

        @Test("after the upstream's 101 bytes go both ways as they are")
        func tunnel() async throws {
            try await World.run { (world) async throws in
                Self.agree(world, first: "first")
                let client = try world.client()
                try client.send(Self.handshake)
                let answer = try client.readResponse()
                #expect(answer.status == 101 && answer.all("Upgrade") == ["websocket"])
                #expect(answer.all("Connection") == ["Upgrade"])
                #expect(answer["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
                #expect(answer.all("Content-Length").isEmpty && answer.all("Transfer-Encoding").isEmpty)
                #expect(try client.read(until: "first") == "first")
                let request = try #require(world.backend.requests.first)
                #expect(request.all("Upgrade") == ["websocket"] && request.all("Connection") == ["Upgrade"])
                #expect(request.all("Sec-WebSocket-Key") == ["dGhlIHNhbXBsZSBub25jZQ=="])
                #expect(request.all("X-Auth-Subject") == ["al"] && request.all("Authorization").isEmpty)
                // What looks like a request is none any more.
                let bytes = Array("GET /api HTTP/1.1\r\nHost: a\r\n\r\n\0\u{1}".utf8) + [0xff, 0x00]
                for _ in 0..<3 {
                    try client.send(bytes)
                    #expect(try client.read(count: bytes.count) == bytes)
                }
                #expect(world.desk.state.begun == 1 && world.backend.requests.count == 1)
                client.reset()
                await eventually("upstream closed") { world.backend.state.halfClosed == [0] }
            }
        }

        @Test("the token is checked first: a refused one opens nothing")
        func refused() async throws {
            try await World.run { (world) async throws in
                Self.agree(world)
                for token in ["", "Authorization: Bearer bad\r\n"] {
                    let client = try world.client()
                    try client.send("GET /api/ws HTTP/1.1\r\n\(Self.fields)\(token)\r\n\u{81}\u{05}early")
                    let answer = try client.readResponse()
                    #expect(answer.status == 401 && answer["Upgrade"] == nil)
                    #expect(try client.endsNow())
                }
                #expect(world.backend.state.heads == 0)
            }
        }

        @Test("bytes sent ahead of the 101 wait for it, and are no request")
        func early() async throws {
            try await World.run { (world) async throws in
                world.backend.onRequest { _, _ in }
                let client = try world.client()
                let early = "GET /public/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
                try client.send(Self.handshake + early)
                await eventually("asked") { world.backend.requests.count == 1 }
                // Another client's answer shows that the loop has gone round.
                #expect(try world.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n").status == 404)
                #expect(world.backend.text(0).hasSuffix("\r\n\r\n") && !world.backend.text(0).contains("smuggled"))
                world.backend.update { _ = $0.tunnels.insert(0) }
                world.backend.state.responders[0].send(Self.accept)
                #expect(try client.readResponse().status == 101)
                await eventually("in the tunnel") { world.backend.text(0).hasSuffix(early) }
                #expect(world.backend.requests.count == 1)
            }
        }

        @Test("without a 101 it was an ordinary request, and nothing sent behind it is read")
        func declined() async throws {
            try await World.run { (world) async throws in
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nno")
                }
                let client = try world.client()
                try client.send(Self.handshake + "GET /public/smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
                let answer = try client.readResponse()
                #expect(answer.status == 426 && answer.text == "no" && answer["Connection"] == "close")
                #expect(try client.endsNow())
                #expect(world.backend.requests.count == 1)
            }
        }

        @Test(
            "every other upgrade is ignored, and never forwarded",
            arguments: [
                "GET /public HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                    + "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
                "GET /public HTTP/1.1\r\n\(fields)Upgrade: h2c\r\n\r\n",
                "GET /public HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n",
                "GET /public HTTP/1.0\r\n\(fields)\r\n",
                "POST /public HTTP/1.1\r\n\(fields)Content-Length: 5\r\n\r\nhello",
                "GET /public HTTP/1.1\r\n\(fields)Content-Length: 5\r\n\r\nhello",
                "GET /public HTTP/1.1\r\n\(fields)Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
                "GET /public HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            ])
        func others(request: String) async throws {
            try await World.run { (world) async throws in
                #expect(try world.ask(request).status == 200)
                let seen = try #require(world.backend.requests.first)
                #expect(seen.all("Upgrade").isEmpty && seen.all("Connection").isEmpty)
                #expect(seen.all("HTTP2-Settings").isEmpty)
                #expect(seen.body.isEmpty || seen.body == Array("hello".utf8))
                // An upstream that agrees all the same is not believed.
                world.backend.onRequest { _, responder in responder.send(Self.accept) }
                #expect(try world.ask(request).status == 502)
            }
        }

        @Test(
            "a 101 to something else is no answer",
            arguments: [
                "Upgrade: h2c\r\nConnection: Upgrade\r\n", "Upgrade: websocket\r\n", "Connection: Upgrade\r\n",
                "Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n", "",
            ])
        func wrongProtocol(fields: String) async throws {
            try await World.run { (world) async throws in
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.1 101 Switching Protocols\r\n\(fields)\r\nsecret")
                }
                let client = try world.client()
                try client.send(Self.handshake)
                let all = String(decoding: try client.readToEnd(), as: UTF8.self)
                #expect(all.hasPrefix("HTTP/1.1 502 ") && !all.contains("secret"))
                await eventually("upstream closed") { world.backend.state.closed == [0] }
            }
        }

        @Test("the end of one direction is passed on, and the other goes on", arguments: [true, false])
        func halfClose(byClient: Bool) async throws {
            try await World.run { (world) async throws in
                Self.agree(world, echoes: false)
                let client = try Self.open(world)
                let responder = world.backend.state.responders[0]
                if byClient {
                    try client.send("last words")
                    client.finishSending()
                    await eventually("passed on") { world.backend.state.halfClosed == [0] }
                    #expect(world.backend.text(0).hasSuffix("last words"))
                    responder.send("an answer")
                    #expect(try client.read(until: "an answer") == "an answer")
                    responder.close()
                    #expect(try client.endsNow())
                } else {
                    responder.send("last words")
                    responder.channel.close(mode: .output, promise: nil)
                    #expect(String(decoding: try client.readToEnd(), as: UTF8.self) == "last words")
                    try client.send("an answer")
                    await eventually("passed on") { world.backend.text(0).hasSuffix("an answer") }
                    #expect(world.server.connections == 1)
                    client.finishSending()
                }
                await eventually("all closed") { world.backend.state.closed == [0] && world.server.connections == 0 }
            }
        }

        @Test("what the upstream said before it went reaches the client")
        func upstreamGone() async throws {
            try await World.run { (world) async throws in
                Self.agree(world, echoes: false)
                let client = try Self.open(world)
                let text = String(repeating: "x", count: 300_000)
                world.backend.state.responders[0].send(text)
                world.backend.state.responders[0].close()
                #expect(try client.readToEnd().count == text.utf8.count)
                client.close()
                await eventually("counted off") { world.server.connections == 0 }
            }
        }

        @Test("neither side can make the gateway hold what the other does not take", arguments: [true, false])
        func backPressure(byClient: Bool) async throws {
            try await World.run { (world) async throws in
                Self.agree(world, echoes: false)
                world.backend.update { $0.keepsBytes = false }
                let client = try Self.open(world, receiveBufferBytes: 4096)
                let responder = world.backend.state.responders[0]
                let limit = 32 << 20
                if byClient {
                    try await responder.channel.setOption(.autoRead, value: false).get()
                    let piece = [UInt8](repeating: 0x61, count: 1 << 20)
                    let sent = client.sendUntilBlocked(piece, limit: 64 << 20, quietMilliseconds: 300)
                    #expect(sent < limit, "the gateway took \(sent) bytes")
                    try await responder.channel.setOption(.autoRead, value: true).get()
                    try client.send(piece)
                } else {
                    // The backend's own buffer tells how much the gateway left there.
                    responder.send([UInt8](repeating: 0x61, count: 64 << 20))
                    for _ in 0..<50 {
                        #expect(try world.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n").status == 404)
                    }
                    let left = try await responder.channel.getOption(.bufferedWritableBytes).get()
                    #expect(left > (64 << 20) - limit, "the gateway took all but \(left) bytes")
                    #expect(try client.read(count: 64 << 20).count == 64 << 20)
                }
            }
        }

        @Test("a tunnel that carries nothing ends by the clock; each way counts")
        func idle() async throws {
            var settings = World.Settings()
            settings.limits.tunnelIdleTimeoutMilliseconds = 300
            settings.limits.keepAliveTimeoutMilliseconds = 50
            settings.responseTimeoutMilliseconds = 100
            try await World.run(settings) { (world) async throws in
                Self.agree(world)
                let client = try Self.open(world)
                let start = ContinuousClock.now
                for _ in 0..<8 {
                    try client.send("x")
                    _ = try client.read(count: 1)
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(ContinuousClock.now - start > .milliseconds(350))
                #expect(try client.endsNow())
                await eventually("upstream closed") { world.backend.state.halfClosed == [0] }
            }
        }

        @Test("draining leaves a tunnel its time and then closes it")
        func drain() async throws {
            try await World.run { (world) async throws in
                Self.agree(world)
                let client = try Self.open(world)
                let server = world.server
                let stopping = Task { await server.shutdown(graceMilliseconds: 3_000) }
                await eventually("no longer listening") { (try? world.client()) == nil }
                try client.send("still")
                #expect(try client.read(until: "still") == "still")
                await stopping.value
                #expect(try client.endsNow())
                await eventually("upstream closed") { world.backend.state.halfClosed == [0] }
            }
        }

        @Test("a tunnel is one line of the log, written at its end")
        func log() async throws {
            let output = try OutputFile()
            let writer = AccessLogWriter(descriptor: output.handle.fileDescriptor)
            var settings = World.Settings()
            settings.accessLog = writer
            try await World.run(settings) { (world) async throws in
                Self.agree(world)
                let first = try Self.open(world)
                first.reset()
                await eventually("gone") { world.server.connections == 0 }
                let second = try Self.open(world)
                world.backend.state.responders[1].close()
                #expect(try second.endsNow())
                second.close()
                let third = try Self.open(world)
                third.finishSending()
                await eventually("passed on") { world.backend.state.halfClosed.contains(2) }
                world.backend.state.responders[2].close()
                #expect(try third.endsNow())
            }
            await writer.shutdown()
            let lines = try output.content().split(separator: UInt8(ascii: "\n")).map {
                try #require(try JSONSerialization.jsonObject(with: $0) as? [String: Any])
            }
            #expect(lines.compactMap { $0["status"] as? Int } == [101, 101, 101])
            #expect(lines.first?["reason"] as? String == "client_closed")
            #expect(lines.first?["subject"] as? String == "al")
        }
    }
}
