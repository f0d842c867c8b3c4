/// Host names as DNS and containers have them, in lower case.
enum HostName {
    /// The name in lower case: labels of letters, digits, `-` and `_`, or an IPv4 address.
    static func parse(_ text: String) throws(SettingMismatch) -> String {
        let mismatch = SettingMismatch("a host name such as api.example, without port, wildcard or final dot")
        // ASCII first: the lower case of the Kelvin sign is a plain k.
        guard !text.isEmpty, text.utf8.count <= 253, text.utf8.allSatisfy({ $0 < 0x80 }) else { throw mismatch }
        let name = text.lowercased()
        // What looks like an IPv4 address is one: "1.2.3" and "127.1" mean different things to different programs.
        if name.utf8.allSatisfy({ $0.isASCIIDigit || $0 == 0x2E }) {
            guard IPAddress.ipv4(name) != nil else { throw mismatch }
            return name
        }
        for label in name.split(separator: ".", omittingEmptySubsequences: false) {
            let bytes = label.utf8
            guard (1...63).contains(bytes.count), bytes.first != 0x2D, bytes.last != 0x2D,
                bytes.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit || $0 == 0x2D || $0 == 0x5F })
            else { throw mismatch }
        }
        return name
    }
}
