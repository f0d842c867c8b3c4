/// Reads accounts that another system has kept, with their password hashes.
package enum AccountImport {
    /// The forms that are read.
    package enum Format: String, Sendable, CaseIterable {
        /// Comma-separated values (RFC 4180) with a header.
        case csv
        /// Lines of `name:hash`, as Apache's `htpasswd` writes them.
        case htpasswd
    }

    /// The most bytes of one file.
    package static let maximumByteCount = 64 << 20

    /// Reads a whole file.
    ///
    /// - Parameters:
    ///   - bytes: Its content, UTF-8.
    ///   - format: Its form.
    ///   - scope: The scope of accounts for which it names none.
    /// - Returns: The accounts, in its order.
    /// - Throws: `malformedImport`, with the line in the detail; a name, a hash or a scope in it is judged later.
    package static func read(
        _ bytes: [UInt8], _ format: Format, scope: String
    ) throws(CredentialError) -> [UserDirectory.ImportedUser] {
        guard bytes.count <= maximumByteCount, let text = String(validating: bytes, as: UTF8.self) else {
            throw CredentialError(.malformedImport, detail: "not UTF-8, or more than 64 MiB")
        }
        switch format {
        case .csv: return try readCSV(text, scope: scope)
        case .htpasswd: return try readPasswordFile(text, scope: scope)
        }
    }

    private static func readPasswordFile(
        _ text: String, scope: String
    ) throws(CredentialError) -> [UserDirectory.ImportedUser] {
        var users: [UserDirectory.ImportedUser] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            guard !line.isEmpty, line.first != "#" else { continue }
            // A hash has no colon, and neither has a name that htpasswd takes.
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw CredentialError(.malformedImport, detail: "line \(index + 1): not name:hash")
            }
            users.append(
                UserDirectory.ImportedUser(
                    name: String(parts[0]), passwordHash: String(parts[1]), scope: scope, isDisabled: false,
                    line: index + 1))
        }
        return users
    }

    private static func readCSV(
        _ text: String, scope: String
    ) throws(CredentialError) -> [UserDirectory.ImportedUser] {
        var records = try CSVReader.records(of: text)[...]
        guard let header = records.popFirst()?.fields else {
            throw CredentialError(.malformedImport, detail: "line 1: no header")
        }
        let known = ["name", "password_hash", "scope", "disabled"]
        guard Set(header).count == header.count, header.allSatisfy(known.contains),
            let nameColumn = header.firstIndex(of: "name"), let hashColumn = header.firstIndex(of: "password_hash")
        else {
            throw CredentialError(
                .malformedImport, detail: "line 1: the header is name,password_hash and, if wanted, scope and disabled")
        }
        let (scopeColumn, disabledColumn) = (header.firstIndex(of: "scope"), header.firstIndex(of: "disabled"))
        var users: [UserDirectory.ImportedUser] = []
        for record in records {
            guard record.fields.count == header.count else {
                throw CredentialError(
                    .malformedImport, detail: "line \(record.line): \(record.fields.count) fields, not \(header.count)")
            }
            let disabled = disabledColumn.map { record.fields[$0] } ?? "false"
            guard ["true", "false", ""].contains(disabled) else {
                throw CredentialError(.malformedImport, detail: "line \(record.line): disabled is true or false")
            }
            users.append(
                UserDirectory.ImportedUser(
                    name: record.fields[nameColumn], passwordHash: record.fields[hashColumn],
                    scope: scopeColumn.map { record.fields[$0] } ?? scope, isDisabled: disabled == "true",
                    line: record.line))
        }
        return users
    }
}
