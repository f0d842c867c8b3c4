/// Reads `rate_limit` of a route.
struct RateLimitReader {
    private static let largestCount: Int64 = 1_000_000

    let values: ValueReader
    /// Whether there is a Redis in which nodes can count together.
    let hasRedis: Bool

    /// - Parameters:
    ///   - node: the mapping.
    ///   - access: who may use the route, when that is known.
    /// - Returns: `nil` when something in it is refused.
    func read(_ node: SettingNode, access: Configuration.RouteAccess?) -> Configuration.RateLimit? {
        let section = SectionReader(node, values: values)
        guard section.isReadable else { return nil }
        defer { section.end() }
        let counts: ClosedRange<Int64> = 1...Self.largestCount
        let requests = section.required("requests", "write how many requests one client may make in a window").flatMap {
            values.integer($0, in: counts)
        }
        let window = section.required("window", "write the time they are counted over, such as 1s").flatMap {
            values.milliseconds($0, in: 1000...86_400_000)
        }
        let advice = "write whose requests are counted together: subject, client or address"
        let key: Configuration.RateLimitKey? = section.required("key", advice).flatMap { node in
            values.choice(node, of: [("subject", .subject), ("client", .client), ("address", .address)])
        }
        let burst = section.value("burst", default: requests ?? 1) { values.integer($0, in: counts) }
        let isShared = section.boolean("shared", default: false)
        if let key, key != .address, access == .anyone {
            values.problems.add(
                .conflict, at: section.position(of: "key"), path: "\(section.path).key",
                found: "a route with `auth: none` knows no \(key.rawValue)", expected: "write key: address")
        }
        if isShared, !hasRedis {
            values.problems.add(
                .conflict, at: section.position(of: "shared"), path: "\(section.path).shared",
                found: "there is no `redis` to count in", expected: "write `redis`, or leave it out")
        }
        guard let requests, let window, let key else { return nil }
        return Configuration.RateLimit(
            requestCount: requests, windowMilliseconds: window, burstCount: burst, key: key, isShared: isShared)
    }
}
