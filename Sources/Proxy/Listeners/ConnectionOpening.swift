import Logging
import NIOCore

/// How connections of one listener begin.
struct ConnectionOpening: Sendable {
    /// The listener's place among all.
    let listener: Int
    let tls: ServerTLS?
    let expectsProxyProtocol: Bool
    /// Whether clients come through a Unix socket, and have no address.
    let isLocal: Bool
    let logger: Logger

    /// Puts in place what a new channel needs; called on its event loop.
    ///
    /// A connection in clear gets the handler of its requests at once, and nothing else.
    func start(_ channel: any Channel, loop: LoopContext) throws {
        let pipeline = channel.pipeline.syncOperations
        if tls == nil, !expectsProxyProtocol {
            let peer = isLocal ? localPeer(loop) : nil
            let transport = ClientTransport(peer: peer, listener: listener, acceptsPreface: true)
            try pipeline.addHandler(ClientConnection(loop: loop, transport: transport))
        } else {
            try pipeline.addHandler(OpeningConnection(opening: self, loop: loop))
        }
    }

    /// A client that came through a Unix socket.
    func localPeer(_ loop: LoopContext) -> ClientPeer {
        let configuration = loop.serving.configuration
        return ClientPeer(
            localTrusted: configuration.trustsLocalPeers, trusted: configuration.trustedProxies, isSecure: tls != nil)
    }

    /// Goes on with a connection that is open and has a place among the others, which passes to whoever serves it.
    func serve(
        _ applicationProtocol: ApplicationProtocol, on channel: any Channel, loop: LoopContext, peer: ClientPeer,
        place: ConnectionPlace
    ) throws {
        switch applicationProtocol {
        case .http1:
            let transport = ClientTransport(peer: peer, place: place, acceptsPreface: tls == nil)
            try channel.pipeline.syncOperations.addHandler(ClientConnection(loop: loop, transport: transport))
        case .http2:
            try HTTP2Pipeline.configure(channel, loop: loop, peer: peer, place: place)
        }
    }
}
