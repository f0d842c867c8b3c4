/// The address that an issuer's keys are fetched from.
enum KeySetURL {
    /// Reads `https://host/path`, or `http` to this machine.
    static func parse(_ text: String) throws(SettingMismatch) -> String {
        let mismatch = SettingMismatch(
            "a URL such as https://idp.example/jwks.json, without user and fragment; http only for 127.0.0.1, [::1] and "
                + "localhost")
        guard text.utf8.count <= 2048, let scheme = ["https://", "http://"].first(where: text.hasPrefix),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x23 && $0 != 0x5C })
        else { throw mismatch }
        let rest = text.dropFirst(scheme.count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let address = try HostPort(String(rest[..<end]), expected: mismatch.expected)
        guard scheme == "https://" || ["127.0.0.1", "::1", "localhost"].contains(address.host) else { throw mismatch }
        return text
    }
}
