import NIOCore
import NIOEmbedded
import Testing

@testable import Proxy

@Suite("When the answers of an HTTP/2 connection leave")
struct HTTP2FlushTests {
    /// Counts what reaches the socket, and in how many flushes.
    private final class Socket: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        private(set) var flushCount = 0
        private(set) var sent = 0
        private(set) var isClosed = false
        private var waiting = 0

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            waiting += unwrapOutboundIn(data).readableBytes
            promise?.succeed()
        }

        func flush(context: ChannelHandlerContext) {
            flushCount += 1
            sent += waiting
            waiting = 0
        }

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            isClosed = true
            context.close(mode: mode, promise: promise)
        }
    }

    private let eventLoop = EmbeddedEventLoop()
    private let socket = Socket()
    private let connection: HTTP2Connection
    private let channel: EmbeddedChannel

    init() throws {
        let (desk, eventLoop) = (AuthenticationDesk(), eventLoop)
        let loop = LoopContext(
            eventLoop: eventLoop, configuration: ProxyConfiguration(routes: RouteTable([]), upstreams: []),
            controlPlane: StubControlPlane(),
            makeAuthentication: { StubAuthentication(desk: desk, eventLoop: eventLoop) }, accessLog: nil,
            connectionCount: ConnectionCount())
        let peer = ClientPeer(try SocketAddress(ipAddress: "192.0.2.1", port: 1), trusted: [])
        connection = HTTP2Connection(loop: loop, peer: peer, place: nil)
        channel = EmbeddedChannel(handlers: [socket, connection], loop: eventLoop)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    }

    /// A DATA frame of a stream, as `NIOHTTP2Handler` writes and flushes it.
    private func answer(on stream: UInt32) {
        var frame = ByteBuffer(bytes: [0, 0, 1, 0, 1])
        frame.writeInteger(stream)
        frame.writeInteger(UInt8(0))
        channel.writeAndFlush(frame, promise: nil)
    }

    @Test("together at the end of the turn in which they were written")
    func together() {
        for stream: UInt32 in [1, 3, 5] { answer(on: stream) }
        #expect(socket.flushCount == 0)
        eventLoop.run()
        #expect(socket.flushCount == 1 && socket.sent == 30)
        answer(on: 7)
        eventLoop.run()
        #expect(socket.flushCount == 2 && socket.sent == 40)
    }

    @Test("before the connection closes: by the pipeline, at the end of the grace, because the client ended its side")
    func closing() throws {
        answer(on: 1)
        channel.close(promise: nil)
        #expect(socket.sent == 10 && socket.isClosed)
        let other = try HTTP2FlushTests()
        other.answer(on: 1)
        other.connection.closeNow()
        #expect(other.socket.sent == 10 && other.socket.isClosed)
        eventLoop.run()
        #expect(socket.flushCount == 1)
        let ended = try HTTP2FlushTests()
        ended.answer(on: 1)
        ended.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(ended.socket.sent == 10 && ended.socket.isClosed)
    }
}
