import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// A connection before its first request: reads the PROXY header, then waits for the TLS handshake, then makes room.
///
/// It has a place among the connections from its first moment, and one deadline for all of this.
final class OpeningConnection: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private enum Phase {
        case waiting
        /// What has come is, so far, the beginning of a header.
        case readingHeader(ByteBuffer)
        case handshaking(NIOSSLServerHandler)
        /// Others have the connection now, or nobody.
        case over
    }

    private let opening: ConnectionOpening
    private let loop: LoopContext
    private var phase = Phase.waiting
    private var peer = ClientPeer(nil, trusted: [])
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    /// Its place among the connections, while it is this handler's to give up.
    private var place: ConnectionPlace?

    init(opening: ConnectionOpening, loop: LoopContext) {
        self.opening = opening
        self.loop = loop
    }

    // MARK: - From the channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leave()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .readingHeader(var received) = phase else {
            context.fireChannelRead(data)
            return
        }
        phase = .over
        var part = unwrapInboundIn(data)
        received.writeBuffer(&part)
        readHeader(received, context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let name):
            guard let applicationProtocol = ApplicationProtocol(negotiated: name) else {
                cut("no protocol in common")
                return
            }
            serve(applicationProtocol, context)
        case ChannelEvent.inputClosed:
            if case .readingHeader = phase { cut("closed within the PROXY header") }
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        cut("handshake failed", error)
    }

    // MARK: - Steps

    private func begin(_ context: ChannelHandlerContext) {
        guard case .waiting = phase else { return }
        phase = .over
        let configuration = loop.serving.configuration
        peer = connectingPeer(context.channel)
        // Who may not say whom a connection is from is not listened to at all.
        guard !opening.expectsProxyProtocol || peer.isTrusted else {
            cut("not a trusted proxy")
            return
        }
        place = ConnectionPlace(at: opening.listener, on: loop)
        guard place != nil else {
            cut("too many connections")
            return
        }
        loop.add(self)
        let limit = TimeAmount.milliseconds(configuration.limits.headerTimeoutMilliseconds)
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { [weak self] in self?.cut("too slow") }
        if opening.expectsProxyProtocol {
            phase = .readingHeader(ByteBuffer())
        } else {
            goOn(context)
        }
    }

    private func readHeader(_ received: ByteBuffer, _ context: ChannelHandlerContext) {
        switch received.withUnsafeReadableBytes(ProxyProtocolHeader.read) {
        case .needMore:
            phase = .readingHeader(received)
        case .malformed:
            cut("no PROXY header")
        case .header(let header):
            switch header.source {
            case .connection: break
            case .client(let address): peer = announcedPeer(address)
            case .local: peer = ClientPeer(anonymousOver: opening.tls != nil)
            }
            var rest = received
            rest.moveReaderIndex(forwardBy: header.byteCount)
            let pipeline = context.pipeline.syncOperations
            goOn(context)
            // From the front: who was put in place just now is to have it.
            if rest.readableBytes > 0 { pipeline.fireChannelRead(NIOAny(rest)) }
        }
    }

    /// Knows the client, and so whether its address may have one more connection.
    private func goOn(_ context: ChannelHandlerContext) {
        guard place?.take(for: peer, on: loop) == true else {
            cut("too many connections from one address")
            return
        }
        if opening.tls == nil { serve(.http1, context) } else { beginHandshake(context) }
    }

    private func beginHandshake(_ context: ChannelHandlerContext) {
        guard let tls = opening.tls else { return }
        let handler = NIOSSLServerHandler(context: tls.context)
        phase = .handshaking(handler)
        do {
            try context.pipeline.syncOperations.addHandler(handler, position: .before(self))
        } catch {
            cut("handshake failed", error)
        }
    }

    /// Hands the connection over.
    private func serve(_ applicationProtocol: ApplicationProtocol, _ context: ChannelHandlerContext) {
        guard let place else { return }
        // Whoever serves it has it from here on.
        self.place = nil
        leave()
        do {
            try opening.serve(applicationProtocol, on: context.channel, loop: loop, peer: peer, place: place)
        } catch {
            place.giveUp(on: loop)
            context.close(promise: nil)
            return
        }
        // What comes from here on passes this handler, which is not there any more.
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    // MARK: - Who it is

    private func connectingPeer(_ channel: any Channel) -> ClientPeer {
        if opening.isLocal { return opening.localPeer(loop) }
        return ClientPeer(
            channel.remoteAddress, trusted: loop.serving.configuration.trustedProxies, isSecure: opening.tls != nil)
    }

    /// The client whom a trusted proxy announced: from here on the peer, trusted by its own address and no other.
    private func announcedPeer(_ address: SocketAddress) -> ClientPeer {
        ClientPeer(address, trusted: loop.serving.configuration.trustedProxies, isSecure: opening.tls != nil)
    }

    // MARK: - Ending

    private func leave() {
        timer?.cancel()
        timer = nil
        phase = .over
        loop.remove(self)
        place?.giveUp(on: loop)
        place = nil
    }

    /// Closes at once; a handshake in its midst gets no goodbye.
    func cut(_ reason: StaticString, _ error: (any Error)? = nil) {
        guard let context else { return }
        let previous = phase
        leave()
        opening.logger.debug(
            "connection was closed before its first request",
            metadata: ["reason": "\(reason)", "error": "\(error.map { "\($0)" } ?? "")", "address": "\(peer.address)"])
        if case .handshaking(let handler) = previous,
            let below = try? context.pipeline.syncOperations.context(handler: handler)
        {
            below.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }
}
