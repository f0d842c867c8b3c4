extension Configuration {
    /// Bounds on what a client may send and hold.
    package struct Limits: Sendable, Equatable {
        /// The longest request line.
        package var requestLineByteLimit: Int
        /// The most bytes of header fields.
        package var headerByteLimit: Int
        /// The most header fields.
        package var headerCountLimit: Int
        /// The largest request body.
        package var bodyByteLimit: Int
        /// How long a client may take to send a head.
        package var headerTimeoutMilliseconds: Int64
        /// How long a body may make no progress.
        package var bodyIdleTimeoutMilliseconds: Int64
        /// The fewest bytes a second of a body, on average; 0 for no such limit.
        package var bodyMinimumRate: Int
        /// How long a client may take nothing of what waits for it.
        package var sendTimeoutMilliseconds: Int64
        /// How long a WebSocket may carry nothing either way.
        package var tunnelIdleTimeoutMilliseconds: Int64
        /// The most requests on one client connection; 0 for no such limit.
        package var requestsPerConnectionLimit: Int
        /// How long a connection without a request is kept.
        package var keepAliveTimeoutMilliseconds: Int64
        /// The most client connections at a time.
        package var connectionLimit: Int
        /// The most of them from one address, trusted proxies excepted; 0 means any number.
        package var connectionsPerAddressLimit: Int
        /// The most streams that an HTTP/2 client may have open on one connection.
        package var http2StreamLimit: Int
        /// How long requests in flight may take to end at shutdown.
        package var shutdownGraceMilliseconds: Int64
    }
}
