extension Configuration {
    /// Where the gateway listens.
    package struct Listeners: Sendable, Equatable {
        /// The address of the listener that clients use.
        package var publicAddress: ListenAddress
        /// The address of the listener for health, metrics and administration.
        package var adminAddress: ListenAddress
        /// What `/admin/*` asks for; `nil` means that nobody may use `/admin/*`.
        package var adminToken: Secret?
    }

    /// An address to listen on.
    package struct ListenAddress: Sendable, Equatable {
        /// A host name, an IPv4 address, or an IPv6 address without brackets.
        package var host: String
        /// The TCP port; 0 lets the system choose.
        package var port: Int
    }
}
