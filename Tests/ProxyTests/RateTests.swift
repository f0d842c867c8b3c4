import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Slow clients, and connections that serve many requests")
    struct RateTests {
        @Test("a body that drips in is 408, however regular its drops are")
        func drippingBody() async throws {
            var settings = World.Settings()
            settings.limits.bodyMinimumRate = 1000
            settings.limits.bodyRateGraceMilliseconds = 100
            try await World.run(settings) { (world) async throws in
                let client = try world.client()
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
                client.patienceMilliseconds = 0
                var response: RawResponse?
                let start = ContinuousClock.now
                while response == nil, ContinuousClock.now - start < .seconds(20) {
                    try? client.send("x")
                    response = try? client.readResponse()
                }
                #expect(response?.status == 408)
                await eventually("upstream closed") { world.backend.state.closed == [0] }
            }
        }

        @Test("a body that is quick enough on average may pause, and so may one that the upstream holds up")
        func averageBody() async throws {
            var settings = World.Settings()
            settings.limits.bodyMinimumRate = 1 << 20
            settings.limits.bodyRateGraceMilliseconds = 20_000
            try await World.run(settings) { (world) async throws in
                let client = try world.client()
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
                try await Task.sleep(for: .milliseconds(150))
                try client.send("cd")
                #expect(try client.readResponse().status == 200)
            }
            settings.limits.bodyRateGraceMilliseconds = 500
            settings.limits.bodyMinimumRate = 64 << 20
            settings.limits.bodyBytes = 64 << 20
            try await World.run(settings) { (world) async throws in
                world.backend.update { $0.keepsBytes = false }
                world.backend.onHead { _, responder in
                    responder.channel.setOption(.autoRead, value: false).whenComplete { _ in }
                }
                let client = try world.client()
                let total = 16 << 20
                try client.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: \(total)\r\n\r\n")
                await eventually("head") { world.backend.state.heads == 1 }
                let piece = [UInt8](repeating: 0x61, count: 1 << 20)
                let sent = client.sendUntilBlocked(piece, limit: total, quietMilliseconds: 200)
                try await Task.sleep(for: .milliseconds(1_200))
                world.backend.state.responders[0].channel.setOption(.autoRead, value: true).whenComplete { _ in }
                var left = total - sent
                while left > 0 {
                    try client.send(Array(piece.prefix(left)))
                    left -= min(left, piece.count)
                }
                #expect(try client.readResponse().status == 200)
            }
        }

        /// An answer that is far larger than what the sockets take.
        private func answerEndlessly(_ world: World) {
            world.backend.onRequest { _, responder in
                responder.send("HTTP/1.1 200 OK\r\nContent-Length: \(1 << 30)\r\n\r\n")
                responder.send([UInt8](repeating: 0x61, count: 32 << 20))
            }
        }

        @Test("a client that takes nothing of its answer is closed, and so is its upstream")
        func takesNothing() async throws {
            let output = try OutputFile()
            let writer = AccessLogWriter(descriptor: output.handle.fileDescriptor)
            var settings = World.Settings()
            settings.accessLog = writer
            settings.limits.sendTimeoutMilliseconds = 200
            try await World.run(settings) { (world) async throws in
                answerEndlessly(world)
                let client = try world.client(receiveBufferBytes: 4096)
                try client.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                await eventually("closed") { world.server.connections == 0 && world.backend.state.closed == [0] }
                #expect(try client.readToEnd().count < 32 << 20)
            }
            await writer.shutdown()
            #expect(String(decoding: try output.content(), as: UTF8.self).contains("\"reason\":\"send_timeout\""))
        }

        @Test("a client that takes its answer in drops is closed by the rate that it falls short of")
        func takesDrops() async throws {
            var settings = World.Settings()
            settings.limits.sendTimeoutMilliseconds = 300
            settings.limits.bodyMinimumRate = 1 << 30
            try await World.run(settings) { (world) async throws in
                answerEndlessly(world)
                let client = try world.client(receiveBufferBytes: 4096)
                try client.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                let start = ContinuousClock.now
                var isOpen = true
                while isOpen, ContinuousClock.now - start < .seconds(20) {
                    isOpen = (try? client.read(count: 100)) != nil && world.server.connections == 1
                    try await Task.sleep(for: .milliseconds(5))
                }
                #expect(world.server.connections == 0)
            }
        }

        @Test("a slow client that keeps taking gets all of it, though that takes many times the send timeout")
        func takesSlowly() async throws {
            var settings = World.Settings()
            settings.limits.sendTimeoutMilliseconds = 1_000
            settings.limits.keepAliveTimeoutMilliseconds = 1_000
            settings.responseTimeoutMilliseconds = 1_000
            try await World.run(settings) { (world) async throws in
                let total = 12 << 20
                world.backend.onRequest { _, responder in
                    responder.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
                    responder.send([UInt8](repeating: 0x61, count: total))
                }
                let client = try world.client(receiveBufferBytes: 4096)
                try client.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try client.read(until: "\r\n\r\n")
                var count = 0
                while count < total {
                    count += try client.read(count: min(256 << 10, total - count)).count
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(count == total)
            }
        }

        @Test("the last request that a connection may serve is told so, and no further one is read")
        func requestLimit() async throws {
            var settings = World.Settings()
            settings.limits.requestsPerConnection = 3
            try await World.run(settings) { (world) async throws in
                let get = "GET /public HTTP/1.1\r\nHost: a\r\n\r\n"
                let client = try world.client()
                try client.send(get + "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n" + get + get)
                #expect(try client.readResponse()["Connection"] == nil)
                #expect(try client.readResponse().status == 404)
                #expect(try client.readResponse()["Connection"] == "close")
                #expect(try client.endsNow())
                #expect(world.backend.requests.count == 2)
            }
        }
    }
}
