package import NIOCore
import NIOSSL
import Synchronization

/// Whose certificate the connections of an HTTP client must show; see ``PeerNameCheck``.
///
/// For clients that offer no place for a handler, but ask before they use a connection.
package final class ExpectedPeer: Sendable {
    /// Who is called.
    package enum Host: Sendable, Equatable {
        /// A host by its name, over TLS.
        case name(String)
        /// A host by its address, over TLS: its certificate has been compared with that.
        case address
        /// A host without TLS.
        case plain
    }

    private let host: Mutex<Host>

    /// - Parameter host: who is called.
    package init(_ host: Host = .plain) {
        self.host = Mutex(host)
    }

    /// Another host is called from now on; connections that are still being made to the one before are held against this.
    ///
    /// - Parameter host: who is called.
    package func expect(_ host: Host) {
        self.host.withLock { $0 = host }
    }

    /// Looks at a connection that has been made.
    ///
    /// - Parameter channel: its channel, TLS agreed on.
    /// - Returns: fails with ``PeerNameMismatch`` when the connection must not be used; it is closed by then. AsyncHTTPClient
    ///   takes a close after the failure for one of a connection that it knows nothing of, and ends the process.
    package func check(_ channel: any Channel) -> EventLoopFuture<Void> {
        let host = host.withLock { $0 }
        let usesTLS = channel.pipeline.containsHandler(type: NIOSSLClientHandler.self)
            .map { true }
            .recover { _ in false }
        return usesTLS.flatMap { usesTLS in
            switch host {
            case .plain: usesTLS ? Self.refuse(channel) : channel.eventLoop.makeSucceededVoidFuture()
            case .address: usesTLS ? channel.eventLoop.makeSucceededVoidFuture() : Self.refuse(channel)
            case .name(let name):
                channel.nioSSL_peerCertificate().recover { _ in nil }.flatMap { certificate in
                    PeerNameCheck.isFor(certificate, name)
                        ? channel.eventLoop.makeSucceededVoidFuture() : Self.refuse(channel)
                }
            }
        }
    }

    private static func refuse(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.close(promise: nil)
        return channel.closeFuture.flatMapThrowing { throw PeerNameMismatch() }
    }
}
