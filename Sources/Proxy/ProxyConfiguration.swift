package import HTTP1

/// Everything the data path needs to know, as values.
package struct ProxyConfiguration: Sendable {
    /// The limits of CONTRACT's `limits`, in bytes and milliseconds.
    package struct Limits: Sendable, Equatable {
        /// The limits of a head.
        package var head = HeadLimits()
        /// The largest request body.
        package var bodyBytes = 10 << 20
        /// How long a head may take from its first byte.
        package var headerTimeoutMilliseconds: Int64 = 10_000
        /// The longest pause within a request body.
        package var bodyIdleTimeoutMilliseconds: Int64 = 30_000
        /// How long a connection may wait for its next request.
        package var keepAliveTimeoutMilliseconds: Int64 = 75_000
        /// The most client connections of all event loops together.
        package var connections = 20_000
        /// The most client connections from one address (IPv6: one /64), trusted proxies excepted; 0 for any number.
        package var connectionsPerAddress = 0

        /// The defaults.
        package init() {}
    }

    /// The routes.
    package var routes: RouteTable
    /// The upstreams that the routes name by index.
    package var upstreams: [Upstream]
    /// The limits.
    package var limits: Limits
    /// The networks whose `X-Forwarded-*` fields are believed.
    package var trustedProxies: [NetworkRange]
    /// Whether `X-Forwarded-*` fields are believed of those who connect through a Unix socket.
    package var trustsLocalPeers: Bool

    /// The part of the requests that get an access-log line, 0 to 1; those answered with 5xx always do.
    package var accessLogFraction: Double

    /// Makes a configuration.
    package init(
        routes: RouteTable, upstreams: [Upstream], limits: Limits = Limits(), trustedProxies: [NetworkRange] = [],
        trustsLocalPeers: Bool = false, accessLogFraction: Double = 1
    ) {
        self.routes = routes
        self.upstreams = upstreams
        self.limits = limits
        self.trustedProxies = trustedProxies
        self.trustsLocalPeers = trustsLocalPeers
        self.accessLogFraction = accessLogFraction
    }
}
