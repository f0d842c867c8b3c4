extension Configuration.Target {
    /// Reads `http://host:port`; without a port it is 80.
    init(url: String) throws(SettingMismatch) {
        let expected = "a URL such as http://127.0.0.1:9000, without user, path or query"
        if ["https:", "unix:", "http+unix:", "h2c:"].contains(where: url.hasPrefix) {
            throw .notSupportedYet("this version speaks plain HTTP to its upstreams: \(expected)")
        }
        guard url.hasPrefix("http://") else {
            let isBare = (try? HostPort(url, expected: expected)) != nil
            throw SettingMismatch(expected, suggestion: isBare ? "http://\(url)" : nil)
        }
        let rest = String(url.dropFirst("http://".count))
        if rest.hasSuffix("/"), (try? HostPort(String(rest.dropLast()), expected: expected)) != nil {
            throw SettingMismatch(expected, suggestion: String(url.dropLast()))
        }
        let address = try HostPort(rest, expected: expected)
        guard address.port != 0 else {
            throw SettingMismatch(expected)
        }
        self.init(host: address.host, port: address.port ?? 80)
    }
}
