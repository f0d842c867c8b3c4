/// HTTP methods (RFC 9110 section 9).
enum MethodName {
    private static let registered: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH",
    ]

    /// Checks a method: a token (RFC 9110 section 5.6.2); case matters.
    static func parse(_ text: String) throws(SettingMismatch) -> String {
        let expected = "an HTTP method such as GET or POST"
        guard (1...32).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit || $0.isOne(of: "!#$%&'*+-.^_`|~") })
        else {
            throw SettingMismatch(expected)
        }
        let upperCased = text.uppercased()
        guard upperCased != "CONNECT" else {
            throw SettingMismatch("\(expected); the gateway makes no tunnels")
        }
        if registered.contains(upperCased), text != upperCased {
            throw SettingMismatch("\(expected), in upper case", suggestion: upperCased)
        }
        return text
    }
}
