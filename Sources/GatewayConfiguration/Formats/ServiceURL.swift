/// The absolute URL of a service that the gateway asks: `https` or `http`, host, port and path, and nothing else.
enum ServiceURL {
    private static let expected =
        "a URL such as https://identity.example/login, without user, query or fragment; http:// only on this machine"

    /// The URL in the form in which it is used.
    static func parse(_ text: String) throws(SettingMismatch) -> String {
        let mismatch = SettingMismatch(expected)
        guard text.utf8.count <= 2048, let scheme = ["https://", "http://"].first(where: text.hasPrefix) else {
            throw mismatch
        }
        let rest = text.dropFirst(scheme.count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let address = try HostPort(String(rest[..<slash]), expected: expected)
        guard address.port != 0 else { throw mismatch }
        // Passwords travel over it.
        guard scheme == "https://" || isLoopback(address.host) else { throw mismatch }
        let path = rest[slash...].utf8
        guard path.allSatisfy({ $0.isUnreserved || $0.isOne(of: "/%!$&'()*+,;=:@") }) else { throw mismatch }
        return text
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || IPAddress.ipv4(host)?.first == 127
    }
}
