extension Configuration {
    /// Where the gateway listens.
    package struct Listeners: Sendable, Equatable {
        /// The listeners that clients use, at least one.
        package var publicListeners: [PublicListener]
        /// The address of the listener for health, metrics and administration.
        package var adminAddress: ListenAddress
        /// What `/admin/*` asks for; `nil` means that nobody may use `/admin/*`.
        package var adminToken: Secret?
    }

    /// A listener that clients use.
    package struct PublicListener: Sendable, Equatable {
        /// Which setting it is, such as `listeners.public[1]`, for advice.
        package var keyPath: String
        /// Where clients connect.
        package var address: PublicAddress
        /// Whether another gateway may listen at the same TCP port, so that one can take over from the other.
        package var reusesPort: Bool
        /// Its certificates; `nil` means that nothing is encrypted.
        package var tls: ListenerTLS?
        /// Whether each connection begins with a PROXY protocol header, which trusted proxies alone may send.
        package var expectsProxyProtocol: Bool
    }

    /// An address for clients to connect to.
    package enum PublicAddress: Sendable, Equatable {
        /// A TCP port.
        case tcp(ListenAddress)
        /// A Unix socket: its path, and the permissions of its file.
        case unix(path: String, mode: UInt32)
    }

    /// An address to listen on.
    package struct ListenAddress: Sendable, Equatable {
        /// A host name, an IPv4 address, or an IPv6 address without brackets.
        package var host: String
        /// The TCP port; 0 lets the system choose.
        package var port: Int
    }
}
