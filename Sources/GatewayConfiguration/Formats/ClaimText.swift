/// Texts that are compared with claims of tokens.
enum ClaimText {
    /// A scope (RFC 6749 section 3.3): printable ASCII but space, `"` and `\`.
    static func scope(_ text: String) throws(SettingMismatch) -> String {
        guard (1...256).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
        else {
            let parts = text.split(separator: " ")
            let suggestion = parts.count > 1 ? "[\(parts.joined(separator: ", "))]" : nil
            throw SettingMismatch(
                "one scope: 1 to 256 printable characters, no space, quote or backslash", suggestion: suggestion)
        }
        return text
    }

    /// An issuer or audience (RFC 7519 section 2, StringOrURI): what has a colon is a URI.
    static func stringOrURI(_ text: String) throws(SettingMismatch) -> String {
        guard (1...512).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw SettingMismatch("1 to 512 printable characters without spaces")
        }
        if let colon = text.utf8.firstIndex(of: 0x3A) {
            let scheme = text.utf8[..<colon]
            guard scheme.first?.isASCIILetter == true,
                scheme.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit || $0.isOne(of: "+-.") })
            else {
                throw SettingMismatch("a URI, or a name without a colon (RFC 7519 section 2)")
            }
        }
        return text
    }

    /// The name of a claim that may stand for another one: not one that means the same to everybody (RFC 7519 section 4.1).
    static func claimName(_ text: String) throws(SettingMismatch) -> String {
        guard (1...256).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            !["iss", "aud", "exp", "nbf", "iat", "jti", "cnf"].contains(text)
        else {
            throw SettingMismatch(
                "the name of a claim: 1 to 256 printable characters without spaces, and none of iss, aud, exp, nbf, iat, "
                    + "jti, cnf")
        }
        return text
    }

    /// The name of a claim, or names with dots between them that lead into nested objects.
    ///
    /// Names that are URIs have dots of their own: one with a colon or a slash is a single name.
    static func claimPath(_ text: String) throws(SettingMismatch) -> [String] {
        let name = try claimName(text)
        guard !name.utf8.contains(where: { $0.isOne(of: ":/") }) else { return [name] }
        let names = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard names.count <= 3, !names.contains("") else {
            throw SettingMismatch("the name of a claim, or two or three with dots between them")
        }
        _ = try claimName(names[0])
        return names
    }

    /// The issuer of this gateway (RFC 8414 section 2): a URL without query and fragment; `http` is for trying out.
    static func ownIssuer(_ text: String) throws(SettingMismatch) -> String {
        let mismatch = SettingMismatch("a URL such as https://auth.example, without user, query and fragment")
        guard text.utf8.count <= 512, let scheme = ["https://", "http://"].first(where: text.hasPrefix) else {
            throw mismatch
        }
        let rest = text.dropFirst(scheme.count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        _ = try HostPort(String(rest[..<slash]), expected: mismatch.expected)
        guard rest[slash...].utf8.allSatisfy({ $0.isUnreserved || $0.isOne(of: "/!$&'()*+,;=:@%") }) else {
            throw mismatch
        }
        return text
    }
}
