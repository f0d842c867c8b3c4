import Foundation

/// A password's bytes: never trimmed, never cut, and never printed.
package struct Password: Sendable, CustomStringConvertible, CustomReflectable {
    /// The fewest characters (Unicode scalars) of a new password (NIST SP 800-63B section 5.1.1.2).
    package static let minimumScalarCount = 8

    /// The most bytes of any password, so that nobody makes the server hash megabytes.
    package static let maximumByteCount = 1024

    /// The password as it was sent: what hashes of other systems were made of.
    package let bytes: [UInt8]

    /// The password in Unicode's normal form KC: what hashes made here are made of.
    ///
    /// So every keyboard and system types the same one (NIST SP 800-63B section 5.1.1.2). As it was sent, when that is
    /// not UTF-8.
    package let normalizedBytes: [UInt8]

    /// Takes a password somebody signs in with; the rules for new ones do not apply, since it may be an old one.
    ///
    /// - Parameter bytes: The password.
    /// - Throws: `passwordMalformed` when it is empty or has a NUL byte, `passwordTooLong`.
    package init(signingInWith bytes: [UInt8]) throws(CredentialError) {
        guard bytes.count <= Self.maximumByteCount else { throw CredentialError(.passwordTooLong) }
        // bcrypt takes a C string: everything after a NUL byte would count for nothing.
        guard !bytes.isEmpty, !bytes.contains(0) else { throw CredentialError(.passwordMalformed) }
        self.bytes = bytes
        normalizedBytes = Self.normalized(bytes)
    }

    /// Takes a password somebody chooses, by NIST SP 800-63B: a length and no rules of composition.
    ///
    /// - Parameter bytes: The password, in UTF-8.
    /// - Throws: `passwordMalformed`, `passwordTooShort`, `passwordTooLong`.
    package init(choosing bytes: [UInt8]) throws(CredentialError) {
        try self.init(signingInWith: bytes)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw CredentialError(.passwordMalformed) }
        // Counted as they are typed: the normal form of one character can be a dozen.
        guard text.unicodeScalars.count >= Self.minimumScalarCount else { throw CredentialError(.passwordTooShort) }
    }

    private static func normalized(_ bytes: [UInt8]) -> [UInt8] {
        // ASCII, which most are, is its own normal form.
        guard !bytes.allSatisfy({ $0 < 0x80 }), let text = String(validating: bytes, as: UTF8.self) else {
            return bytes
        }
        return Array(text.precomposedStringWithCompatibilityMapping.utf8)
    }

    /// A constant, so that no log ever holds a password.
    package var description: String { "<password>" }

    /// Hides the bytes from `dump` and from test failures.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
