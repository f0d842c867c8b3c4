package import HTTP1
import NIOCore

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
        /// The fewest bytes a second of a body, on average; 0 for no such limit.
        package var bodyMinimumRate = 240
        /// How long a request body may take before its rate counts.
        package var bodyRateGraceMilliseconds: Int64 = 5_000
        /// How long a client may take nothing of what waits for it.
        package var sendTimeoutMilliseconds: Int64 = 30_000
        /// How long a tunnel may carry nothing either way.
        package var tunnelIdleTimeoutMilliseconds: Int64 = 300_000
        /// The most requests on one connection; 0 for no such limit.
        package var requestsPerConnection = 0
        /// How long a connection may wait for its next request.
        package var keepAliveTimeoutMilliseconds: Int64 = 75_000
        /// The most client connections of all event loops together.
        package var connections = 20_000
        /// The most client connections from one address (IPv6: one /64), trusted proxies excepted; 0 for any number.
        package var connectionsPerAddress = 0
        /// The most streams that an HTTP/2 client may have open on one connection.
        package var http2Streams = 100

        /// The defaults.
        package init() {}
    }

    /// How many bytes may wait in one connection for its other side before the source is not read any more, and how few
    /// must be left before it is again.
    ///
    /// Bodies are held back before this is reached (`ChannelHandlerContext+Sending.swift`); it bounds answers to requests
    /// that a client sends without reading.
    static let writeBufferWaterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 32 << 10, high: 64 << 10)

    /// How many bytes the kernel takes for a peer over TCP before it has sent them.
    ///
    /// Left to itself it takes megabytes for each peer that does not read, and copies them all in one go. What is on its way
    /// is not counted, so that a fast peer far away is not held up.
    static let unsentByteLimit = 128 << 10

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

    /// A cookie that backends do not get.
    package var withheldCookie: WithheldCookie?

    /// The part of the requests that get an access-log line, 0 to 1; those answered with 5xx always do.
    package var accessLogFraction: Double

    /// Makes a configuration.
    package init(
        routes: RouteTable, upstreams: [Upstream], limits: Limits = Limits(), trustedProxies: [NetworkRange] = [],
        trustsLocalPeers: Bool = false, withheldCookie: WithheldCookie? = nil, accessLogFraction: Double = 1
    ) {
        self.withheldCookie = withheldCookie
        self.routes = routes
        self.upstreams = upstreams
        self.limits = limits
        self.trustedProxies = trustedProxies
        self.trustsLocalPeers = trustsLocalPeers
        self.accessLogFraction = accessLogFraction
    }
}
