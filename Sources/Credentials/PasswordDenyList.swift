package import Foundation

/// Passwords that nobody may choose (NIST SP 800-63B section 5.1.1.2): those that guessers begin with.
///
/// Compared in their normal form and without regard to case.
package struct PasswordDenyList: Sendable {
    /// The longest file that is read: millions of passwords.
    package static let maximumByteCount = 64 << 20

    private let entries: Set<String>

    /// Refuses nothing.
    package static let none = PasswordDenyList(entries: [])

    private init(entries: Set<String>) {
        self.entries = entries
    }

    /// Reads a list: one password a line, UTF-8, empty lines left out.
    ///
    /// - Parameter text: The list; it has no comments, for a password may begin with anything.
    /// - Throws: `invalidDenyList` when it is not UTF-8 or too long.
    package init(_ text: Data) throws(CredentialError) {
        guard text.count <= Self.maximumByteCount, let lines = String(validating: text, as: UTF8.self) else {
            throw CredentialError(.invalidDenyList)
        }
        entries = Set(lines.split(whereSeparator: \.isNewline).map { Self.form(of: String($0)) })
    }

    /// Reads the file of a list.
    ///
    /// - Parameter path: The file; `nil` for no list.
    /// - Throws: `invalidDenyList` when it cannot be read, is not UTF-8 or too long.
    package init(path: String?) throws(CredentialError) {
        guard let path else {
            self = .none
            return
        }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw CredentialError(.invalidDenyList, detail: "the file cannot be read")
        }
        defer { try? handle.close() }
        guard let text = try? handle.read(upToCount: Self.maximumByteCount + 1) else {
            throw CredentialError(.invalidDenyList, detail: "the file cannot be read")
        }
        try self.init(text)
    }

    /// Refuses a password that is on the list, or is the name of its account.
    ///
    /// - Parameters:
    ///   - password: What somebody chooses.
    ///   - name: Whose it is to be.
    /// - Throws: `passwordTooCommon`.
    package func check(_ password: Password, of name: UserName) throws(CredentialError) {
        let form = Self.form(of: String(decoding: password.normalizedBytes, as: UTF8.self))
        guard !entries.contains(form), form != Self.form(of: name.text) else {
            throw CredentialError(.passwordTooCommon)
        }
    }

    private static func form(of text: String) -> String {
        text.precomposedStringWithCompatibilityMapping.lowercased()
    }
}
