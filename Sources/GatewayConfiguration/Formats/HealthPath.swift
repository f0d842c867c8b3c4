/// What a health check asks for: a path, with a query if need be.
enum HealthPath {
    /// Checks that it starts with `/` and can stand in a request line as it is.
    static func parse(_ text: String) throws(SettingMismatch) -> String {
        guard text.utf8.first == 0x2F else {
            throw SettingMismatch("a path that starts with /", suggestion: "/\(text)")
        }
        guard text.utf8.count <= 1024, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x23 }) else {
            throw SettingMismatch("at most 1024 printable ASCII characters, without spaces and #")
        }
        return text
    }
}
