import NIOCore
import Synchronization
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Slow ends of HTTP/2, and bounded memory")
    struct HTTP2BackPressureTests {
        typealias W = HTTP2Wire

        // As in BackPressureTests: the sockets' own buffers take some megabytes, the gateway next to nothing.
        private static let socketBufferByteLimit = 32 << 20

        @Test("a stream whose window is used up holds its upstream back, and no other stream")
        func slowReader() async throws {
            try await World.run { world in
                let total = 48 << 20
                let written = Atomic<Int>(0)
                world.backend.update { $0.keepsBytes = false }
                world.backend.onRequest { request, responder in
                    guard request.startLine.contains("large") else { return responder.answer() }
                    responder.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
                    let piece = [UInt8](repeating: 0x61, count: 64 << 10)
                    @Sendable func next(_ left: Int) {
                        written.store(total - left, ordering: .relaxed)
                        guard left > 0 else { return }
                        responder.channel.writeAndFlush(ByteBuffer(bytes: piece)).whenSuccess {
                            next(left - piece.count)
                        }
                    }
                    next(total)
                }
                let client = try HTTP2Client(world)
                // The connection's window is not what is narrow here.
                try client.send(W.windowUpdate(1 << 30), W.headers(1, W.request("GET", "/public/large")))
                var received = 0
                while received < 65_535 { received += try client.wait(for: .data).payload.count }
                for index in 0..<100 { #expect(try client.ask(UInt32(2 * index + 3)).status == 200) }
                #expect(written.load(ordering: .relaxed) < Self.socketBufferByteLimit)
                #expect(received == 65_535)
                // Once it opens the window, all of it comes.
                while received < total {
                    try client.send(W.windowUpdate(1 << 20, stream: 1))
                    let goal = min(received + 1 << 20, total)
                    while received < goal { received += try client.wait(for: .data).payload.count }
                }
                #expect(received == total)
                try client.pings()
            }
        }

        @Test("a client that does not read its socket holds the upstream back")
        func noReader() async throws {
            try await World.run { world in
                let total = 64 << 20
                let written = Atomic<Int>(0)
                world.backend.update { $0.keepsBytes = false }
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
                    let piece = [UInt8](repeating: 0x61, count: 64 << 10)
                    @Sendable func next(_ left: Int) {
                        written.store(total - left, ordering: .relaxed)
                        guard left > 0 else { return }
                        responder.channel.writeAndFlush(ByteBuffer(bytes: piece)).whenSuccess {
                            next(left - piece.count)
                        }
                    }
                    next(total)
                }
                let client = try HTTP2Client(world, settings: [(4, 0x7fff_ffff)], receiveBufferBytes: 4096)
                try client.send(W.windowUpdate(0x7fff_ffff - 65_535), W.headers(1))
                _ = try client.wait(for: .data)
                for _ in 0..<200 {
                    #expect(try world.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n").status == 404)
                }
                #expect(written.load(ordering: .relaxed) < Self.socketBufferByteLimit)
                client.raw.close()
                await eventually("upstream closed") { world.backend.state.closed.contains(0) }
            }
        }

        @Test("a backend that does not read closes its stream's window, and both go on when it does")
        func slowBackend() async throws {
            let total = 48 << 20
            var settings = World.Settings()
            settings.limits.bodyBytes = total
            try await World.run(settings) { world in
                world.backend.update { $0.keepsBytes = false }
                world.backend.onHead { request, responder in
                    if request.startLine.hasPrefix("POST") {
                        responder.channel.setOption(.autoRead, value: false).whenComplete { _ in }
                    }
                }
                let client = try HTTP2Client(world)
                let length = [("content-length", "\(total)")]
                try client.send(W.headers(1, W.request("POST") + length, ends: false))
                await eventually("head") { world.backend.state.heads == 1 }
                var sender = WindowedSender(client: client, total: total)
                // As much as the windows let through; then PING is answered, and still no window is open.
                while try sender.sendWhatFits() {}
                #expect(sender.sent < Self.socketBufferByteLimit, "the gateway took \(sender.sent) bytes")
                #expect(try client.ask(3).status == 200)
                world.backend.state.responders[0].channel.setOption(.autoRead, value: true).whenComplete { _ in }
                try sender.sendAll()
                #expect(try client.response(1).status == 200)
                #expect(world.backend.state.bodyByteCount == total)
            }
        }
    }

    /// Sends a body on stream 1 and keeps to the windows.
    private struct WindowedSender {
        let client: HTTP2Client
        let total: Int
        var sent = 0
        var streamWindow = 65_535
        var connectionWindow = 65_535

        private mutating func take(_ frame: HTTP2Client.Frame) {
            guard frame.is(.windowUpdate) else { return }
            if frame.stream == 0 { connectionWindow += Int(frame.number) }
            if frame.stream == 1 { streamWindow += Int(frame.number) }
        }

        private mutating func send() throws {
            while sent < total, min(streamWindow, connectionWindow) > 0 {
                let count = min(16_384, streamWindow, connectionWindow, total - sent)
                try client.send(HTTP2Wire.data(1, Array(repeating: 65, count: count), ends: sent + count == total))
                sent += count
                streamWindow -= count
                connectionWindow -= count
            }
        }

        /// - Returns: whether more fitted after the gateway had had the time to say so.
        mutating func sendWhatFits() throws -> Bool {
            let before = sent
            try send()
            // Twice, for a window may open only after the upstream has been written to.
            for _ in 0..<3 {
                try client.send(HTTP2Wire.ping())
                while let frame = try client.wait(forAnyOf: [.windowUpdate, .ping]), !frame.is(.ping) { take(frame) }
            }
            try send()
            return sent > before
        }

        mutating func sendAll() throws {
            while sent < total {
                if let frame = try client.wait(forAnyOf: [.windowUpdate]) { take(frame) }
                try send()
            }
        }
    }
}
