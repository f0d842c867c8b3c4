/// Where a Redis server listens.
package enum RedisEndpoint: Sendable, Hashable {
    /// A TCP listener, by host name or address.
    case tcp(host: String, port: Int)
    /// A Unix domain socket.
    case unix(path: String)
}

extension RedisEndpoint: CustomStringConvertible {
    /// `host:port` or `unix:path`, for logs.
    package var description: String {
        switch self {
        case .tcp(let host, let port): "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
