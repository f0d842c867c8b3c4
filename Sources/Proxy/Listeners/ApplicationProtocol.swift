import NIOCore

/// What is spoken on a connection once it is open.
enum ApplicationProtocol: String {
    case http1 = "http/1.1"
    case http2 = "h2"

    /// Reads what ALPN (RFC 7301) came to; a client that names nothing speaks HTTP/1.1.
    init?(negotiated name: String?) {
        guard let name else {
            self = .http1
            return
        }
        self.init(rawValue: name)
    }
}

/// Sets up an HTTP/2 connection on a channel whose handshake is over; called on the channel's event loop.
///
/// The connection is counted already; its place is to be given back when the channel is closed.
typealias HTTP2Start = @Sendable (_ channel: any Channel, _ loop: LoopContext, _ peer: ClientPeer) throws -> Void

/// Where HTTP/2 joins.
enum HTTP2Support {
    /// What serves it; `nil` while nothing does, and then it is not offered.
    static let start: HTTP2Start? = nil
}
