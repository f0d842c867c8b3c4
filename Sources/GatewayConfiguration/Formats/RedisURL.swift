/// Where Redis is, and perhaps who one is there.
///
/// - `redis://user:password@host:port/database`, `rediss://` likewise by TLS; all but the host may be left out;
/// - `unix:///path/of/socket`, with a database as `?db=1`;
/// - `redis+sentinel://user:password@host:port,host:port/primary/database`;
/// - `redis+cluster://user:password@host:port,host:port`.
struct RedisURL: Equatable {
    var topology: Configuration.Redis.Topology
    var usesTLS = false
    var login: Configuration.Redis.Login?
    var database = 0

    private static let serverLimit = 16
    private static let expected = """
        a URL such as redis://127.0.0.1:6379/0, rediss://user:password@host:6379/0, unix:///run/redis.sock, \
        redis+sentinel://host:26379,host:26379/mymaster/0 or redis+cluster://host:7000,host:7001
        """
    private static var mismatch: SettingMismatch { SettingMismatch(expected) }

    init(_ text: String) throws(SettingMismatch) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { throw Self.mismatch }
        var rest = text[colon...].dropFirst("://".count)
        let scheme = text[..<colon]
        if scheme == "unix" {
            (topology, database) = try Self.unixSocket(rest)
            return
        }
        // The last "@" ends the user information: nothing after it may hold one.
        if let at = rest.lastIndex(of: "@") {
            // Who writes a login behind one of several hosts means something else.
            if scheme.hasPrefix("redis+"), rest[..<at].contains(",") { throw Self.mismatch }
            login = try Self.login(String(rest[..<at]))
            rest = rest[rest.index(after: at)...]
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let hosts = rest[..<slash]
        let path = rest[slash...].dropFirst()
        switch scheme {
        case "redis", "rediss":
            usesTLS = scheme == "rediss"
            topology = .standalone(try Self.server(hosts, defaultPort: 6379))
            database = try Self.database(path)
        case "redis+sentinel":
            let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first, Self.isName(name) else { throw Self.mismatch }
            topology = .sentinel(try Self.servers(hosts, defaultPort: 26_379), primaryName: String(name))
            database = try Self.database(parts.count == 2 ? parts[1] : "")
        case "redis+cluster":
            // A cluster has but one database.
            guard try Self.database(path) == 0 else { throw Self.mismatch }
            topology = .cluster(try Self.servers(hosts, defaultPort: 6379))
        default: throw Self.mismatch
        }
    }

    private static func unixSocket(
        _ text: Substring
    ) throws(SettingMismatch) -> (Configuration.Redis.Topology, database: Int) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        // What the system's socket address has room for.
        guard let path = parts.first, path.hasPrefix("/"), path.utf8.count <= 107, path.utf8.count > 1,
            !path.contains("%"), !path.contains("#")
        else { throw mismatch }
        guard parts.count == 2 else { return (.unixSocket(path: String(path)), 0) }
        guard parts[1].hasPrefix("db="), parts[1].utf8.count > 3 else { throw mismatch }
        return (.unixSocket(path: String(path)), try database(parts[1].dropFirst(3)))
    }

    private static func servers(
        _ text: Substring, defaultPort: Int
    ) throws(SettingMismatch) -> [Configuration.Redis.Server] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= serverLimit else { throw mismatch }
        var servers: [Configuration.Redis.Server] = []
        for part in parts {
            let server = try server(part, defaultPort: defaultPort)
            guard !servers.contains(server) else { throw mismatch }
            servers.append(server)
        }
        return servers
    }

    private static func server(
        _ text: Substring, defaultPort: Int
    ) throws(SettingMismatch) -> Configuration.Redis.Server {
        let address = try HostPort(String(text), expected: expected)
        guard address.port != 0 else { throw mismatch }
        return Configuration.Redis.Server(host: address.host, port: address.port ?? defaultPort)
    }

    private static func database(_ text: Substring) throws(SettingMismatch) -> Int {
        guard !text.isEmpty else { return 0 }
        guard let number = String(text).decimalNumber(maximumDigits: 5), number <= 16_383 else { throw mismatch }
        return Int(number)
    }

    /// The characters that Sentinel itself takes for names.
    private static func isName(_ text: Substring) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || $0.isOne(of: ".-_") }
    }

    private static func login(_ text: String) throws(SettingMismatch) -> Configuration.Redis.Login {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let user = percentDecoded(parts[0]), let password = percentDecoded(parts[1]),
            !password.isEmpty
        else {
            throw SettingMismatch(
                "user:password or :password before the @, with %-encoding (RFC 3986) of what is not a letter or digit")
        }
        return Configuration.Redis.Login(user: user.isEmpty ? nil : user, password: Secret(password))
    }

    /// The text of RFC 3986 section 3.2.1 userinfo, or `nil` when it has other characters or is not UTF-8.
    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == 0x25 {
                guard let high = rest.popFirst()?.hexadecimalValue, let low = rest.popFirst()?.hexadecimalValue else {
                    return nil
                }
                bytes.append(high << 4 | low)
            } else {
                guard byte.isUnreserved || byte.isOne(of: "!$&'()*+,;=:") else { return nil }
                bytes.append(byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !decoded.hasControlCharacters else { return nil }
        return decoded
    }
}
