import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A service behind a gateway, which writes down what reaches it.
///
/// It answers `200` with the path as body, but `/…/slow` not before ``release()``, `/…/silent` never, `/…/garbage` with
/// what is not HTTP, and `/…/hangup` by closing. What it cannot parse it answers by closing too.
package final class RecordingBackend: Sendable {
    /// A request that arrived.
    package struct Arrival: Sendable {
        /// The method.
        package let method: String
        /// The request-target.
        package let target: String
        /// The fields in order, names as sent.
        package let fields: [(name: String, value: String)]
        /// The body.
        package fileprivate(set) var body: [UInt8] = []
        /// The trailer section.
        package fileprivate(set) var trailers: [(name: String, value: String)] = []
        /// Which connection it came over, from 0.
        package let connection: Int

        /// The values of a field, whose name compares without regard to case.
        package func values(_ name: String) -> [String] {
            fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        }
    }

    private struct State {
        var arrivals: [Arrival] = []
        var held: [EventLoopPromise<Void>] = []
        var connections = 0
        var children: [any Channel] = []
    }

    private final class Record: Sendable {
        let state = Mutex(State())
    }

    private let record: Record
    private let listener: Mutex<(any Channel)?>

    /// The port it listens on, also after a restart.
    package let port: Int

    private init(port: Int, record: Record, listener: any Channel) {
        self.port = port
        self.record = record
        self.listener = Mutex(listener)
    }

    /// Starts a backend on a free loopback port.
    package static func start() async throws -> RecordingBackend {
        let record = Record()
        let channel = try await bind(port: 0, record: record)
        return RecordingBackend(port: channel.localAddress?.port ?? 0, record: record, listener: channel)
    }

    /// What has arrived, complete requests only.
    package var arrivals: [Arrival] { record.state.withLock { $0.arrivals } }

    /// How many slow requests wait to be answered.
    package var heldCount: Int { record.state.withLock { $0.held.count } }

    /// Forgets what has arrived.
    package func forget() {
        record.state.withLock { $0.arrivals = [] }
    }

    /// Lets the slow requests be answered.
    package func release() {
        let held = record.state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for promise in held { promise.succeed() }
    }

    /// Stops listening and breaks every connection.
    package func stop() async {
        let channel = listener.withLock { listener in
            defer { listener = nil }
            return listener
        }
        try? await channel?.close().get()
        let children = record.state.withLock { state in
            defer { state.children = [] }
            return state.children
        }
        for child in children { try? await child.close().get() }
        release()
    }

    /// Listens again on the same port.
    package func restart() async throws {
        let channel = try await Self.bind(port: port, record: record)
        listener.withLock { $0 = channel }
    }

    private static func bind(port: Int, record: Record) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let number = record.state.withLock { state in
                    defer { state.connections += 1 }
                    state.children.append(channel)
                    return state.connections
                }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(Handler(record: record, connection: number))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let record: Record
        private let connection: Int
        private var arrival: Arrival?

        init(record: Record, connection: Int) {
            self.record = record
            self.connection = connection
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                arrival = Arrival(
                    method: head.method.rawValue, target: head.uri, fields: head.headers.map { ($0.name, $0.value) },
                    connection: connection)
            case .body(let part):
                arrival?.body += Array(part.readableBytesView)
            case .end(let trailers):
                guard var arrival else { return }
                arrival.trailers = trailers?.map { ($0.name, $0.value) } ?? []
                let complete = arrival
                record.state.withLock { $0.arrivals.append(complete) }
                answer(complete, context)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private func answer(_ arrival: Arrival, _ context: ChannelHandlerContext) {
            let path = arrival.target.split(separator: "?").first.map(String.init) ?? "/"
            if path.hasSuffix("/slow") {
                let promise = context.eventLoop.makePromise(of: Void.self)
                record.state.withLock { $0.held.append(promise) }
                promise.futureResult.assumeIsolated().whenComplete { _ in self.respond(arrival, path, context) }
            } else if path.hasSuffix("/garbage") {
                let channel = context.channel
                context.pipeline.context(handlerType: HTTPResponseEncoder.self).assumeIsolated().whenSuccess {
                    encoder in
                    encoder.writeAndFlush(NIOAny(ByteBuffer(string: "220 mail.test ESMTP\r\n\r\n")), promise: nil)
                    channel.close(promise: nil)
                }
            } else if path.hasSuffix("/events") {
                let fields: HTTPHeaders = ["Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"]
                context.write(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: fields))),
                    promise: nil)
                // There is more to come, and it never does.
                context.writeAndFlush(
                    wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "data: 1\n\n")))), promise: nil)
            } else if path.hasSuffix("/socket") {
                let fields: HTTPHeaders = ["Connection": "Upgrade", "Upgrade": "websocket"]
                let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: fields)
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            } else if path.hasSuffix("/hangup") {
                context.close(promise: nil)
            } else if !path.hasSuffix("/silent") {
                respond(arrival, path, context)
            }
        }

        private func respond(_ arrival: Arrival, _ path: String, _ context: ChannelHandlerContext) {
            guard context.channel.isActive else { return }
            let body = ByteBuffer(string: path)
            let fields: HTTPHeaders = ["Content-Length": "\(body.readableBytes)", "X-Backend": "yes"]
            context.write(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: fields))), promise: nil)
            if arrival.method != "HEAD" { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
