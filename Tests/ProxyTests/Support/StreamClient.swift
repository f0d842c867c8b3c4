import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// A client over TCP or a Unix socket, with or without TLS, that says exactly the bytes it is given.
final class StreamClient: Sendable {
    enum Failure: Error, Equatable { case deadline, ended }

    /// How a connection ended.
    enum Ending: Equatable {
        /// With TLS' closing alert, or without TLS.
        case cleanly
        /// Cut off, so that more might have been to come.
        case abruptly
    }

    struct TLS: Sendable {
        /// The authorities, as a file.
        var authorities: String
        var serverName: String? = "one.test"
        var protocols: [String] = []
        /// Certificate and key, as files.
        var certificate: (certificate: String, privateKey: String)?
        var newest: TLSVersion = .tlsv13
        var oldest: TLSVersion = .tlsv1
    }

    private struct State {
        var received: [UInt8] = []
        var handshake: Result<String?, any Error>?
        var error: (any Error)?
        var hasEnded = false
    }

    private let channel: any Channel
    private let state: NIOLockedValueBox<State>

    private init(channel: any Channel, state: NIOLockedValueBox<State>) {
        self.channel = channel
        self.state = state
    }

    /// Connects, and says something in clear before anything else.
    static func open(
        _ address: SocketAddress, preface: [UInt8] = [], tls: TLS? = nil
    ) async throws -> StreamClient {
        let state = NIOLockedValueBox(State())
        let context = try tls.map { try NIOSSLContext(configuration: configuration($0)) }
        let name = tls?.serverName
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connectTimeout(.seconds(10))
            // From the start: the connection may end at once.
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Recorder(state))
                }
            }
            .connect(to: address).get()
        try await channel.eventLoop.submit {
            if !preface.isEmpty { channel.writeAndFlush(ByteBuffer(bytes: preface), promise: nil) }
            if let context {
                try channel.pipeline.syncOperations.addHandler(
                    try NIOSSLClientHandler(context: context, serverHostname: name), position: .first)
            }
        }.get()
        return StreamClient(channel: channel, state: state)
    }

    private static func configuration(_ tls: TLS) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(tls.authorities))
        configuration.certificateVerification = .noHostnameVerification
        configuration.applicationProtocols = tls.protocols
        configuration.minimumTLSVersion = tls.oldest
        configuration.maximumTLSVersion = tls.newest
        if let pair = tls.certificate {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(pair.certificate).map {
                .certificate($0)
            }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: pair.privateKey, format: .pem))
        }
        return configuration
    }

    /// Waits for the handshake.
    ///
    /// - Returns: the protocol that ALPN came to.
    func handshake() async throws -> String? {
        try await wait { $0.handshake != nil || $0.hasEnded }
        guard let outcome = state.withLockedValue({ $0.handshake }) else {
            throw state.withLockedValue { $0.error } ?? Failure.ended
        }
        return try outcome.get()
    }

    /// The DNS names of the certificate that the server showed.
    func serverNames() async throws -> [String] {
        _ = try await handshake()
        let certificate = try await channel.nioSSL_peerCertificate().get()
        return certificate?._subjectAlternativeNames().filter { $0.nameType == .dnsName }
            .map { String(decoding: $0.contents, as: UTF8.self) } ?? []
    }

    func version() async throws -> TLSVersion? {
        _ = try await handshake()
        return try await channel.nioSSL_tlsVersion().get()
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    /// The next answer.
    func response() async throws -> RawResponse {
        var response: RawResponse?
        try await wait { state in
            if let (parsed, count) = try RawResponse.parse(state.received, isHead: false, atEnd: state.hasEnded) {
                state.received.removeFirst(count)
                response = parsed
                return true
            }
            guard state.hasEnded else { return false }
            throw Failure.ended
        }
        guard let response else { throw Failure.ended }
        return response
    }

    func ask(_ request: String) async throws -> RawResponse {
        send(request)
        return try await response()
    }

    /// Waits for the end.
    func ending() async throws -> Ending {
        try await wait { $0.hasEnded }
        return state.withLockedValue { $0.error == nil ? .cleanly : .abruptly }
    }

    /// What went wrong first, for the report of a failure.
    var errorText: String { state.withLockedValue { "\($0.error.map { "\($0)" } ?? "nothing wrong")" } }

    /// Everything that has come and was not read as an answer.
    var received: [UInt8] { state.withLockedValue { $0.received } }

    /// Closes; with TLS, after its closing alert.
    func close() { channel.close(promise: nil) }

    /// Ends the sending side; with TLS, after its closing alert.
    func finishSending() { channel.close(mode: .output, promise: nil) }

    /// Ends the sending side of TCP, whatever TLS would say before.
    func finishSendingBelowTLS() async throws {
        try await channel.eventLoop.submit { [channel] in
            try channel.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self)
                .close(mode: .output, promise: nil)
        }.get()
    }

    private func wait(_ condition: (inout State) throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while try !state.withLockedValue(condition) {
            guard ContinuousClock.now < end else { throw Failure.deadline }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private final class Recorder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let state: NIOLockedValueBox<State>

        init(_ state: NIOLockedValueBox<State>) {
            self.state = state
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(unwrapInboundIn(data).readableBytesView)
            state.withLockedValue { $0.received += bytes }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case TLSUserEvent.handshakeCompleted(let name) = event {
                state.withLockedValue { $0.handshake = .success(name) }
            }
            if case ChannelEvent.inputClosed = event { state.withLockedValue { $0.hasEnded = true } }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            state.withLockedValue { if $0.error == nil { $0.error = error } }
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            state.withLockedValue { $0.hasEnded = true }
        }
    }
}
