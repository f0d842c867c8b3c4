import LibCrypto

/// The stored form of a secret that a machine was given: SHA-256 under the pepper.
///
/// Such secrets are random and long, so that a fast hash is as good as a slow one: there is nothing to guess.
package struct SecretHash: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    static let byteCount = 32

    let bytes: [UInt8]

    init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    /// Reads a stored hash.
    ///
    /// - Throws: `invalidSecretHash`.
    package init(_ text: String) throws(CredentialError) {
        guard let bytes = PHCBase64.decode(text.utf8), let hash = SecretHash(bytes: bytes) else {
            throw CredentialError(.invalidSecretHash)
        }
        self = hash
    }

    /// The hash as it is stored: base64 without padding, 43 characters.
    package var storedForm: String { PHCBase64.encode(bytes) }

    /// Whether both are the same, in constant time.
    package func matches(_ other: SecretHash) -> Bool { constantTimeEqual(bytes, other.bytes) }

    /// A constant, so that no log ever holds a hash.
    package var description: String { "<secret hash>" }

    /// Hides the content from `dump` and from test failures.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
