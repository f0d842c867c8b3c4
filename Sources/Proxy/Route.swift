import HTTP1

/// One entry of the route table.
///
/// A class, so that the data path can hold one without copying its texts.
package final class Route: Sendable {
    /// Who answers a request on the route.
    package enum Destination: Sendable, Equatable {
        /// An upstream, by its index.
        case upstream(Int)
        /// The gateway's own public endpoints.
        case controlPlane
        /// The token check for other proxies, answered on the data path.
        case verify
        /// The same for who asks with the original request's method, host and path below the route's own path.
        case verifyPath
    }

    /// What stands in logs and metrics; from the configuration, so of bounded number.
    package let label: String
    /// The host in lower case, or `nil` for any.
    package let host: String?
    /// The path; a prefix at segment boundaries unless ``isExact``.
    package let path: String
    /// Whether only the path itself matches, not what lies below it.
    package let isExact: Bool
    /// The methods the route takes; empty for any.
    package let methods: [String]
    /// Who answers.
    package let destination: Destination
    /// Whether the path is cut off before the request is forwarded.
    package let stripsPrefix: Bool
    /// Which policy guards the route, or `nil` when it is public.
    package let policy: Int?
    /// Whether `Authorization` and `X-API-Key` go on to the upstream.
    package let forwardsCredentials: Bool

    /// Makes a route.
    package init(
        label: String, host: String? = nil, path: String, isExact: Bool = false, methods: [String] = [],
        destination: Destination, stripsPrefix: Bool = false, policy: Int? = nil, forwardsCredentials: Bool = false
    ) {
        self.label = label
        self.host = host
        self.path = path
        self.isExact = isExact
        self.methods = methods
        self.destination = destination
        self.stripsPrefix = stripsPrefix
        self.policy = policy
        self.forwardsCredentials = forwardsCredentials
    }
}
