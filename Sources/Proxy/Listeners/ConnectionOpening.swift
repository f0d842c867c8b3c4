import Logging
import NIOCore

/// How connections of one listener begin.
struct ConnectionOpening: Sendable {
    let tls: ServerTLS?
    let expectsProxyProtocol: Bool
    /// Whether clients come through a Unix socket, and have no address.
    let isLocal: Bool
    let startHTTP2: HTTP2Start?
    let logger: Logger

    /// Puts in place what a new channel needs; called on its event loop.
    ///
    /// A connection in clear gets the handler of its requests at once, and nothing else.
    func start(_ channel: any Channel, loop: LoopContext) throws {
        let pipeline = channel.pipeline.syncOperations
        if tls == nil, !expectsProxyProtocol {
            let peer = isLocal ? localPeer(loop) : nil
            try pipeline.addHandler(ClientConnection(loop: loop, peer: peer))
        } else {
            try pipeline.addHandler(OpeningConnection(opening: self, loop: loop))
        }
    }

    /// A client that came through a Unix socket.
    func localPeer(_ loop: LoopContext) -> ClientPeer {
        let configuration = loop.configuration
        return ClientPeer(
            localTrusted: configuration.trustsLocalPeers, trusted: configuration.trustedProxies, isSecure: tls != nil)
    }

    /// Goes on with a connection that is open and counted; whoever gets it gives its place back.
    func serve(
        _ applicationProtocol: ApplicationProtocol, on channel: any Channel, loop: LoopContext, peer: ClientPeer
    ) throws {
        switch applicationProtocol {
        case .http1:
            try channel.pipeline.syncOperations.addHandler(
                ClientConnection(loop: loop, peer: peer, isCounted: true))
        case .http2:
            // It is offered only by who can serve it.
            guard let startHTTP2 else { throw ChannelError.operationUnsupported }
            try startHTTP2(channel, loop, peer)
        }
    }
}
