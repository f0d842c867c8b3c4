/// The path of a route: the start of the paths it is for, in the one spelling that requests are compared in.
enum RoutePath {
    private static let byteLimit = 2048

    /// Checks a path: starts with `/`; no empty, `.` or `..` segment; only characters of RFC 3986 section 3.3, less
    /// `*`, which looks like a wildcard and would be none.
    static func parse(_ text: String) throws(SettingMismatch) -> String {
        guard text.utf8.first == 0x2F else {
            throw SettingMismatch("a path that starts with /", suggestion: text.isEmpty ? "/" : "/\(text)")
        }
        guard !text.utf8.contains(0x2A) else {
            // One in the midst has no counterpart: what stands before it covers more than was meant.
            let prefix = String(text.prefix { $0 != "*" })
            throw SettingMismatch(
                "the beginning of paths, without wildcards", suggestion: text == prefix + "*" ? prefix : nil)
        }
        guard text.utf8.count <= byteLimit else {
            throw SettingMismatch("a path of at most \(byteLimit) bytes")
        }
        guard text.utf8.allSatisfy({ $0 != 0x3F && $0 != 0x23 }) else {
            throw SettingMismatch("a path without query and fragment")
        }
        // A final slash leaves one empty segment at the end, which is fine: "/api/".
        let segments = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        if segments.dropLast().contains("") {
            throw SettingMismatch("a path without //")
        }
        if segments.contains(where: { $0 == "." || $0 == ".." }) {
            throw SettingMismatch("a path without . and .. segments")
        }
        try checkCharacters(text)
        return text
    }

    private static func checkCharacters(_ text: String) throws(SettingMismatch) {
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == 0x25 {
                try checkEncoded(rest.popFirst(), rest.popFirst())
            } else if !byte.isUnreserved, !byte.isOne(of: "/!$&'()*+,;=:@") {
                throw SettingMismatch("a path of letters, digits and -._~!$&'()*+,;=:@/, the rest %-encoded")
            }
        }
    }

    /// One octet has one spelling: what need not be encoded is not, and the digits are upper-case.
    ///
    /// What some servers decode to a separator or the end of a string is not for routing.
    private static func checkEncoded(_ first: UInt8?, _ second: UInt8?) throws(SettingMismatch) {
        guard let first, let second, let high = first.hexadecimalValue, let low = second.hexadecimalValue else {
            throw SettingMismatch("% followed by two hexadecimal digits")
        }
        guard first < 0x61, second < 0x61 else {
            throw SettingMismatch("%-encoding with upper-case digits, such as %C3")
        }
        let octet = high << 4 | low
        guard !octet.isUnreserved else {
            throw SettingMismatch("letters, digits and -._~ written as themselves, not %-encoded")
        }
        guard octet >= 0x20, octet != 0x7F, octet != 0x2F, octet != 0x5C, octet != 0x25 else {
            throw SettingMismatch("a path without encoded slashes, backslashes, percent signs and control characters")
        }
    }
}
