import Foundation
import HTTP1
import NIOCore
import NIOEmbedded
import Testing

@testable import Proxy

/// Both connections of an exchange on embedded channels, so that a write or a flush can fail at a chosen moment.
@Suite("Closing at awkward moments")
struct ReentrancyTests {
    /// Closes its channel from within a flush, as a socket does whose peer is gone; or keeps promises waiting.
    final class Trap: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        var closesOnFlush = false
        var holdsWrites = false
        private(set) var written = ByteBuffer()
        private var held: [EventLoopPromise<Void>] = []

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            var bytes = unwrapOutboundIn(data)
            written.writeBuffer(&bytes)
            if holdsWrites { if let promise { held.append(promise) } } else { promise?.succeed() }
        }

        func flush(context: ChannelHandlerContext) {
            if closesOnFlush {
                closesOnFlush = false
                context.close(promise: nil)
            }
        }

        func release() {
            holdsWrites = false
            for promise in held { promise.succeed() }
            held = []
        }

        var text: String { String(buffer: written) }
    }

    struct Scene {
        let eventLoop = EmbeddedEventLoop()
        let loop: LoopContext
        let desk = AuthenticationDesk()
        let channel: EmbeddedChannel
        let client: ClientConnection
        let clientTrap = Trap()
        var upstreamTraps: [Trap] = []
        var upstreamChannels: [EmbeddedChannel] = []

        init() throws {
            let upstream = Upstream(name: "u", targets: [.init(host: "127.0.0.1", port: 1)])
            let desk = desk
            let eventLoop = eventLoop
            loop = LoopContext(
                eventLoop: eventLoop,
                configuration: ProxyConfiguration(routes: RouteTable(World.routes), upstreams: [upstream, upstream]),
                controlPlane: StubControlPlane(),
                makeAuthentication: { StubAuthentication(desk: desk, eventLoop: eventLoop) }, accessLog: nil,
                connectionCount: ConnectionCount())
            client = ClientConnection(loop: loop)
            channel = EmbeddedChannel(handlers: [clientTrap, client], loop: eventLoop)
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        }

        /// Puts an idle upstream connection into the pool.
        mutating func addIdle() throws {
            let trap = Trap()
            let connection = UpstreamConnection(pool: loop.pools[0], endpoint: loop.pools[0].endpoints[0])
            let channel = EmbeddedChannel(handlers: [trap, connection], loop: eventLoop)
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.2", port: 2)).wait()
            connection.end(reuse: true)
            upstreamTraps.append(trap)
            upstreamChannels.append(channel)
        }

        var idleCount: Int {
            loop.pools[0].endpoints[0].idle.count
        }

        func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

        var answers: Int { clientTrap.text.components(separatedBy: "HTTP/1.1 ").count - 1 }
    }

    @Test(
        "a POST whose upstream is gone in the very flush is answered 502 once, and what was pipelined after it is served"
    )
    func postOnDeadConnection() throws {
        var scene = try Scene()
        try scene.addIdle()
        try scene.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
        scene.upstreamTraps[0].closesOnFlush = true
        try scene.send("abcGET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(scene.clientTrap.text.hasPrefix("HTTP/1.1 502 "))
        #expect(scene.clientTrap.text.contains("HTTP/1.1 404 "), "the pipelined request is not forgotten")
        #expect(scene.answers == 2)
        #expect(scene.client.phase == .readingHead)
        _ = try? scene.channel.finish()
    }

    @Test("an upload whose upstream is gone in the very flush is answered, and the rest of it still read off")
    func uploadOnDeadConnection() throws {
        var scene = try Scene()
        try scene.addIdle()
        try scene.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n")
        scene.clientTrap.holdsWrites = true
        scene.upstreamTraps[0].closesOnFlush = true
        scene.upstreamChannels[0].isWritable = false
        try scene.send("abc")
        #expect(scene.answers == 1 && scene.clientTrap.text.hasPrefix("HTTP/1.1 502 "))
        #expect(scene.client.phase == .lingering)
        #expect(!scene.client.isPaused, "lingering reads on")
        _ = try? scene.channel.finish()
    }

    @Test("a client that is gone in the very flush of its answer takes the upstream along and leaves nothing behind")
    func clientGoneInFlush() throws {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nok",
        ] {
            var scene = try Scene()
            try scene.addIdle()
            try scene.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\nGET /public HTTP/1.1\r\nHost: a\r\n\r\n")
            scene.clientTrap.closesOnFlush = true
            try scene.upstreamChannels[0].writeInbound(ByteBuffer(string: answer))
            #expect(scene.client.phase == .closed)
            #expect(!scene.upstreamChannels[0].isActive)
            #expect(scene.client.output.readableBytes == 0, "bytes left for whoever flushes next: \(answer)")
            #expect(!scene.loop.hasConnections && scene.loop.connectionCount.current == 0)
            #expect(scene.idleCount == 0)
        }
    }

    @Test(
        "nothing waits to be written after any step of a random sequence of events, and each request has one answer")
    func randomEvents() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: (seed, ~seed))
        let pieces = [
            "PATCH /public HTTP/1.1\r\nHost: a\r\n\r\n", "GET /api HTTP/1.1\r\nHost: a\r\n\r\n", "PATCH /pub",
            "POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab", "cd", "x",
            "POST /public HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "0\r\n\r\n",
            "HEAD /nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
            "PATCH /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer held-x\r\n\r\n",
        ]
        let answers = [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", "k",
            "HTTP/1.1 ",
            "HTTP/1.1 103 E\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nrest", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nextra",
        ]
        for round in 0..<1500 {
            var scene = try Scene()
            for _ in 0..<14 {
                // Nothing is retried here and there are always idle connections, for none can be opened.
                while scene.idleCount < 4 { try scene.addIdle() }
                let upstream = Int.random(
                    in: max(0, scene.upstreamChannels.count - 6)..<scene.upstreamChannels.count, using: &random)
                switch Int.random(in: 0..<12, using: &random) {
                case 0...3 where scene.channel.isActive: try scene.send(pieces.randomElement(using: &random) ?? "")
                case 4...7 where scene.upstreamChannels[upstream].isActive:
                    let answer = answers.randomElement(using: &random) ?? ""
                    _ = try? scene.upstreamChannels[upstream].writeInbound(ByteBuffer(string: answer))
                case 8: scene.clientTrap.closesOnFlush = true
                case 9: scene.upstreamTraps[upstream].closesOnFlush = true
                case 10 where scene.upstreamChannels[upstream].isActive:
                    scene.upstreamChannels[upstream].close(promise: nil)
                case 11:
                    scene.desk.release()
                    if Bool.random(using: &random) {
                        scene.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
                    }
                default: break
                }
                scene.eventLoop.run()
                #expect(scene.client.output.readableBytes == 0, "seed \(seed), round \(round): bytes left")
            }
            let text = scene.clientTrap.text
            #expect(
                !text.contains("X-Forwarded") && !text.contains("Authorization"),
                "seed \(seed), round \(round): \(text)")
            #expect(scene.client.phase == .closed || scene.channel.isActive, "seed \(seed), round \(round)")
            #expect(!(scene.client.phase == .closed && scene.client.upstream != nil), "seed \(seed), round \(round)")
            scene.channel.close(promise: nil)
            scene.eventLoop.run()
            #expect(
                scene.loop.connectionCount.current == 0 && !scene.loop.hasConnections, "seed \(seed), round \(round)")
            let endpoint = scene.loop.pools[0].endpoints[0]
            #expect(endpoint.outstanding == 0, "seed \(seed), round \(round): a request counts for ever")
            #expect(
                endpoint.connections == scene.upstreamChannels.count(where: \.isActive), "seed \(seed), round \(round)")
        }
    }

    @Test("an answer still on its way out is not cut off by the client's half-close")
    func halfCloseWhileFlushing() throws {
        let scene = try Scene()
        scene.clientTrap.holdsWrites = true
        try scene.send("GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(scene.client.phase == .lingering)
        scene.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(scene.channel.isActive, "closed before the answer went out")
        scene.clientTrap.release()
        #expect(!scene.channel.isActive)
    }

    @Test("draining does not cut off an answer that is still on its way out")
    func drainWhileFlushing() throws {
        let scene = try Scene()
        scene.clientTrap.holdsWrites = true
        try scene.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(scene.client.phase == .readingHead)
        scene.loop.drain()
        #expect(scene.client.phase == .readingHead, "closed while its next request may be on its way")
        scene.loop.endIdle()
        #expect(scene.channel.isActive, "closed before the answer went out")
        scene.clientTrap.release()
        #expect(!scene.channel.isActive)
    }

    @Test("requests of a client that takes no answers wait, and go on when it does")
    func unwritableClient() throws {
        let scene = try Scene()
        scene.channel.isWritable = false
        scene.channel.pipeline.fireChannelWritabilityChanged()
        let request = "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
        try scene.send(request + request)
        #expect(scene.answers == 0)
        #expect(scene.client.isPaused, "nor is it read any more")
        scene.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(scene.channel.isActive, "what it asked before its end is still to be answered")
        scene.channel.isWritable = true
        scene.channel.pipeline.fireChannelWritabilityChanged()
        #expect(scene.answers == 2)
    }

    @Test("heads that are always cut in two do not make the input grow")
    func inputDoesNotGrow() throws {
        let scene = try Scene()
        let request = "GET /nowhere HTTP/1.1\r\nHost: a\r\nX-Padding: \(String(repeating: "p", count: 400))\r\n\r\n"
        try scene.send("GET /now")
        let rotated = String(request.dropFirst(8)) + "GET /now"
        for _ in 0..<3000 { try scene.send(rotated) }
        #expect(scene.answers == 3000)
        #expect(
            scene.client.input.capacity < 16 << 10, "\(scene.client.input.capacity) bytes for \(rotated.utf8.count)")
        _ = try? scene.channel.finish()
    }

    @Test("nothing outlives its connection: client, upstream and pool let go of each other")
    func leaks() throws {
        weak var client: ClientConnection?
        weak var loop: LoopContext?
        weak var pool: UpstreamPool?
        func play() throws {
            var scene = try Scene()
            (client, loop, pool) = (scene.client, scene.loop, scene.loop.pools[0])
            try scene.addIdle()
            try scene.addIdle()
            try scene.send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n")
            try scene.upstreamChannels[1].writeInbound(
                ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
            try scene.send(
                "GET /public HTTP/1.1\r\nHost: a\r\n\r\nGET /api HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer held-x\r\n\r\n"
            )
            try scene.upstreamChannels[1].writeInbound(
                ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
            #expect(scene.client.phase == .deciding)
            scene.channel.close(promise: nil)
            scene.desk.update { $0.held = [] }
            scene.loop.closeAll()
            for channel in scene.upstreamChannels { #expect(!channel.isActive) }
            scene.eventLoop.run()
        }
        try play()
        #expect(client == nil && loop == nil && pool == nil)
    }
}
