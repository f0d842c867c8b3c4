import Foundation
import NIOCore
import Synchronization
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Slow readers and bounded memory")
    struct BackPressureTests {
        // What is held is seen from outside, by how much the other side gets rid of: the sockets' own buffers take some
        // megabytes, the gateway next to nothing. The process's memory would tell of the other suites as well.
        private static let socketBufferByteLimit = 32 << 20

        @Test("a client that does not read holds its upstream back")
        func slowReader() async throws {
            try await World.run { world in
                let total = 64 << 20
                let written = Atomic<Int>(0)
                world.backend.update { $0.keepsBytes = false }
                // One slice of one buffer is written again and again, so that the backend itself holds little.
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
                let client = try world.client(receiveBufferBytes: 4096)
                try client.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try client.read(count: 100)
                // Another client's requests show that the loop has gone round while the first does not read.
                for _ in 0..<200 {
                    #expect(try world.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n").status == 404)
                }
                #expect(written.load(ordering: .relaxed) < Self.socketBufferByteLimit)
                var count = 100
                while count < total { count += try client.read(count: min(1 << 20, total - count)).count }
            }
        }

        @Test("a client that sends requests and reads no answers is not read any more")
        func endlessPipeline() async throws {
            try await World.run { world in
                let client = try world.client(receiveBufferBytes: 4096)
                let request = Array("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
                let sent = client.sendUntilBlocked(request, limit: 64 << 20, quietMilliseconds: 500)
                #expect(sent < Self.socketBufferByteLimit, "the gateway took \(sent) bytes")
                #expect(try world.ask("GET /public HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
                // Once it reads, everything that was sent is answered.
                var answers = 0
                while answers < sent / request.count {
                    #expect(try client.readResponse().status == 404)
                    answers += 1
                    if answers > 2_000 { break }
                }
            }
        }

        @Test("a backend that does not read holds its client back, and both go on when it does")
        func slowBackend() async throws {
            let total = 64 << 20
            var settings = World.Settings()
            settings.limits.bodyBytes = total
            try await World.run(settings) { world in
                world.backend.update { $0.keepsBytes = false }
                world.backend.onHead { _, responder in
                    responder.channel.setOption(.autoRead, value: false).whenComplete { _ in }
                }
                let client = try world.client()
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: \(total)\r\n\r\n")
                await eventually("head") { world.backend.state.heads == 1 }
                let piece = [UInt8](repeating: 0x61, count: 1 << 20)
                let sent = client.sendUntilBlocked(piece, limit: total, quietMilliseconds: 300)
                #expect(sent < Self.socketBufferByteLimit, "the gateway took \(sent) bytes")
                world.backend.state.responders[0].channel.setOption(.autoRead, value: true).whenComplete { _ in }
                var left = total - sent
                while left > 0 {
                    try client.send(Array(piece.prefix(left)))
                    left -= min(left, piece.count)
                }
                #expect(try client.readResponse().status == 200)
                #expect(world.backend.state.bodyByteCount == total)
            }
        }

        @Test("a body that came in while the decision was pending goes on flowing after it")
        func bodyDuringDecision() async throws {
            try await World.run { world in
                let client = try world.client()
                // Chunk sizes with many zeros take more room here than upstream, so nothing upstream fills up.
                let chunk = Array("0000000000000010\r\n0123456789abcdef\r\n".utf8)
                let head =
                    "POST /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer held-al\r\nTransfer-Encoding: chunked\r\n\r\n"
                try client.send(head)
                await eventually("held") { world.desk.state.held.count == 1 }
                let first = Array(repeating: chunk, count: 5_000).flatMap(\.self)
                try client.send(first)
                // Another client's answers show that the gateway has had the time to read and to stop reading.
                for _ in 0..<20 { #expect(try world.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n").status == 404) }
                world.desk.release()
                try client.send(first + Array("0\r\n\r\n".utf8))
                #expect(try client.readResponse().status == 200)
                #expect(world.backend.requests[0].body.count == 160_000)
            }
        }

        @Test("a client that never reads is closed by the clock")
        func neverReads() async throws {
            var settings = World.Settings()
            settings.responseTimeoutMilliseconds = 200
            settings.limits.sendTimeoutMilliseconds = 200
            try await World.run(settings) { world in
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.1 200 OK\r\nContent-Length: \(16 << 20)\r\n\r\n")
                    responder.send([UInt8](repeating: 0x61, count: 16 << 20))
                }
                let client = try world.client(receiveBufferBytes: 4096)
                try client.send("GET /public HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                await eventually("asked") { world.backend.requests.count == 1 }
                await eventually("client closed") { world.server.connections == 0 }
                await eventually("upstream closed") { world.backend.state.closed == [0] }
            }
        }

        @Test("an answer that waits for a slow reader is not cut off when that reader ends its own side")
        func halfCloseWhileFlushing() async throws {
            try await World.run { world in
                let total = 3 << 20
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
                    responder.send([UInt8](repeating: 0x61, count: total))
                }
                for step in 0..<12 {
                    let client = try world.client(receiveBufferBytes: 4096)
                    try client.send("GET /public HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    // Somewhere on the way the upstream has finished and only the client's rest is pending.
                    _ = try client.read(count: total - (64 << 10) * (step + 1))
                    client.finishSending()
                    #expect(try client.readToEnd().count > (64 << 10) * (step + 1), "step \(step)")
                }
            }
        }
    }
}
