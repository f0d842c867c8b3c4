/// Accounts in a database; the same statements for each kind of it.
///
/// What concerns other tables is in extensions, a file for each.
package final class SQLCredentialStore: CredentialStoring {
    private static let columns = "name, password_hash, scope, disabled, created_ms, updated_ms"

    let database: any SQLDatabase

    /// Keeps accounts in a database.
    package init(_ database: any SQLDatabase) {
        self.database = database
    }

    /// Closes the database as soon as the calls in progress are done; later calls throw `unavailable`.
    package func close() {
        database.close()
    }

    package func add(_ users: [NewUser], nowMilliseconds: Int64) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try database.write { session throws(CredentialError) in
            for user in users {
                guard try !Self.exists("SELECT 1 FROM clients WHERE client_id = $1", user.name.text, in: session) else {
                    throw CredentialError(.duplicateName, detail: user.name.text)
                }
                let added = try session.execute(
                    """
                    INSERT INTO users (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING
                    """,
                    [
                        .text(user.name.text), .text(user.passwordHash.storedForm), .text(user.scope.text),
                        .flag(user.isDisabled), .integer(nowMilliseconds), .integer(nowMilliseconds),
                    ])
                // An error inside the transaction takes back the ones before.
                guard added == 1 else { throw CredentialError(.duplicateName, detail: user.name.text) }
            }
        }
    }

    package func find(_ name: UserName) throws(CredentialError) -> UserRecord? {
        try database.read { session throws(CredentialError) in
            let rows = try session.rows(
                "SELECT \(Self.columns) FROM users WHERE name = $1", [.text(name.text)])
            guard let row = rows.first else { return nil }
            return try Self.record(row)
        }
    }

    package func list(after name: UserName?, limit: Int) throws(CredentialError) -> [User] {
        try database.read { session throws(CredentialError) in
            // Every name is greater than the empty one.
            let rows = try session.rows(
                "SELECT \(Self.columns) FROM users WHERE name > $1 ORDER BY name LIMIT $2",
                [.text(name?.text ?? ""), Self.bounded(limit)])
            var users: [User] = []
            for row in rows { users.append(try Self.record(row).user) }
            return users
        }
    }

    package func setPasswordHash(
        _ passwordHash: PasswordHash, of name: UserName, nowMilliseconds: Int64
    ) throws(CredentialError) {
        try update(
            name, "UPDATE users SET password_hash = $1, updated_ms = $2 WHERE name = $3",
            value: .text(passwordHash.storedForm), nowMilliseconds: nowMilliseconds)
    }

    package func replacePasswordHash(
        _ current: PasswordHash, by replacement: PasswordHash, of name: UserName
    ) throws(CredentialError) -> Bool {
        try database.write { session throws(CredentialError) in
            try session.execute(
                "UPDATE users SET password_hash = $1 WHERE name = $2 AND password_hash = $3",
                [.text(replacement.storedForm), .text(name.text), .text(current.storedForm)]) == 1
        }
    }

    package func setDisabled(
        _ isDisabled: Bool, of name: UserName, nowMilliseconds: Int64
    ) throws(CredentialError) {
        try update(
            name, "UPDATE users SET disabled = $1, updated_ms = $2 WHERE name = $3",
            value: .flag(isDisabled), nowMilliseconds: nowMilliseconds)
    }

    package func delete(_ name: UserName, nowMilliseconds: Int64) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try database.write { session throws(CredentialError) in
            let deleted = try session.execute("DELETE FROM users WHERE name = $1", [.text(name.text)])
            guard deleted == 1 else { throw CredentialError(.unknownUser) }
            try Self.revokeAPIKeys(of: .subject(name), nowMilliseconds: nowMilliseconds, in: session)
        }
    }

    private func update(
        _ name: UserName, _ statement: String, value: SQLValue, nowMilliseconds: Int64
    ) throws(CredentialError) {
        try Self.check(nowMilliseconds)
        try database.write { session throws(CredentialError) in
            let changed = try session.execute(statement, [value, .integer(nowMilliseconds), .text(name.text)])
            guard changed == 1 else { throw CredentialError(.unknownUser) }
        }
    }

    /// Reads every account.
    ///
    /// - Returns: How many there are.
    /// - Throws: `unavailable`, with `damaged` for a row that cannot be understood.
    static func countReadableUsers(_ session: any SQLSession) throws(CredentialError) -> Int {
        var (count, last) = (0, "")
        while true {
            let rows = try session.rows(
                "SELECT \(columns) FROM users WHERE name > $1 ORDER BY name LIMIT 500", [.text(last)])
            for row in rows { last = try record(row).user.name.text }
            count += rows.count
            guard rows.count == 500 else { return count }
        }
    }

    /// Whether a query finds a row.
    static func exists(
        _ statement: String, _ name: String, in session: any SQLSession
    ) throws(CredentialError) -> Bool {
        try !session.rows(statement, [.text(name)]).isEmpty
    }

    /// How many rows of a list to ask for.
    static func bounded(_ limit: Int) -> SQLValue { .integer(Int64(min(max(limit, 1), 1000))) }

    /// Refuses times before 1970.
    static func check(_ nowMilliseconds: Int64) throws(CredentialError) {
        guard nowMilliseconds >= 0 else { throw CredentialError(.invalidTime) }
    }

    /// Reads a row; one that this program would not have written is damage, not an account.
    private static func record(_ row: [SQLValue]) throws(CredentialError) -> UserRecord {
        guard row.count == 6,
            let name = row[0].text, let hash = row[1].text, let scope = row[2].text,
            let disabled = row[3].integer, let created = row[4].integer, let updated = row[5].integer,
            let user = try? User(
                name: UserName(name), scope: ScopeList(scope), isDisabled: disabled != 0,
                createdAtMilliseconds: created, updatedAtMilliseconds: updated),
            let passwordHash = try? PasswordHash(hash)
        else { throw CredentialError(.unavailable(.damaged), detail: "an account's row cannot be understood") }
        return UserRecord(user: user, passwordHash: passwordHash)
    }
}
