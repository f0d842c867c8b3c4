import HTTP1
import NIOCore

/// Who is at the other end of a client connection, with the header lines that say so to upstreams.
///
/// A class, so that handing it on copies nothing.
final class ClientPeer {
    /// The address without a port.
    let address: String
    /// Whether the peer's own `X-Forwarded-*` fields are believed.
    let isTrusted: Bool
    /// `X-Forwarded-For` and `X-Forwarded-Proto`, complete.
    let forwardedLines: [UInt8]

    init(_ address: SocketAddress?, trusted: [NetworkRange]) {
        let text = address?.ipAddress ?? "unix"
        self.address = text
        isTrusted = address.map { peer in trusted.contains { $0.contains(peer) } } ?? false
        forwardedLines = Array("X-Forwarded-For: \(text)\r\nX-Forwarded-Proto: http\r\n".utf8)
    }
}
