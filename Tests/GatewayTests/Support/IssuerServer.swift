import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport

/// An issuer's web server: publishes what a test wants, over TLS or in clear, and counts who asked.
final class IssuerServer: Sendable {
    /// What a path answers.
    enum Answer: Sendable {
        case document(String, fields: [(String, String)] = [])
        /// A document with a tag: who names the tag is told that nothing has changed.
        case tagged(String, tag: String)
        case status(Int, fields: [(String, String)] = [])
        /// That many bytes of white space.
        case spaces(Int)
        /// Never.
        case silence
        /// The head at once, then a byte of white space every tenth of a second, for ever.
        case drip
    }

    private struct State {
        var answers: [String: Answer] = [:]
        var requests: [String] = []
        var connections = 0
    }

    private let state: Mutex<State>
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    private let usesTLS: Bool

    /// Starts one on a free port of the loopback address.
    static func start(_ pair: TestAuthority.Pair? = nil) async throws -> IssuerServer {
        var context: NIOSSLContext?
        if let pair {
            context = try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: try NIOSSLCertificate.fromPEMFile(pair.certificate).map { .certificate($0) },
                    privateKey: .privateKey(try NIOSSLPrivateKey(file: pair.privateKey, format: .pem))))
        }
        return try await IssuerServer(context)
    }

    private init(_ tls: NIOSSLContext?) async throws {
        let state = Mutex(State())
        self.state = state
        usesTLS = tls != nil
        let box = Box()
        channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                box.server.withLock { $0 }?.connected()
                return channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        box.server.withLock { $0 = self }
    }

    /// The address that it is reached at, without a slash at its end.
    var url: String { "\(usesTLS ? "https://localhost" : "http://127.0.0.1"):\(channel.localAddress?.port ?? 0)" }

    /// Sets what a path answers from now on.
    func set(_ path: String, _ answer: Answer) {
        state.withLock { $0.answers[path] = answer }
    }

    /// How many connections came.
    var connectionCount: Int { state.withLock { $0.connections } }

    private func connected() { state.withLock { $0.connections += 1 } }

    /// How often a path was asked for.
    func requestCount(_ path: String) -> Int {
        state.withLock { $0.requests.count { $0 == path } }
    }

    func stop() async {
        try? await channel.close()
        try? await group.shutdownGracefully()
    }

    private func answer(_ path: String) -> Answer {
        state.withLock { state in
            state.requests.append(path)
            return state.answers[path] ?? .status(404)
        }
    }

    private final class Box: Sendable {
        let server = Mutex<IssuerServer?>(nil)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let box: Box

        init(_ box: Box) {
            self.box = box
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let head) = unwrapInboundIn(data), let server = box.server.withLock({ $0 }) else { return }
            switch server.answer(head.uri) {
            case .silence: return
            case .drip: drip(context)
            case .document(let text, let fields): send(context, 200, fields, text)
            case .tagged(let text, let tag):
                let isKnown = head.headers["if-none-match"].contains(tag)
                send(context, isKnown ? 304 : 200, [("ETag", tag)], isKnown ? "" : text)
            case .status(let status, let fields): send(context, status, fields, "")
            case .spaces(let count): send(context, 200, [], String(repeating: " ", count: count))
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private func drip(_ context: ChannelHandlerContext) {
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "100000"])
            context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
            let channel = context.channel
            context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(100)) { task in
                guard channel.isActive else { return task.cancel() }
                channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: " "))), promise: nil)
            }
        }

        private func send(
            _ context: ChannelHandlerContext, _ status: Int, _ fields: [(String, String)], _ body: String
        ) {
            var headers = HTTPHeaders(fields)
            if status != 304 { headers.add(name: "Content-Length", value: "\(body.utf8.count)") }
            let head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
