/// A password's bytes, exactly as they were sent: no normalisation, no trimming, and never printed.
package struct Password: Sendable, CustomStringConvertible, CustomReflectable {
    /// The fewest characters (Unicode scalars) of a new password (NIST SP 800-63B section 5.1.1.2).
    package static let minimumScalarCount = 8

    /// The most bytes of any password, so that nobody makes the server hash megabytes.
    package static let maximumByteCount = 1024

    /// The password itself.
    package let bytes: [UInt8]

    /// Takes a password somebody signs in with; the rules for new ones do not apply, since it may be an old one.
    ///
    /// - Parameter bytes: The password.
    /// - Throws: `passwordMalformed` when it is empty or has a NUL byte, `passwordTooLong`.
    package init(signingInWith bytes: [UInt8]) throws(CredentialError) {
        guard bytes.count <= Self.maximumByteCount else { throw CredentialError(.passwordTooLong) }
        // bcrypt takes a C string: everything after a NUL byte would count for nothing.
        guard !bytes.isEmpty, !bytes.contains(0) else { throw CredentialError(.passwordMalformed) }
        self.bytes = bytes
    }

    /// Takes a password somebody chooses, by NIST SP 800-63B: a length and no rules of composition.
    ///
    /// - Parameter bytes: The password, in UTF-8.
    /// - Throws: `passwordMalformed`, `passwordTooShort`, `passwordTooLong`.
    package init(choosing bytes: [UInt8]) throws(CredentialError) {
        try self.init(signingInWith: bytes)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw CredentialError(.passwordMalformed) }
        guard text.unicodeScalars.count >= Self.minimumScalarCount else { throw CredentialError(.passwordTooShort) }
    }

    /// A constant, so that no log ever holds a password.
    package var description: String { "<password>" }

    /// Hides the bytes from `dump` and from test failures.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
