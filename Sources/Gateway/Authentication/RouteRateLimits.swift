import Foundation
import GatewayConfiguration
import LibCrypto
import Logging
import Proxy
import RateLimiting
import RedisClient
import Revocation

/// The limits of all routes, by the index of the route's policy, with their counts inside the process.
struct RouteRateLimits: Sendable {
    /// How many clients all limits together can count inside the process: 32 MiB when every place is taken.
    static let totalEntries = 1 << 20
    /// How many one limit can count at most.
    static let entriesPerLimit = 1 << 17

    /// The limit of one route.
    struct Entry: Sendable {
        var limit: Configuration.RateLimit
        /// Tells it from the limits of other routes, and from what it was before its numbers were changed.
        var name: String
        var isPublic: Bool

        init(_ limit: Configuration.RateLimit, of route: Configuration.Route) {
            self.limit = limit
            isPublic = route.access == .anyone
            let numbers = [Int64(limit.requestCount), limit.windowMilliseconds, Int64(limit.burstCount)]
            let texts =
                [route.host ?? "", route.path, (route.methods ?? []).sorted().joined(separator: ",")]
                + numbers.map(String.init)
            let digest = Digest.hash(Array(texts.joined(separator: "\n").utf8), with: .sha256).prefix(8)
            name = "\(Hexadecimal.encode(digest)):\(limit.key.rawValue)"
        }

        fileprivate var algorithm: GCRA {
            GCRA(
                RateLimit(
                    requests: limit.requestCount, windowMilliseconds: limit.windowMilliseconds,
                    burst: limit.burstCount))
        }
    }

    private let entries: [Entry?]
    private let tables: [LocalRateLimitTable?]
    private let keyPrefix: String

    /// `nil` when there is no limit at all.
    ///
    /// - Parameters:
    ///   - entries: a limit or none for each policy.
    ///   - keyPrefix: what the names of all keys in Redis begin with.
    ///   - previous: the limits before these, whose counts go on where the numbers are the same.
    ///   - clock: milliseconds that never go back.
    init?(
        _ entries: [Entry?], keyPrefix: String, after previous: RouteRateLimits? = nil,
        clock: @escaping @Sendable () -> Int64 = Self.monotonicMilliseconds
    ) {
        let count = entries.count { $0 != nil }
        guard count > 0 else { return nil }
        self.entries = entries
        self.keyPrefix = keyPrefix
        let room = min(Self.entriesPerLimit, Self.totalEntries / count)
        // A route whose methods want different scopes has several policies, and one limit.
        var known = previous?.tablesByName ?? [:]
        tables = entries.map { entry in
            guard let entry else { return nil }
            let table = known[entry.name] ?? LocalRateLimitTable(entry.algorithm, entries: room, clock: clock)
            known[entry.name] = table
            return table
        }
    }

    private var tablesByName: [String: LocalRateLimitTable] {
        var named: [String: LocalRateLimitTable] = [:]
        for (entry, table) in zip(entries, tables) {
            if let entry, let table { named[entry.name] = table }
        }
        return named
    }

    /// What one event loop limits by.
    ///
    /// - Parameters:
    ///   - connection: the loop's connection to Redis, if there is one.
    ///   - logger: told when Redis cannot be asked, and when it can be again.
    /// - Returns: a limiter or none for each policy.
    func onLoop(connection: RedisConnection?, logger: Logger) -> [RouteRateLimiter?] {
        let shared = connection.map { SharedRateLimits(connection: $0, logger: logger) }
        return zip(entries, tables).map { entry, table in
            guard let entry, let table else { return nil }
            let algorithm = entry.algorithm
            var limiter = RateLimiter(algorithm, local: table)
            if entry.limit.isShared, let shared {
                limiter = RateLimiter(
                    algorithm, local: table, shared: shared, keyPrefix: "\(keyPrefix)rate:\(entry.name):")
            }
            return RouteRateLimiter(limiter, key: entry.limit.key, isPublic: entry.isPublic)
        }
    }

    private static let monotonicMilliseconds: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }
}

/// The limit of one route on one event loop.
final class RouteRateLimiter {
    let limiter: RateLimiter
    let key: Configuration.RateLimitKey
    /// Whether the route asks for no credential.
    let isPublic: Bool

    init(_ limiter: RateLimiter, key: Configuration.RateLimitKey, isPublic: Bool) {
        self.limiter = limiter
        self.key = key
        self.isPublic = isPublic
    }
}
