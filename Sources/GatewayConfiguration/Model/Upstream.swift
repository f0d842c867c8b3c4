extension Configuration {
    /// A service that requests are forwarded to.
    package struct Upstream: Sendable, Equatable {
        /// What routes and metrics call it: 1 to 64 letters, digits, `-` and `_`.
        package var name: String
        /// Its processes; never empty, no two at the same address.
        package var targets: [Target]
        /// How a target is chosen.
        package var balance: Balance
        /// How targets with `https` are spoken to; `nil` for whom the system trusts and no certificate of one's own.
        package var tls: UpstreamTLS?
        /// How long connecting may take, TLS included.
        package var connectTimeoutMilliseconds: Int64
        /// How long the head of a response may take.
        package var responseTimeoutMilliseconds: Int64
        /// How many idle connections each event loop keeps, over all targets.
        package var idleConnectionLimit: Int
        /// How long an idle connection is kept.
        package var idleTimeoutMilliseconds: Int64
        /// How many connections there may be to one address; 0 for no limit.
        package var connectionLimit: Int
        /// How many requests may wait for a connection.
        package var queueLimit: Int
        /// How long they may wait.
        package var queueTimeoutMilliseconds: Int64
        /// How often a request may be sent again.
        package var retries: Int
        /// After how many failures in a row an address is left out for a while; 0 for never.
        package var ejectAfter: Int
        /// How long it is left out the first time.
        package var ejectTimeMilliseconds: Int64
        /// How often names of targets are resolved.
        package var resolveIntervalMilliseconds: Int64
        /// How targets are checked; `nil` for not at all.
        package var health: HealthCheck?
    }

    /// One process of an upstream.
    package struct Target: Sendable, Equatable, Hashable {
        /// Where it listens.
        package enum Address: Sendable, Hashable {
            /// A host name, an IPv4 address, or an IPv6 address without brackets, and the TCP port.
            case network(host: String, port: Int)
            /// The absolute path of a Unix domain socket.
            case socket(path: String)
        }

        /// Where it listens.
        package var address: Address
        /// Whether it is spoken to over TLS.
        package var usesTLS = false
        /// Its share compared to the others.
        package var weight = 1
    }

    /// How a target is chosen.
    package enum Balance: String, Sendable, Equatable {
        /// One after the other.
        case roundRobin = "round_robin"
        /// The less busy of two drawn by lot.
        case leastRequests = "least_requests"
    }

    /// How the targets of an upstream are spoken to over TLS.
    package struct UpstreamTLS: Sendable, Equatable {
        /// The absolute path of the certificates to trust, PEM; `nil` for those that the system trusts.
        package var trustedCertificatesFile: String?
        /// The absolute path of the gateway's own certificate chain, PEM; there just when there is a key.
        package var certificateFile: String?
        /// The absolute path of its private key, PEM.
        package var privateKeyFile: String?
        /// The name to ask for and to find in the certificate; `nil` for the target's own.
        package var serverName: String?

        /// Makes settings; without any, whom the system trusts is trusted, and nothing shown.
        package init(
            trustedCertificatesFile: String? = nil, certificateFile: String? = nil, privateKeyFile: String? = nil,
            serverName: String? = nil
        ) {
            self.trustedCertificatesFile = trustedCertificatesFile
            self.certificateFile = certificateFile
            self.privateKeyFile = privateKeyFile
            self.serverName = serverName
        }
    }

    /// How to find out whether a target can do its work.
    package struct HealthCheck: Sendable, Equatable {
        /// What is asked for.
        package var path: String
        /// The pause between two checks.
        package var intervalMilliseconds: Int64
        /// How long one may take.
        package var timeoutMilliseconds: Int64
        /// How many failures in a row make a target unhealthy.
        package var unhealthyAfter: Int
        /// How many successes in a row make it healthy again.
        package var healthyAfter: Int
    }
}

extension Configuration.Target {
    /// A target reached over plain TCP.
    package init(host: String, port: Int) {
        self.init(address: .network(host: host, port: port))
    }
}
