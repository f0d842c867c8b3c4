import Foundation
import GatewayConfiguration
import RedisClient

/// Whether the user may do at Redis what the gateway does.
enum RedisPermissions {
    /// The commands beside those that every connection begins with, each in a form that leaves nothing behind.
    ///
    /// `KEY` stands for a key that is there for a moment and holds a string, `FREE` for one that is not there.
    static let probes: [(command: String, arguments: [String])] = [
        ("ping", []), ("role", []), ("mget", ["FREE"]), ("get", ["FREE"]), ("exists", ["FREE"]),
        ("hget", ["FREE", "f"]), ("hgetall", ["FREE"]), ("hset", ["KEY", "f", "v"]), ("hsetnx", ["KEY", "f", "v"]),
        ("hdel", ["FREE", "f"]), ("pexpire", ["FREE", "1"]), ("pttl", ["FREE"]), ("time", []),
        ("zadd", ["FREE", "XX", "0", "m"]), ("zcard", ["FREE"]), ("zcount", ["FREE", "0", "0"]),
        ("zrange", ["FREE", "0", "0"]), ("zrem", ["FREE", "m"]), ("zremrangebyrank", ["FREE", "0", "0"]),
        ("zremrangebyscore", ["FREE", "0", "0"]), ("zrevrangebyscore", ["FREE", "0", "0"]),
        ("xadd", ["FREE", "NOMKSTREAM", "*", "f", "v"]), ("xlen", ["FREE"]), ("xrange", ["FREE", "-", "+"]),
        ("xrevrange", ["FREE", "+", "-"]), ("xread", ["COUNT", "1", "STREAMS", "FREE", "$"]),
        ("xinfo|stream", ["FREE"]), ("script|load", ["return 1"]), ("eval", ["return 1", "1", "FREE"]),
        ("evalsha", [String(repeating: "0", count: 40), "1", "FREE"]),
    ]

    static func finding(
        _ client: RedisClient, _ settings: Configuration.Redis, _ revocation: Configuration.Revocation
    ) async -> Finding {
        let key = "\(settings.keyPrefix)doctor:\(UUID().uuidString)"
        var commands = probes.map { probe in
            probe.command.split(separator: "|").map(String.init)
                + probe.arguments.map { $0 == "KEY" ? key : $0 == "FREE" ? key + ":free" : $0 }
        }
        var names = probes.map(\.command)
        if revocation.minimumReplicas > 0 {
            names.append("wait")
            commands.append(["wait", "0", "1"])
        }
        // The first makes the key, the last takes it away; it would go by itself, too.
        commands = [["set", key, "1", "PX", "5000"]] + commands + [["del", key]]
        names = ["set"] + names + ["del"]
        let encoded = commands.map { $0.map { Array($0.utf8) } }
        guard let results = try? await client.executeInOrder(encoded) else {
            return Finding(.problem, "redis.permissions", "not to be found out: the connection was lost")
        }
        return judge(zip(names, results).map { ($0, $1) }, keyPrefix: settings.keyPrefix)
    }

    /// Judges the answers, the first being that of a write.
    static func judge(_ results: [(command: String, result: Result<RedisValue, RedisFailure>)], keyPrefix: String)
        -> Finding
    {
        let refused = results.filter { $0.result == .failure(.server(code: "NOPERM")) }.map(\.command)
        guard refused.isEmpty else {
            return Finding(
                .problem, "redis.permissions",
                "the user may not \(refused.joined(separator: " ")) on the keys \(keyPrefix)*; give it "
                    + (refused.map { "+\($0)" } + ["~\(keyPrefix)*"]).joined(separator: " "))
        }
        switch results.first?.result {
        case .failure(.server(let code)):
            return Finding(
                .problem, "redis.permissions", "nothing can be written, so nothing can be revoked: Redis says \(code)")
        case .failure, nil:
            return Finding(.problem, "redis.permissions", "not to be found out: Redis did not answer in time")
        case .success: return Finding(.ok, "redis.permissions", "the user may do all that the gateway does")
        }
    }
}
