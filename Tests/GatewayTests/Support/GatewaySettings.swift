import Foundation
import TestSupport

/// What a test's gateway is to be like, as pieces of the configuration's text.
struct GatewaySettings {
    enum RedisUse {
        case own
        /// Appends every write to a file before it answers, so that a killed one comes back with everything.
        case durable
        /// One that another gateway uses too.
        case shared(RedisServerProcess)
        case none
    }

    var redis = RedisUse.own
    /// `redis.url`, when it is not that of one server over TCP.
    var redisURL: String?
    /// Further members of `redis`.
    var redisOptions = "command_timeout: 5s"
    /// The public listeners; `nil` for one on a free port.
    var listeners: String?
    /// `listeners.admin.token`.
    var adminToken: String?
    /// Further sections, each a line.
    var sections: [String] = []
    /// Members of `limits`.
    var limits = "shutdown_grace: 2s"
    /// The issuer of its own tokens.
    var issuer = "https://gateway.test"
    /// Further members of `tokens`; `nil` for a gateway that issues none.
    var tokens: String? = "rotation_grace: 10s"
    /// `leeway`.
    var leeway = "30s"
    /// A key directory that another gateway has made already; `nil` for one of its own.
    var keyDirectory: String?
    /// What stands in the place of `key_directory`, such as a key from a file.
    var configuredKeys: String?
    /// Whether there are accounts.
    var hasAccounts = false
    /// The URL of the database they are in, when that is not an SQLite file.
    var accountDatabase: String?
    /// Members of `login`; by default nobody is throttled where there are accounts.
    var login: String?
    /// Further members of `credentials`, each with a comma before it.
    var credentials = ""
    /// Further members of the upstream.
    var upstream = "response_timeout: 10s"
    /// The routes that every gateway has.
    var standardRoutes = [
        "{path: /api/, upstream: api, auth: {any_of: [jwt]}}",
        "{path: /public/, upstream: api, auth: none}",
    ]
    /// Routes besides the standard ones, each a line of YAML without its dash.
    var routes: [String] = []
    /// Further issuers, each a line of YAML without its dash.
    var issuers: [String] = []
    /// How long spans wait to be exported together.
    var traceInterval = Duration.seconds(5)
    /// Where the log goes, when not to a file.
    var logPipe: Pipe?
    /// Files beside the configuration.
    var files: [(name: String, content: String)] = []

    static let accounts: GatewaySettings = {
        var settings = GatewaySettings()
        settings.hasAccounts = true
        return settings
    }()

    /// The text of the configuration file.
    func yaml(redisPort: Int?, backendPort: Int, publicPort: Int = 0) -> String {
        let listeners = listeners ?? "{address: \"127.0.0.1:\(publicPort)\"}"
        let token = adminToken.map { ", token: \"\($0)\"" } ?? ""
        var lines = [
            "version: 1",
            "listeners: {public: \(listeners), admin: {address: \"127.0.0.1:0\"\(token)}}",
            "workers: 2",
            "limits: {\(limits)}",
            "leeway: \(leeway)",
        ]
        if let redisPort {
            lines.append("redis: {url: \"\(redisURL ?? "redis://127.0.0.1:\(redisPort)/0")\", \(redisOptions)}")
        }
        if let tokens {
            let keys = configuredKeys ?? "key_directory: \"\(keyDirectory ?? "./keys")\""
            lines.append("tokens: {issuer: \"\(issuer)\", audiences: [api], \(keys), \(tokens)}")
        }
        if let accountDatabase {
            lines.append(
                "credentials: {database: \"\(accountDatabase)\", password: \"${file:database-password}\"}")
        } else if hasAccounts {
            lines.append("credentials: {database: ./accounts.sqlite\(credentials)}")
        }
        let standard = hasAccounts && !sections.contains { $0.hasPrefix("login:") } ? "attempts: 100000" : nil
        if let login = login ?? standard { lines.append("login: {\(login)}") }
        lines += ["issuers:"]
        lines += [
            "  - {issuer: \"\(ForeignIssuer.name)\", jwks_file: ./idp.json, audiences: [api], algorithms: [ES256, RS256]}"
        ]
        lines += issuers.map { "  - \($0)" }
        lines += sections
        lines += ["upstreams:", "  api: {targets: [\"http://127.0.0.1:\(backendPort)\"], \(upstream)}", "routes:"]
        lines += (standardRoutes + routes).map { "  - \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }
}
