/// One address that clients connect to, and how connections to it begin.
package struct Listener: Sendable {
    /// Where a listener accepts connections.
    package enum Address: Sendable, Equatable {
        /// A TCP port. `::` takes IPv6 only, whatever the system's default is; port 0 lets the system choose.
        case tcp(host: String, port: Int)
        /// A Unix socket: its path, and the permissions of its file.
        case unix(path: String, mode: UInt32)
    }

    /// Where it accepts connections.
    package var address: Address
    /// Whether another gateway may listen at the same TCP port, so that one can take over from the other.
    package var sharesPort: Bool
    /// Its certificates; `nil` for connections in clear.
    package var tls: ServerTLS?
    /// Whether each connection begins with a PROXY protocol header, which trusted proxies alone may send.
    package var expectsProxyProtocol: Bool

    /// Describes a listener.
    package init(
        address: Address, sharesPort: Bool = false, tls: ServerTLS? = nil, expectsProxyProtocol: Bool = false
    ) {
        self.address = address
        self.sharesPort = sharesPort
        self.tls = tls
        self.expectsProxyProtocol = expectsProxyProtocol
    }
}
