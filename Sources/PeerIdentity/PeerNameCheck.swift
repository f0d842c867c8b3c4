import LibCrypto
package import NIOCore
import NIOSSL
import NIOTLS

/// Stands behind the handler of a TLS client, and ends a connection whose peer has no certificate for the name that was
/// meant.
///
/// That handler itself is content with a certificate for the *address* it has connected to, even where a name was meant.
/// Whoever can turn the name to an address of their own, in DNS, would need no more than a certificate for that address.
package final class PeerNameCheck: ChannelInboundHandler, RemovableChannelHandler {
    /// What arrives here is passed on unread.
    package typealias InboundIn = ByteBuffer

    private let name: String

    /// - Parameter name: the host that was meant.
    package init(name: String) {
        self.name = name
    }

    /// Says whether a certificate is for a host.
    ///
    /// - Parameters:
    ///   - certificate: what the peer has shown; `nil` is for nobody.
    ///   - name: the host that was meant.
    /// - Returns: whether it is for that name.
    static func isFor(_ certificate: NIOSSLCertificate?, _ name: String) -> Bool {
        guard let bytes = try? certificate?.toDERBytes() else { return false }
        return CertificateName.covers(bytes, name)
    }

    /// Lets the end of the handshake be known only when the name is right.
    ///
    /// What was written before it is sent after it, so that nothing leaves for a peer of another name.
    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted? = event as? TLSUserEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        let certificate = try? context.channel.pipeline.syncOperations.nioSSL_peerCertificate()
        guard Self.isFor(certificate, name) else {
            context.fireErrorCaught(PeerNameMismatch())
            context.close(promise: nil)
            return
        }
        context.fireUserInboundEventTriggered(event)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
