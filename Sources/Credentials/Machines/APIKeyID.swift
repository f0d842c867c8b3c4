/// The public part of an API key, by which it is listed, logged and revoked: 12 letters and digits.
package struct APIKeyID: Sendable, Hashable, Comparable {
    /// How long an identifier is.
    package static let byteCount = 12

    /// The identifier as text.
    package let text: String

    /// Accepts an identifier.
    ///
    /// - Throws: `invalidName`.
    package init(_ text: String) throws(CredentialError) {
        guard text.utf8.count == Self.byteCount, text.utf8.allSatisfy(SecretText.isCharacter) else {
            throw CredentialError(.invalidName)
        }
        self.text = text
    }

    init(characters: some Sequence<UInt8>) {
        text = String(decoding: Array(characters), as: UTF8.self)
    }

    /// What stands for the key where tokens have their `jti`: in the deny-list and in `X-Auth-Token-Id`.
    package var tokenID: String { "pk_\(text)" }

    /// Orders identifiers by their bytes, as the database does.
    package static func < (left: APIKeyID, right: APIKeyID) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}
