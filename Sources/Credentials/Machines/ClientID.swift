/// The identifier of a client: 1 to 128 visible ASCII characters (RFC 6749 appendix A.1, without spaces).
package struct ClientID: Sendable, Hashable, Comparable {
    /// The most bytes an identifier may have.
    package static let maximumByteCount = 128

    /// The identifier as text; also the subject of the tokens that the client gets for itself.
    package let text: String

    /// Accepts an identifier.
    ///
    /// - Throws: `invalidName`.
    package init(_ text: String) throws(CredentialError) {
        guard (1...Self.maximumByteCount).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw CredentialError(.invalidName) }
        self.text = text
    }

    /// Orders identifiers by their bytes, as the database does.
    package static func < (left: ClientID, right: ClientID) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
