/// A service behind the gateway: its targets and how long to wait for them.
package struct Upstream: Sendable, Equatable {
    /// One address of the service.
    package struct Target: Sendable, Equatable {
        /// A name or an IP address.
        package var host: String
        /// The port.
        package var port: Int

        /// Makes a target.
        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// Its name in the configuration.
    package var name: String
    /// Its addresses, at least one.
    package var targets: [Target]
    /// How long a connection may take to open.
    package var connectTimeoutMilliseconds: Int64
    /// How long the head of an answer may take, and the longest pause within its body.
    package var responseTimeoutMilliseconds: Int64
    /// How many idle connections each event loop keeps.
    package var idleConnections: Int

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
