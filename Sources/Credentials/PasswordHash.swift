/// A password hash that the program can check a password against.
package enum PasswordHash: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// scrypt in PHC string form: what the program makes.
    case scrypt(ScryptHash)
    /// bcrypt: what it accepts from other systems.
    case bcrypt(BcryptHash)

    /// No accepted hash is longer than this.
    package static let maximumByteCount = 256

    /// Reads a stored or imported hash.
    ///
    /// - Parameter text: `$scrypt$…`, or bcrypt's `$2a$…`, `$2b$…`, `$2y$…`; nothing around it.
    /// - Throws: `invalidPasswordHash` when it is malformed, or demands more memory or time than allowed.
    package init(_ text: String) throws(CredentialError) {
        guard text.utf8.count <= Self.maximumByteCount else {
            throw CredentialError(.invalidPasswordHash, detail: "too long")
        }
        if text.utf8.starts(with: "$2".utf8) {
            self = .bcrypt(try BcryptHash(parsing: text.utf8))
        } else {
            self = .scrypt(try ScryptHash(parsing: text.utf8))
        }
    }

    /// The hash as it is stored.
    package var storedForm: String {
        switch self {
        case .scrypt(let hash): hash.phcString
        case .bcrypt(let hash): String(decoding: hash.text, as: UTF8.self)
        }
    }

    /// A constant, so that no log ever holds a hash.
    package var description: String { "<password hash>" }

    /// Hides the content from `dump` and from test failures.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
