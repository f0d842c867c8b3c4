import HTTP1
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A backend under the test's control: records every byte it gets and answers as the script says.
final class Backend: Sendable {
    /// One request as it came, framing removed from the body.
    struct Request: Sendable {
        var head: String
        var body: [UInt8]
        /// The trailer lines, as they came.
        var trailers: [UInt8] = []
        /// The connection's number, counted from 0.
        var connection: Int
        /// How many requests came on that connection before.
        var index: Int

        var startLine: String { String(head.split(separator: "\r\n").first ?? "") }

        func all(_ name: String) -> [String] {
            head.split(separator: "\r\n").dropFirst().compactMap { line in
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { return nil }
                return String(parts[1].drop { $0 == " " })
            }
        }
    }

    /// What a script answers through.
    struct Responder: Sendable {
        let channel: any Channel

        func send(_ text: String) { send(Array(text.utf8)) }
        func send(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }
        func close() { channel.close(promise: nil) }
        /// Closes with a reset.
        func reset() {
            guard let provider = channel as? any SocketOptionProvider else { return }
            provider.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
        }
        func answer(_ body: String = "ok", fields: String = "") {
            send("HTTP/1.1 200 OK\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
    }

    struct State {
        var requests: [Request] = []
        var heads = 0
        var received: [[UInt8]] = []
        var responders: [Responder] = []
        var closed: Set<Int> = []
        /// Connections that have left HTTP: what they get is only recorded.
        var tunnels: Set<Int> = []
        /// Connections whose other side has ended its sending.
        var halfClosed: Set<Int> = []
        var violations: [String] = []
        var bodyByteCount = 0
        var keepsBytes = true
        var onHead: @Sendable (Request, Responder) -> Void = { _, _ in }
        var onRequest: @Sendable (Request, Responder) -> Void = { _, responder in responder.answer() }
        /// Gets what comes on connections that have left HTTP.
        var onTunnelBytes: @Sendable ([UInt8], Responder) -> Void = { _, _ in }
        var onConnect: @Sendable (Responder) -> Void = { _ in }
    }

    private let box = NIOLockedValueBox(State())
    private let channel = NIOLockedValueBox<(any Channel)?>(nil)

    var state: State { box.withLockedValue { $0 } }
    var requests: [Request] { box.withLockedValue { $0.requests } }
    var port: Int { channel.withLockedValue { $0?.localAddress?.port ?? 0 } }
    var connectionCount: Int { box.withLockedValue { $0.received.count } }

    func update(_ change: (inout State) -> Void) { box.withLockedValue { change(&$0) } }
    func onHead(_ script: @escaping @Sendable (Request, Responder) -> Void) { update { $0.onHead = script } }
    func onRequest(_ script: @escaping @Sendable (Request, Responder) -> Void) { update { $0.onRequest = script } }

    /// Everything that came on a connection so far, as text.
    func text(_ connection: Int) -> String {
        box.withLockedValue { state in
            guard state.received.indices.contains(connection) else { return "" }
            return String(decoding: state.received[connection], as: UTF8.self)
        }
    }

    /// Forgets what was recorded, but not the connections' numbers.
    func forget() {
        update {
            $0.requests = []
            $0.heads = 0
            $0.violations = []
        }
    }

    func start(group: any EventLoopGroup, host: String = "127.0.0.1") async throws {
        let bound = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [self] channel in
                let number = box.withLockedValue { state in
                    state.received.append([])
                    state.responders.append(Responder(channel: channel))
                    return state.received.count - 1
                }
                return channel.pipeline.addHandler(BackendHandler(backend: self, number: number))
            }.bind(host: host, port: 0).get()
        channel.withLockedValue { $0 = bound }
    }

    func stop() async {
        try? await channel.withLockedValue { $0 }?.close()
        for responder in state.responders { try? await responder.channel.close() }
    }
}

/// Reads requests on one connection of the backend.
private final class BackendHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private struct Progress {
        var input = ByteBuffer()
        var parser = RequestHeadParser(
            limits: HeadLimits(startLineBytes: 1 << 20, headerBytes: 1 << 20, fieldCount: 4096))
        var decoder: BodyDecoder?
        var request = Backend.Request(head: "", body: [], connection: 0, index: 0)
        var index = 0
    }

    private let backend: Backend
    private let number: Int
    private let progress = NIOLockedValueBox(Progress())

    init(backend: Backend, number: Int) {
        self.backend = backend
        self.number = number
    }

    func channelActive(context: ChannelHandlerContext) {
        backend.state.onConnect(Backend.Responder(channel: context.channel))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        backend.update { if $0.keepsBytes { $0.received[number] += Array(bytes.readableBytesView) } }
        if backend.state.tunnels.contains(number) {
            let responder = Backend.Responder(channel: context.channel)
            backend.state.onTunnelBytes(Array(bytes.readableBytesView), responder)
            return
        }
        progress.withLockedValue { _ = $0.input.writeBuffer(&bytes) }
        let responder = Backend.Responder(channel: context.channel)
        do {
            while try step(responder) {}
        } catch {
            backend.update { $0.violations.append("\(error)") }
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else { return }
        backend.update { _ = $0.halfClosed.insert(number) }
        if !backend.state.tunnels.contains(number) { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        backend.update { _ = $0.closed.insert(number) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private enum Step { case waiting, goOn, head(Backend.Request), complete(Backend.Request) }

    private func step(_ responder: Backend.Responder) throws -> Bool {
        let outcome = try progress.withLockedValue { progress throws -> Step in
            if var decoder = progress.decoder { return try body(&decoder, &progress) }
            guard progress.input.readableBytes > 0 else { return .waiting }
            let parsed = try progress.input.withUnsafeReadableBytes { try progress.parser.parse($0) }
            guard parsed == .complete else { return .waiting }
            let head = progress.input.readBytes(length: progress.parser.head.byteCount) ?? []
            progress.request = Backend.Request(
                head: String(decoding: head.dropLast(4), as: UTF8.self), body: [], connection: number,
                index: progress.index)
            progress.decoder = BodyDecoder(progress.parser.head.framing)
            return .head(progress.request)
        }
        switch outcome {
        case .waiting: return false
        case .goOn: return true
        case .head(let request):
            backend.update { $0.heads += 1 }
            backend.state.onHead(request, responder)
        case .complete(let request):
            backend.update { $0.requests.append(request) }
            backend.state.onRequest(request, responder)
        }
        return true
    }

    private func body(_ decoder: inout BodyDecoder, _ progress: inout Progress) throws -> Step {
        if decoder.hasEnded {
            progress.decoder = nil
            progress.parser.reset()
            progress.index += 1
            return .complete(progress.request)
        }
        let event = try progress.input.withUnsafeReadableBytes { try decoder.next($0) }
        progress.decoder = decoder
        switch event {
        case .needMore:
            progress.input = ByteBuffer()
            return .waiting
        case .end(let consumed):
            progress.input.moveReaderIndex(forwardBy: consumed)
        case .trailers(let skipping, let count):
            progress.input.moveReaderIndex(forwardBy: skipping)
            progress.request.trailers += progress.input.readBytes(length: count) ?? []
        case .data(let skipping, let count):
            progress.input.moveReaderIndex(forwardBy: skipping)
            let part = progress.input.readBytes(length: count) ?? []
            backend.update { $0.bodyByteCount += count }
            if backend.state.keepsBytes { progress.request.body += part }
        }
        return .goOn
    }
}
