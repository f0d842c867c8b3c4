import GRDB

/// Brings an SQLite file to the newest version of ``CredentialSchema``.
enum SQLiteMigrator {
    /// Written into the file's header ("PCLS"), so that the database of another program is never touched.
    static let applicationID: Int64 = 0x5043_4C53

    private static var newest: Int { CredentialSchema.migrations.count }

    /// Brings a database to the newest version; one transaction, and concurrent processes take turns.
    ///
    /// - Parameter queue: A connection that has not been switched to WAL, so that the header with the application's
    ///   number is in the file itself before any other mode is.
    /// - Throws: `CredentialError` for a foreign or newer database, `DatabaseError`.
    static func prepare(_ queue: DatabaseQueue) throws {
        let isCurrent = try queue.read { database in try version(of: database) == newest }
        guard !isCurrent else { return }
        try queue.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                // Read again: another process may have been faster.
                let version = try version(of: database)
                for migration in CredentialSchema.migrations[version...] {
                    try database.execute(sql: migration(.sqlite))
                }
                try database.execute(sql: "PRAGMA application_id = \(applicationID)")
                try database.execute(sql: "PRAGMA user_version = \(newest)")
                return .commit
            }
        }
    }

    /// The database's version, 0 for an empty one.
    static func version(of database: Database) throws -> Int {
        let applicationID = try integer(database, "PRAGMA application_id")
        let version = try integer(database, "PRAGMA user_version")
        if applicationID == Self.applicationID {
            guard version <= newest else {
                throw CredentialError(.unavailable(.newerSchema), detail: "version \(version)")
            }
            guard version >= 1 else { throw CredentialError(.unavailable(.damaged), detail: "version \(version)") }
            return Int(version)
        }
        let objectCount = try integer(database, "SELECT count(*) FROM sqlite_schema")
        guard applicationID == 0, version == 0, objectCount == 0 else {
            throw CredentialError(.unavailable(.foreignDatabase))
        }
        return 0
    }

    private static func integer(_ database: Database, _ sql: String) throws -> Int64 {
        guard let value = try Int64.fetchOne(database, sql: sql) else {
            throw CredentialError(.unavailable(.damaged), detail: "no answer to a schema question")
        }
        return value
    }
}
