extension Configuration.Target {
    /// Reads `http://host:port` (port 80 if left out), `https://host:port` (443) or `unix:/path`.
    init(url: String) throws(SettingMismatch) {
        let expected =
            "a URL such as http://127.0.0.1:9000, https://api.example or unix:/run/api.sock, without user, path or query"
        if url.hasPrefix("unix:") {
            try self.init(socket: String(url.dropFirst("unix:".count)))
            return
        }
        guard let scheme = ["http://", "https://"].first(where: url.hasPrefix) else {
            let isBare = (try? HostPort(url, expected: expected)) != nil
            throw SettingMismatch(expected, suggestion: isBare ? "http://\(url)" : nil)
        }
        let rest = String(url.dropFirst(scheme.count))
        if rest.hasSuffix("/"), (try? HostPort(String(rest.dropLast()), expected: expected)) != nil {
            throw SettingMismatch(expected, suggestion: String(url.dropLast()))
        }
        let address = try HostPort(rest, expected: expected)
        guard address.port != 0 else {
            throw SettingMismatch(expected)
        }
        let usesTLS = scheme == "https://"
        self.init(
            address: .network(host: address.host, port: address.port ?? (usesTLS ? 443 : 80)), usesTLS: usesTLS)
    }

    private init(socket path: String) throws(SettingMismatch) {
        // What the system's structure for such addresses holds, with its final zero.
        guard path.hasPrefix("/"), !path.hasPrefix("//"), (2...107).contains(path.utf8.count) else {
            throw SettingMismatch("unix: and an absolute path of at most 107 bytes, such as unix:/run/api.sock")
        }
        self.init(address: .socket(path: path))
    }
}
