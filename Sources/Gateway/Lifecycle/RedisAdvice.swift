import Logging
import RedisClient

/// Looks at how a Redis is set up, and warns of what would lose revocations.
struct RedisAdvice {
    /// What a warning is about.
    enum Subject {
        case eviction, persistence, role
    }

    let redis: RedisClient
    let logger: Logger

    /// Asks and warns; a Redis that cannot be asked, or does not let us ask, is left alone.
    func give() async {
        guard let info = try? await redis.execute("INFO"), let text = info.text else { return }
        let fields = Self.fields(of: text)
        for warning in Self.warnings(fields, savesSnapshots: await Self.savesSnapshots(redis)) {
            logger.warning("\(warning.text)")
        }
    }

    /// `nil` when that is not told.
    static func savesSnapshots(_ redis: RedisClient) async -> Bool? {
        guard case .array(let pair)? = try? await redis.execute("CONFIG", "GET", "save"), pair.count == 2 else {
            return nil
        }
        return pair[1].text?.isEmpty == false
    }

    /// The lines of `INFO`, by name.
    static func fields(of text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        return fields
    }

    /// What is wrong, in constant words.
    static func warnings(
        _ fields: [String: String], savesSnapshots: Bool?
    ) -> [(subject: Subject, text: String)] {
        var warnings: [(subject: Subject, text: String)] = []
        if let policy = fields["maxmemory_policy"], policy != "noeviction" {
            let text =
                "Redis may evict keys when its memory is full, and an evicted revocation is a token that works again: set "
                + "maxmemory-policy noeviction"
            warnings.append((.eviction, text))
        }
        if fields["aof_enabled"] == "0" {
            let text =
                savesSnapshots == false
                ? "Redis keeps nothing on disk, and forgets revocations and sessions when it restarts: set appendonly yes"
                : "Redis keeps snapshots only, and forgets the latest revocations when it restarts: set appendonly yes"
            warnings.append((.persistence, text))
        }
        if fields["role"] == "slave" {
            warnings.append(
                (.role, "Redis is a replica, where nothing can be revoked: name the primary in redis.url"))
        }
        return warnings
    }
}
