/// What an answer says about how long it may be kept (RFC 9111 section 5.2.2).
enum CacheControl {
    /// The longest that is believed; longer ones count as this.
    private static let longestSeconds: Int64 = 365 * 86_400

    /// How long an answer may be kept.
    ///
    /// - Parameter fields: the values of `Cache-Control`.
    /// - Returns: milliseconds, 0 for `no-store` and `no-cache`; `nil` when it says nothing, or what is not understood.
    static func maximumAgeMilliseconds(_ fields: [String]) -> Int64? {
        var age: Int64?
        for directive in fields.flatMap({ $0.split(separator: ",") }) {
            let words = directive.split(separator: "=", maxSplits: 1).map {
                $0.trimmingPrefix(while: \.isWhitespace).lowercased()
            }
            guard let name = words.first.map({ String($0.prefix { !$0.isWhitespace }) }) else { continue }
            switch name {
            case "no-store", "no-cache": return 0
            case "max-age" where words.count == 2:
                let digits = words[1].filter { $0 != "\"" }.prefix { !$0.isWhitespace }
                guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
                let seconds = digits.count > 9 ? longestSeconds : min(Int64(digits) ?? 0, longestSeconds)
                // Of several the shortest.
                age = min(age ?? .max, seconds * 1000)
            default: break
            }
        }
        return age
    }
}
