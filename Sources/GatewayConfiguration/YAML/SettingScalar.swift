/// A single value, read by the rules of the YAML 1.2 core schema, and stricter: what an older YAML takes for a number or a
/// boolean (`on`, `no`, `0o17`, `1:30`) is only text here, and text in quotes is nothing but text.
struct SettingScalar: Sendable {
    /// What a plain scalar looks like.
    enum Look {
        case null, boolean, number, text
    }

    /// As it stands in the file.
    var written: String
    /// With every `${…}` replaced.
    ///
    /// Must not be shown when ``isSubstituted``.
    var text: String
    var isQuoted: Bool
    /// Whether a part of ``text`` came from outside the file.
    var isSubstituted: Bool

    /// What the scalar is, when the setting does not say.
    var look: Look {
        isQuoted || isSubstituted ? .text : Self.look(of: text)
    }

    /// Whether a setting that is not a string may be read from it.
    var isPlain: Bool { !isQuoted }

    var typeName: String {
        switch look {
        case .null: "nothing"
        case .boolean: "the boolean \(text)"
        case .number: "the number \(Self.shown(text))"
        case .text: "a string"
        }
    }

    /// The scalar for a problem's text: as written, so that what came from outside the file stays outside.
    var shown: String {
        // Whoever writes "user:password@" into the wrong setting should not find it in a log.
        guard !(written.contains("://") && written.contains("@")) else { return "a URL (not shown: it has a user)" }
        let note = isSubstituted ? " (its value is not shown)" : ""
        return "`\(Self.shown(written))`\(note)"
    }

    /// A text cut short, without characters that disturb a terminal.
    static func shown(_ text: String) -> String {
        let limit = 60
        var result = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            result += String(scalar).hasControlCharacters ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
        return text.unicodeScalars.count > limit ? result + "…" : result
    }

    static func look(of text: String) -> Look {
        switch text {
        case "", "~", "null", "Null", "NULL":
            return .null
        case "true", "True", "TRUE", "false", "False", "FALSE":
            return .boolean
        default:
            return isNumber(text) ? .number : .text
        }
    }

    private static func isNumber(_ text: String) -> Bool {
        var rest = text.utf8[...]
        if text.hasPrefix("0x") {
            rest = rest.dropFirst(2)
            return !rest.isEmpty && rest.allSatisfy { $0.hexadecimalValue != nil }
        }
        if text.hasPrefix("0o") {
            rest = rest.dropFirst(2)
            return !rest.isEmpty && rest.allSatisfy { (0x30...0x37).contains($0) }
        }
        if rest.first == 0x2B || rest.first == 0x2D {
            rest = rest.dropFirst()
        }
        if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(String(Substring(rest))) {
            return true
        }
        let whole = rest.prefix(while: \.isASCIIDigit)
        rest = rest[whole.endIndex...]
        var digitCount = whole.count
        if rest.first == 0x2E {
            let fraction = rest.dropFirst().prefix(while: \.isASCIIDigit)
            digitCount += fraction.count
            rest = rest[fraction.endIndex...]
        }
        guard digitCount > 0 else { return false }
        if let mark = rest.first, mark | 0x20 == 0x65 {
            rest = rest.dropFirst()
            if rest.first == 0x2B || rest.first == 0x2D {
                rest = rest.dropFirst()
            }
            return !rest.isEmpty && rest.allSatisfy(\.isASCIIDigit)
        }
        return rest.isEmpty
    }
}
