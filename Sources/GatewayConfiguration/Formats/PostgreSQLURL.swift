/// `postgres://user:password@host:port,host:port/database?sslmode=…`, as libpq reads it, less what has no place here.
struct PostgreSQLURL: Equatable {
    var hosts: [Configuration.PostgreSQL.Host] = []
    var user = ""
    var password: Secret?
    var database = ""
    var tlsMode = Configuration.PostgreSQL.TLSMode.verifyFull
    var authoritiesFile: String?
    var certificateFile: String?
    var privateKeyFile: String?

    static let schemes = ["postgres://", "postgresql://"]
    private static let expected =
        "a URL such as postgres://user:password@db.example:5432/database, with no other parameters than sslmode, "
        + "sslrootcert, sslcert, sslkey and host (the folder of a Unix socket)"

    /// - Parameters:
    ///   - text: The URL.
    ///   - folder: What relative paths of files start from.
    /// - Throws: What would be right.
    init(_ text: String, in folder: String) throws(SettingMismatch) {
        let mismatch = SettingMismatch(Self.expected)
        guard let scheme = Self.schemes.first(where: text.hasPrefix) else { throw mismatch }
        var rest = text.dropFirst(scheme.count)
        guard !rest.contains("#") else { throw mismatch }
        let mark = rest.firstIndex(of: "?") ?? rest.endIndex
        let parameters = try Self.parameters(rest[mark...].dropFirst())
        rest = rest[..<mark]
        guard let slash = rest.firstIndex(of: "/") else { throw mismatch }
        guard let name = Self.percentDecoded(rest[rest.index(after: slash)...]), !name.isEmpty else { throw mismatch }
        database = name
        try readAuthority(rest[..<slash], socketFolder: parameters["host"])
        tlsMode = isLocal ? .prefer : .verifyFull
        if let word = parameters["sslmode"] {
            guard let mode = Configuration.PostgreSQL.TLSMode(rawValue: word) else {
                throw SettingMismatch("sslmode: disable, prefer, require, verify-ca or verify-full")
            }
            tlsMode = mode
        }
        authoritiesFile = try parameters["sslrootcert"].map { path throws(SettingMismatch) in
            try FilePath.parse(path, in: folder)
        }
        certificateFile = try parameters["sslcert"].map { path throws(SettingMismatch) in
            try FilePath.parse(path, in: folder)
        }
        privateKeyFile = try parameters["sslkey"].map { path throws(SettingMismatch) in
            try FilePath.parse(path, in: folder)
        }
        guard (certificateFile == nil) == (privateKeyFile == nil) else {
            throw SettingMismatch("sslcert and sslkey together")
        }
    }

    /// Whether nothing leaves this machine.
    private var isLocal: Bool {
        hosts.allSatisfy { host in
            host.name.hasPrefix("/") || host.name == "localhost" || host.name == "::1"
                || IPAddress.ipv4(host.name)?.first == 127
        }
    }

    private mutating func readAuthority(_ text: Substring, socketFolder: String?) throws(SettingMismatch) {
        let mismatch = SettingMismatch(Self.expected)
        // The last "@" ends the user information: nothing after it may hold one.
        guard let at = text.lastIndex(of: "@") else {
            throw SettingMismatch("a URL that names the user: postgres://user@host/database")
        }
        let information = text[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let user = information.first.flatMap(Self.percentDecoded), !user.isEmpty else { throw mismatch }
        self.user = user
        if information.count == 2 {
            guard let password = Self.percentDecoded(information[1]), !password.isEmpty else { throw mismatch }
            self.password = Secret(password)
        }
        let servers = text[text.index(after: at)...]
        if let socketFolder {
            guard servers.isEmpty, socketFolder.hasPrefix("/") else {
                throw SettingMismatch(
                    "either a host in the URL, or host=/folder of a Unix socket after the question mark")
            }
            hosts = [.init(name: socketFolder, port: 5432)]
            return
        }
        for server in servers.split(separator: ",", omittingEmptySubsequences: false) {
            let address = try HostPort(String(server), expected: Self.expected)
            guard address.port != 0 else { throw mismatch }
            hosts.append(.init(name: address.host, port: address.port ?? 5432))
        }
        guard hosts.count <= 8 else { throw SettingMismatch("at most 8 hosts") }
    }

    private static func parameters(_ text: Substring) throws(SettingMismatch) -> [String: String] {
        let known = ["sslmode", "sslrootcert", "sslcert", "sslkey", "host"]
        var parameters: [String: String] = [:]
        guard !text.isEmpty else { return parameters }
        for pair in text.split(separator: "&", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, known.contains(String(parts[0])), let value = percentDecoded(parts[1]),
                !value.isEmpty, parameters.updateValue(value, forKey: String(parts[0])) == nil
            else { throw SettingMismatch(expected) }
        }
        return parameters
    }

    /// The text of RFC 3986 section 2.1, or `nil` when it has other characters, control characters or is not UTF-8.
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
                guard byte.isUnreserved || byte.isOne(of: "!$'()*+,;=:/") else { return nil }
                bytes.append(byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !decoded.hasControlCharacters else { return nil }
        return decoded
    }
}
