/// A service behind the gateway: its targets, how one is chosen, and how long to wait for it.
///
/// Limits here are those of one event loop; whoever makes the value shares out what the operator wrote for the process.
package struct Upstream: Sendable, Equatable {
    /// One process of the service, as configured; a name may stand for several addresses.
    package struct Target: Sendable, Equatable {
        /// Where it listens.
        package enum Address: Sendable, Hashable {
            /// A name or an IP address, without brackets, and a TCP port.
            case network(host: String, port: Int)
            /// A Unix domain socket.
            case socket(path: String)
        }

        /// Where it listens.
        package var address: Address
        /// Whether it is spoken to over TLS.
        package var usesTLS: Bool
        /// Its share compared to the others, at least 1; each address of a name has it.
        package var weight: Int

        /// Makes a target that is reached over TCP.
        package init(host: String, port: Int, usesTLS: Bool = false, weight: Int = 1) {
            address = .network(host: host, port: port)
            self.usesTLS = usesTLS
            self.weight = max(weight, 1)
        }

        /// Makes a target that is reached over a Unix domain socket.
        package init(socketPath: String, weight: Int = 1) {
            address = .socket(path: socketPath)
            usesTLS = false
            self.weight = max(weight, 1)
        }

        /// What logs, metrics and readiness call it: `host:port` or `unix:/path`.
        package var name: String {
            switch address {
            case .network(let host, let port): "\(Self.bracketed(host)):\(port)"
            case .socket(let path): "unix:\(path)"
            }
        }

        /// The `Host` of a request whose client named none (RFC 9110 section 7.2).
        package var authority: String {
            switch address {
            case .network(let host, let port):
                port == (usesTLS ? 443 : 80) ? Self.bracketed(host) : "\(Self.bracketed(host)):\(port)"
            case .socket: "localhost"
            }
        }

        private static func bracketed(_ host: String) -> String {
            host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        }
    }

    /// How an address is chosen.
    package enum Balance: Sendable {
        /// One after the other.
        case roundRobin
        /// The less busy of two drawn by lot.
        case leastRequests
    }

    /// How to find out whether a target can do its work.
    package struct HealthCheck: Sendable, Equatable {
        /// What is asked for with `GET`.
        package var path: String
        /// The pause between two probes.
        package var intervalMilliseconds: Int64
        /// How long a probe may take, connecting included.
        package var timeoutMilliseconds: Int64
        /// How many failures in a row make a healthy target unhealthy.
        package var unhealthyAfter: Int
        /// How many successes in a row make an unhealthy target healthy.
        package var healthyAfter: Int

        /// Makes a health check.
        package init(
            path: String, intervalMilliseconds: Int64 = 5_000, timeoutMilliseconds: Int64 = 1_000,
            unhealthyAfter: Int = 3, healthyAfter: Int = 2
        ) {
            self.path = path
            self.intervalMilliseconds = intervalMilliseconds
            self.timeoutMilliseconds = timeoutMilliseconds
            self.unhealthyAfter = unhealthyAfter
            self.healthyAfter = healthyAfter
        }
    }

    /// Its name in the configuration.
    package var name: String
    /// Its targets, at least one.
    package var targets: [Target]
    /// How an address is chosen among them.
    package var balance = Balance.roundRobin
    /// How those with ``Target/usesTLS`` are spoken to; it must be there when there are any.
    package var tls: UpstreamTLS?
    /// How long a connection may take to open, TLS included.
    package var connectTimeoutMilliseconds: Int64
    /// How long the head of an answer may take, and the longest pause within its body.
    package var responseTimeoutMilliseconds: Int64
    /// How many idle connections each event loop keeps, over all targets.
    package var idleConnections: Int
    /// How long an idle connection is kept.
    package var idleTimeoutMilliseconds: Int64 = 60_000
    /// How many connections each event loop opens to one address; 0 for no limit.
    package var connectionLimit = 0
    /// How many requests of each event loop may wait for a connection when all are at that limit.
    package var queueLimit = 1024
    /// How long they may wait.
    package var queueTimeoutMilliseconds: Int64 = 1_000
    /// How often a request may be sent again, or to another target, with nothing sent back to the client.
    package var retries = 1
    /// After how many failures in a row an address is left out for a while; 0 for never.
    package var ejectAfter = 5
    /// How long it is left out the first time; each further time in a row doubles it, up to 300 s.
    package var ejectTimeMilliseconds: Int64 = 10_000
    /// The pause between two look-ups of the targets' names.
    package var resolveIntervalMilliseconds: Int64 = 30_000
    /// How its targets are checked, if they are.
    package var health: HealthCheck?

    /// Makes an upstream.
    package init(
        name: String, targets: [Target], connectTimeoutMilliseconds: Int64 = 1_000,
        responseTimeoutMilliseconds: Int64 = 30_000, idleConnections: Int = 256
    ) {
        self.name = name
        self.targets = targets
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.responseTimeoutMilliseconds = responseTimeoutMilliseconds
        self.idleConnections = idleConnections
    }
}
