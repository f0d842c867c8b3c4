import NIOCore
import NIOPosix
import NIOTLS

/// Opens connections to one address of a target: over TCP or a Unix socket, and through TLS where the target wants it.
struct UpstreamConnector {
    /// Why there is no connection.
    struct Failure: Error {
        enum Kind { case timedOut, refused, untrusted }

        let kind: Kind
        /// For the operator: what TLS says; nothing that a client sent is in it.
        let detail: String?

        init(_ error: any Error) {
            if let failure = error as? Failure {
                self = failure
                return
            }
            switch error {
            case ChannelError.connectTimeout:
                kind = .timedOut
                detail = nil
            default:
                detail = TLSFault.text(of: error)
                kind = detail == nil ? .refused : .untrusted
            }
        }

        init(_ kind: Kind) {
            self.kind = kind
            detail = nil
        }

        var reason: StaticString {
            switch kind {
            case .timedOut: "connecting took too long"
            case .refused: "no connection could be made"
            case .untrusted: "TLS could not be agreed on"
            }
        }
    }

    let target: Upstream.Target
    let address: SocketAddress
    let tls: UpstreamTLS?

    /// Opens a connection.
    ///
    /// - Parameters:
    ///   - handler: what works on it, added before it opens.
    ///   - eventLoop: the loop it lives on, which is the current one.
    ///   - deadline: when to give up.
    /// - Returns: the channel once it can be used, TLS agreed on.
    func connect<Handler: ChannelInboundHandler>(
        with handler: Handler, on eventLoop: any EventLoop, deadline: NIODeadline
    ) -> EventLoopFuture<any Channel> {
        let bound = NIOLoopBound(handler, eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop).connectTimeout(max(deadline - .now(), .milliseconds(1)))
            .channelOption(.writeBufferWaterMark, value: ProxyConfiguration.writeBufferWaterMark)
            .channelOption(.recvAllocator, value: ReceiveAllocator())
            .channelOption(.maxMessagesPerRead, value: 1)
        guard target.usesTLS else {
            return bootstrap.channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    channel.limitUnsentBytes()
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }.connect(to: address)
        }
        guard let tls else { return eventLoop.makeFailedFuture(Failure(.untrusted)) }
        let agreed = eventLoop.makePromise(of: Void.self)
        let target = target
        let opened = bootstrap.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                channel.limitUnsentBytes()
                let pipeline = channel.pipeline.syncOperations
                try tls.addHandlers(to: pipeline, for: target)
                try pipeline.addHandler(HandshakeWaiter(agreed))
                try pipeline.addHandler(bound.value)
            }
        }.connect(to: address)
        let timer = eventLoop.scheduleTask(deadline: deadline) { agreed.fail(Failure(.timedOut)) }
        opened.whenFailure { agreed.fail($0) }
        agreed.futureResult.whenComplete { _ in timer.cancel() }
        return opened.flatMap { channel in
            agreed.futureResult.map { channel }.flatMapErrorThrowing { error in
                channel.close(promise: nil)
                throw error
            }
        }
    }
}

/// Tells once whether TLS was agreed on, and goes.
private final class HandshakeWaiter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private var promise: EventLoopPromise<Void>?

    init(_ promise: EventLoopPromise<Void>) {
        self.promise = promise
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSUserEvent, case .handshakeCompleted(let chosen) = event {
            // A target that insists on another protocol is not spoken to in this one.
            if let chosen, chosen != "http/1.1" {
                finish(.failure(UpstreamConnector.Failure(.untrusted)))
                context.close(promise: nil)
            } else {
                finish(.success(()))
                context.pipeline.syncOperations.removeHandler(self, promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failure(error))
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failure(UpstreamConnector.Failure(.refused)))
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish(.failure(UpstreamConnector.Failure(.refused)))
    }

    private func finish(_ result: Result<Void, any Error>) {
        promise?.completeWith(result)
        promise = nil
    }
}
