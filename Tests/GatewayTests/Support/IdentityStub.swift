import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport

/// An identity service that answers as a test says.
final class IdentityStub: Sendable {
    /// What it says to a request.
    enum Answer: Sendable {
        case body(status: Int, String)
        case redirect(String)
        /// Nothing, ever.
        case silence
        /// A head, and then a byte now and then without end.
        case drip
    }

    let port: Int
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let record: Record

    /// Starts it on a free port; with a certificate it speaks TLS.
    init(tls: TestAuthority.Pair? = nil, _ answer: @escaping @Sendable (String) -> Answer) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        var context: NIOSSLContext?
        if let tls {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = try NIOSSLPrivateKey(file: tls.privateKey, format: .pem)
            context = try NIOSSLContext(
                configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
        }
        let record = Record()
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [context] channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(record: record, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
        self.record = record
    }

    /// The fields that came with them.
    var heads: [HTTPHeaders] { record.heads.withLock { $0 } }

    /// The bodies that were posted.
    var received: [String] { record.bodies.withLock { $0 } }

    func stop() async {
        try? await channel.close()
        try? await group.shutdownGracefully()
    }

    private final class Record: Sendable {
        let bodies = Mutex<[String]>([])
        let heads = Mutex<[HTTPHeaders]>([])
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let record: Record
        private let answer: @Sendable (String) -> Answer
        private var body = ""

        init(record: Record, answer: @escaping @Sendable (String) -> Answer) {
            self.record = record
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                body = ""
                record.heads.withLock { $0.append(head.headers) }
            case .body(let part): body += String(buffer: part)
            case .end:
                record.bodies.withLock { $0.append(body) }
                respond(context, answer(body))
            }
        }

        private func respond(_ context: ChannelHandlerContext, _ answer: Answer) {
            switch answer {
            case .silence: break
            case .body(let status, let text):
                send(context, status, ["Content-Type": "application/json", "Content-Length": "\(text.utf8.count)"])
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .redirect(let url):
                send(context, 307, ["Location": url, "Content-Length": "0"])
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .drip:
                send(context, 200, ["Content-Length": "1000"])
                context.flush()
                let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
                context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(20)) { task in
                    let (handler, context) = bound.value
                    guard context.channel.isActive else { return task.cancel() }
                    context.writeAndFlush(
                        handler.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: " ")))), promise: nil)
                }
            }
        }

        private func send(_ context: ChannelHandlerContext, _ status: Int, _ fields: HTTPHeaders) {
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: fields)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
        }
    }
}
