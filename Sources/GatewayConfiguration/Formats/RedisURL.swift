/// `redis://user:password@host:port/database`; everything but the host may be left out.
struct RedisURL: Equatable {
    var host: String
    var port: Int
    var user: String?
    var password: Secret?
    var database: Int

    private static let expected = "a URL such as redis://127.0.0.1:6379/0 or redis://user:password@host:6379/0"

    init(_ text: String) throws(SettingMismatch) {
        let mismatch = SettingMismatch(Self.expected)
        if ["rediss:", "unix:", "redis+sentinel:", "redis+cluster:"].contains(where: text.hasPrefix) {
            throw .notSupportedYet("this version speaks to one Redis over plain TCP: \(Self.expected)")
        }
        guard text.hasPrefix("redis://") else { throw mismatch }
        var rest = text.dropFirst("redis://".count)
        // The last "@" ends the user information: nothing after it may hold one.
        if let at = rest.lastIndex(of: "@") {
            (user, password) = try Self.userInformation(String(rest[..<at]))
            rest = rest[rest.index(after: at)...]
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let address = try HostPort(String(rest[..<slash]), expected: Self.expected)
        guard address.port != 0 else { throw mismatch }
        host = address.host
        port = address.port ?? 6379
        database = 0
        let path = rest[slash...].dropFirst()
        if !path.isEmpty {
            guard let number = String(path).decimalNumber(maximumDigits: 5), number <= 16_383 else { throw mismatch }
            database = Int(number)
        }
    }

    private static func userInformation(_ text: String) throws(SettingMismatch) -> (String?, Secret?) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let user = percentDecoded(parts[0]), let password = percentDecoded(parts[1]),
            !password.isEmpty
        else {
            throw SettingMismatch(
                "user:password or :password before the @, with %-encoding (RFC 3986) of what is not a letter or digit")
        }
        return (user.isEmpty ? nil : user, Secret(password))
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
