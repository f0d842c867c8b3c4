/// A set of scope tokens in their order (RFC 6749, section 3.3).
package struct Scope: Sendable, Hashable {
    /// Longer scopes are refused.
    package static let maximumBytes = 4096

    /// The tokens, each once.
    package let tokens: [String]

    /// No scope.
    package static let none = Scope(tokens: [])

    /// Reads a scope: tokens of printable ASCII without `"` and `\`, one space between; empty is none.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.maximumBytes else { return nil }
        guard !text.isEmpty else {
            self = .none
            return
        }
        var tokens: [String] = []
        var known: Set<String> = []
        for token in text.split(separator: " ", omittingEmptySubsequences: false) {
            let isValid =
                !token.isEmpty
                && token.utf8.allSatisfy { byte in
                    (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                }
            guard isValid else { return nil }
            if known.insert(String(token)).inserted { tokens.append(String(token)) }
        }
        self.tokens = tokens
    }

    /// The tokens with a space between.
    package var text: String { tokens.joined(separator: " ") }

    /// Whether every token is also in the other.
    package func isSubset(of other: Scope) -> Bool {
        Set(tokens).isSubset(of: other.tokens)
    }

    /// The tokens that are also in the other, in this one's order.
    package func intersection(_ other: Scope) -> Scope {
        Scope(tokens: tokens.filter(Set(other.tokens).contains))
    }

    private init(tokens: [String]) {
        self.tokens = tokens
    }
}
