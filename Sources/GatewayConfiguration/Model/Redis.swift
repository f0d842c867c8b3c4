extension Configuration {
    /// The shared store.
    package struct Redis: Sendable, Equatable {
        /// Where a server listens.
        package struct Server: Sendable, Hashable {
            /// A host name, an IPv4 address, or an IPv6 address without brackets.
            package var host: String
            /// The TCP port.
            package var port: Int
        }

        /// Which servers there are.
        package enum Topology: Sendable, Equatable {
            /// One, reached over TCP.
            case standalone(Server)
            /// One, reached by a Unix domain socket.
            case unixSocket(path: String)
            /// A primary that these sentinels know by a name.
            case sentinel([Server], primaryName: String)
            /// A cluster with these nodes, and others that they name.
            case cluster([Server])
        }

        /// Who one is.
        package struct Login: Sendable, Equatable {
            /// The ACL user; `nil` means the default user.
            package var user: String?
            /// The password.
            package var password: Secret
        }

        /// How connections are encrypted.
        package struct TLS: Sendable, Equatable {
            /// The absolute path of the certificates to trust, PEM; `nil` for those that the system trusts.
            package var trustedCertificatesFile: String?
            /// The absolute path of the gateway's own certificate chain, PEM; there just when there is a key.
            package var certificateFile: String?
            /// The absolute path of its private key, PEM.
            package var privateKeyFile: String?
            /// The name to ask for and to find in the certificate; `nil` for the server's own.
            package var serverName: String?
        }

        /// Which servers there are.
        package var topology: Topology
        /// Who one is to the servers, when they ask.
        package var login: Login?
        /// Who one is to the sentinels, when they ask.
        package var sentinelLogin: Login?
        /// How connections are encrypted; `nil` for not at all.
        package var tls: TLS?
        /// The number of the database.
        package var database: Int
        /// What the name of every key begins with.
        package var keyPrefix: String
        /// How long connecting may take.
        package var connectTimeoutMilliseconds: Int64
        /// How long one command may take.
        package var commandTimeoutMilliseconds: Int64
    }
}
