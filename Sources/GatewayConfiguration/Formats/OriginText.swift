/// A web origin as browsers write it in `Origin` (RFC 6454 section 6.1).
enum OriginText {
    static func parse(_ text: String) throws(SettingMismatch) -> String {
        let expected =
            "one origin as browsers send it, such as https://app.example: lower case, no path, no default port"
        guard text != "*" else {
            throw SettingMismatch(expected + "; any origin is not offered, name those you know")
        }
        guard let scheme = ["https://", "http://"].first(where: text.lowercased().hasPrefix) else {
            throw SettingMismatch(expected)
        }
        var rest = text.dropFirst(scheme.count)
        while rest.hasSuffix("/") { rest.removeLast() }
        let address = try HostPort(String(rest), expected: expected)
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        let port = address.port.map { $0 == (scheme == "https://" ? 443 : 80) ? "" : ":\($0)" } ?? ""
        let origin = scheme + host + port
        guard origin == text else { throw SettingMismatch(expected, suggestion: origin) }
        return origin
    }
}
