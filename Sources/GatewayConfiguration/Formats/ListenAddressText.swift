extension Configuration.ListenAddress {
    /// Reads `host:port` or `[v6]:port`.
    init(text: String) throws(SettingMismatch) {
        let expected = "an address such as 0.0.0.0:8080, [::1]:8080 or localhost:8080"
        guard !text.hasPrefix("unix:") else {
            throw SettingMismatch("\(expected); this listener is on TCP only")
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

extension Configuration.PublicAddress {
    /// The permissions of a socket's file unless others are written: owner and group may connect.
    static let defaultMode: UInt32 = 0o660

    /// The longest path that fits into a socket's address.
    private static let pathByteLimit = 107

    /// Reads `host:port`, `[v6]:port` or `unix:PATH`; a relative path starts from `folder`.
    init(text: String, folder: String) throws(SettingMismatch) {
        guard text.hasPrefix("unix:") else {
            self = .tcp(try Configuration.ListenAddress(text: text))
            return
        }
        let written = String(text.dropFirst("unix:".count))
        guard !written.isEmpty, !written.hasSuffix("/") else {
            throw SettingMismatch("unix: and the path of a socket, such as unix:/run/portcullis/public.sock")
        }
        let path = try FilePath.parse(written, in: folder)
        guard path.utf8.count <= Self.pathByteLimit else {
            throw SettingMismatch("a socket's path of at most \(Self.pathByteLimit) bytes, its folder included")
        }
        self = .unix(path: path, mode: Self.defaultMode)
    }
}

/// Permissions of files.
enum FileModeText {
    /// Reads three or four octal digits, of which the first of four is 0.
    static func parse(_ text: String) throws(SettingMismatch) -> UInt32 {
        let digits = text.utf8.count == 4 && text.utf8.first == 0x30 ? text.dropFirst() : text[...]
        guard digits.utf8.count == 3, digits.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
            let mode = UInt32(digits, radix: 8)
        else {
            throw SettingMismatch("permissions in quotes, such as \"0660\" or \"0600\"")
        }
        return mode
    }
}
