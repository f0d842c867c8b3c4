extension Configuration.ListenAddress {
    /// Reads `host:port` or `[v6]:port`.
    init(text: String) throws(SettingMismatch) {
        let expected = "an address such as 0.0.0.0:8080, [::1]:8080 or localhost:8080"
        guard !text.hasPrefix("unix:") else {
            throw .notSupportedYet("this version listens on TCP only: \(expected)")
        }
        if text.hasPrefix(":") || text.hasPrefix("*:") {
            let port = text.drop { $0 != ":" }
            throw SettingMismatch(expected, suggestion: "0.0.0.0\(port)")
        }
        let address = try HostPort(text, expected: expected)
        guard let port = address.port else {
            throw SettingMismatch(expected)
        }
        self.init(host: address.host, port: port)
    }
}
