/// The URL of a trace collector: `http` or `https`, host, port and path, and nothing else.
enum CollectorURL {
    private static let expected =
        "a URL such as http://127.0.0.1:4318/v1/traces, with its path, without user, query or fragment"

    /// The URL as it is written.
    static func parse(_ text: String) throws(SettingMismatch) -> String {
        let mismatch = SettingMismatch(expected)
        guard text.utf8.count <= 2048, let scheme = ["https://", "http://"].first(where: text.hasPrefix) else {
            throw mismatch
        }
        let rest = text.dropFirst(scheme.count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let address = try HostPort(String(rest[..<slash]), expected: expected)
        guard address.port != 0 else { throw mismatch }
        let path = rest[slash...]
        guard path.utf8.allSatisfy({ $0.isUnreserved || $0.isOne(of: "/%!$&'()*+,;=:@") }) else { throw mismatch }
        // Elsewhere the path is often left out, for it is always the same.
        guard path.count > 1 else {
            throw SettingMismatch(expected, suggestion: scheme + rest[..<slash] + "/v1/traces")
        }
        return text
    }
}
