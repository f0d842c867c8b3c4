/// `host`, `host:port`, `[v6]` or `[v6]:port`.
struct HostPort: Equatable {
    /// A host name in lower case, an IPv4 address, or an IPv6 address without brackets.
    var host: String
    /// 0 to 65535, when written.
    var port: Int?

    /// Reads the text; `expected` is what the error says.
    init(_ text: String, expected: String) throws(SettingMismatch) {
        let mismatch = SettingMismatch(expected)
        let afterHost: Substring
        if text.utf8.first == 0x5B {
            guard let end = text.firstIndex(of: "]") else { throw mismatch }
            host = text[text.index(after: text.startIndex)..<end].lowercased()
            guard IPAddress.ipv6(host) != nil else { throw mismatch }
            afterHost = text[text.index(after: end)...]
        } else {
            if IPAddress.ipv6(text) != nil {
                throw SettingMismatch(expected, suggestion: "[\(text)]:8080")
            }
            let end = text.firstIndex(of: ":") ?? text.endIndex
            do {
                host = try HostName.parse(String(text[..<end]))
            } catch {
                throw mismatch
            }
            afterHost = text[end...]
        }
        guard !afterHost.isEmpty else { return }
        guard afterHost.utf8.first == 0x3A,
            let number = String(afterHost.dropFirst()).decimalNumber(maximumDigits: 5), number <= 65_535
        else { throw mismatch }
        port = Int(number)
    }
}
