/// The scopes of an account: scope tokens with one space between them (RFC 6749 section 3.3), or nothing.
package struct ScopeList: Sendable, Hashable {
    /// The most bytes the whole list may have.
    package static let maximumByteCount = 4096

    /// The list as it stands in a token's `scope` claim.
    package let text: String

    /// No scope at all.
    package static let none = ScopeList()

    private init() {
        text = ""
    }

    /// Accepts a list of scopes.
    ///
    /// - Parameter text: Tokens of printable ASCII without `"` and `\`, each at most once, or the empty string.
    /// - Throws: `invalidScope`.
    package init(_ text: String) throws(CredentialError) {
        guard text.utf8.count <= Self.maximumByteCount else { throw CredentialError(.invalidScope) }
        if !text.isEmpty {
            var seen: Set<[UInt8]> = []
            for token in text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false) {
                guard !token.isEmpty, token.allSatisfy(Self.isScopeCharacter), seen.insert(Array(token)).inserted else {
                    throw CredentialError(.invalidScope)
                }
            }
        }
        self.text = text
    }

    private static func isScopeCharacter(_ byte: UInt8) -> Bool {
        byte == 0x21 || (0x23...0x5B).contains(byte) || (0x5D...0x7E).contains(byte)
    }
}
