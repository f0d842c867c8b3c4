/// Which PostgreSQL to use, and how.
package struct PostgreSQLSettings: Sendable {
    /// How a connection is protected; the names are those of libpq.
    package enum TLSMode: String, Sendable, Hashable, CaseIterable {
        /// No TLS.
        case disable
        /// TLS when the server has it; the server is not verified.
        case prefer
        /// TLS; the server is not verified.
        case require
        /// TLS with a certificate of a trusted authority, for whatever name.
        case verifyAuthority = "verify-ca"
        /// TLS with a certificate of a trusted authority for the server's name.
        case verifyFull = "verify-full"
    }

    /// A server: a name or an address with a port, or the folder of a Unix socket.
    package struct Host: Sendable, Hashable {
        /// The name, the address (IPv6 without brackets), or the absolute path of the folder.
        package var name: String
        /// The TCP port, which is also part of the socket's name.
        package var port: Int

        /// Names a server.
        package init(name: String, port: Int) {
            self.name = name
            self.port = port
        }
    }

    /// The servers, tried in this order until one takes writes.
    package var hosts: [Host]
    /// Who logs in.
    package var user: String
    /// The password, when one is asked for; never printed.
    package var password: HiddenText?
    /// The database.
    package var database: String
    /// How a connection is protected.
    package var tlsMode: TLSMode
    /// A PEM file with the authorities that may have signed the server's certificate.
    package var rootCertificateFile: String?
    /// The PEM files of a certificate to show to the server and of its key.
    package var clientCertificate: (certificateFile: String, keyFile: String)?
    /// The most connections at a time.
    package var connectionLimit = 4
    /// How long connecting may take, TLS and login included.
    package var connectTimeoutMilliseconds: Int64 = 2000
    /// How long a statement may take, waiting for locks included.
    package var statementTimeoutMilliseconds: Int64 = 5000

    /// Names a database; the rest has defaults.
    package init(hosts: [Host], user: String, password: String?, database: String, tlsMode: TLSMode) {
        self.hosts = hosts
        self.user = user
        self.password = password.map(HiddenText.init)
        self.database = database
        self.tlsMode = tlsMode
    }

    /// What libpq is told; empty values mean its defaults, which no variable of the environment can then change.
    var parameters: [(keyword: String, value: String)] {
        [
            ("host", hosts.map(\.name).joined(separator: ",")),
            ("port", hosts.map { String($0.port) }.joined(separator: ",")),
            ("user", user), ("password", password?.exposed ?? ""), ("dbname", database),
            ("sslmode", tlsMode.rawValue), ("sslrootcert", rootCertificateFile ?? ""),
            ("sslcert", clientCertificate?.certificateFile ?? ""), ("sslkey", clientCertificate?.keyFile ?? ""),
            ("ssl_min_protocol_version", "TLSv1.2"), ("gssencmode", "disable"),
            // With several servers, the one that is not a standby.
            ("target_session_attrs", hosts.count > 1 ? "read-write" : "any"),
            ("application_name", "portcullis"), ("client_encoding", "UTF8"),
        ]
    }
}

/// Text that must not be seen.
package struct HiddenText: Sendable, CustomStringConvertible, CustomReflectable {
    /// The text itself.
    let exposed: String

    /// Wraps a text.
    package init(_ text: String) {
        exposed = text
    }

    /// A constant, so that no log ever holds it.
    package var description: String { "<hidden>" }

    /// Hides the text from `dump` and from test failures.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
