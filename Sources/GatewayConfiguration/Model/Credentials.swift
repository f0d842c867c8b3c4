extension Configuration {
    /// Where accounts and the credentials of machines are kept.
    package struct Credentials: Sendable, Equatable {
        /// The database.
        package var database: CredentialDatabase
        /// How many API keys are remembered after a look-up.
        package var apiKeyCacheEntryLimit = 10_000
        /// How long a look-up of an API key holds.
        package var apiKeyCacheLifetimeSeconds: Int64 = 60
    }

    /// A database of accounts.
    package enum CredentialDatabase: Sendable, Equatable {
        /// An SQLite file, by its absolute path.
        case file(String)
        /// A PostgreSQL database, which several nodes can share.
        case postgreSQL(PostgreSQL)
    }

    /// A PostgreSQL database.
    package struct PostgreSQL: Sendable, Equatable {
        /// A server, or the folder of its Unix socket.
        package struct Host: Sendable, Equatable {
            /// A host name, an address (IPv6 without brackets), or an absolute path.
            package var name: String
            /// The TCP port.
            package var port: Int
        }

        /// How a connection is protected; the words are those of libpq.
        package enum TLSMode: String, Sendable, Equatable, CaseIterable {
            /// No TLS.
            case disable
            /// TLS when the server has it, unverified.
            case prefer
            /// TLS, unverified.
            case require
            /// TLS with a certificate of a trusted authority.
            case verifyCA = "verify-ca"
            /// TLS with a certificate of a trusted authority for the server's name.
            case verifyFull = "verify-full"
        }

        /// The servers, tried in this order.
        package var hosts: [Host]
        /// The role.
        package var user: String
        /// Its password, when one is asked for.
        package var password: Secret?
        /// The name of the database.
        package var database: String
        /// How a connection is protected.
        package var tlsMode: TLSMode
        /// The PEM file of trusted authorities; `nil` means the system's.
        package var authoritiesFile: String?
        /// The PEM file of the certificate to show to the server.
        package var certificateFile: String?
        /// The PEM file of that certificate's key.
        package var privateKeyFile: String?
        /// The most connections at a time.
        package var connectionLimit: Int
        /// How long connecting may take.
        package var connectTimeoutMilliseconds: Int64
        /// How long a statement may take.
        package var statementTimeoutMilliseconds: Int64
    }
}
