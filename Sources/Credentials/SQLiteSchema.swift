import GRDB

/// The tables of the credential database and the numbered steps that lead to them.
enum SQLiteSchema {
    /// Written into the file's header ("PCLS"), so that the database of another program is never touched.
    static let applicationID: Int64 = 0x5043_4C53

    /// Step n takes version n − 1 to version n; steps that were ever released do not change.
    static let migrations = [
        """
        CREATE TABLE users (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE COLLATE BINARY
                CHECK (length(name) BETWEEN 1 AND 128 AND instr(name, char(0)) = 0),
            password_hash TEXT NOT NULL CHECK (length(password_hash) BETWEEN 1 AND 256),
            scope TEXT NOT NULL CHECK (length(scope) <= 4096),
            disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
            created_ms INTEGER NOT NULL CHECK (created_ms >= 0),
            updated_ms INTEGER NOT NULL CHECK (updated_ms >= 0)
        ) STRICT;
        """,
        // A client without a secret is a public one. Owners of keys are no foreign keys: who signs in elsewhere has no row.
        """
        CREATE TABLE clients (
            id INTEGER PRIMARY KEY,
            client_id TEXT NOT NULL UNIQUE COLLATE BINARY CHECK (length(client_id) BETWEEN 1 AND 128),
            secret_hash TEXT CHECK (length(secret_hash) = 43),
            grants TEXT NOT NULL CHECK (length(grants) <= 256),
            scope TEXT NOT NULL CHECK (length(scope) <= 4096),
            disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
            created_ms INTEGER NOT NULL CHECK (created_ms >= 0),
            updated_ms INTEGER NOT NULL CHECK (updated_ms >= 0)
        ) STRICT;
        CREATE TABLE api_keys (
            id INTEGER PRIMARY KEY,
            key_id TEXT NOT NULL UNIQUE COLLATE BINARY CHECK (length(key_id) = 12),
            secret_hash TEXT NOT NULL CHECK (length(secret_hash) = 43),
            owner_kind TEXT NOT NULL CHECK (owner_kind IN ('subject', 'client')),
            owner TEXT NOT NULL COLLATE BINARY CHECK (length(owner) BETWEEN 1 AND 128),
            label TEXT NOT NULL CHECK (length(label) <= 128),
            scope TEXT NOT NULL CHECK (length(scope) <= 4096),
            addresses TEXT NOT NULL CHECK (length(addresses) <= 4096),
            created_ms INTEGER NOT NULL CHECK (created_ms >= 0),
            expires_ms INTEGER CHECK (expires_ms >= 0),
            last_used_ms INTEGER CHECK (last_used_ms >= 0),
            revoked_ms INTEGER CHECK (revoked_ms >= 0)
        ) STRICT;
        CREATE INDEX api_keys_by_owner ON api_keys (owner_kind, owner);
        """,
    ]

    /// Brings a database to the newest version; one transaction, and concurrent processes take turns.
    ///
    /// - Parameter queue: A connection that has not been switched to WAL, so that the header with the application's
    ///   number is in the file itself before any other mode is.
    /// - Throws: `CredentialError` for a foreign or newer database, `DatabaseError`.
    static func prepare(_ queue: DatabaseQueue) throws {
        let isCurrent = try queue.read { database in try version(of: database) == migrations.count }
        guard !isCurrent else { return }
        try queue.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                // Read again: another process may have been faster.
                let version = try version(of: database)
                for migration in migrations[version...] {
                    try database.execute(sql: migration)
                }
                try database.execute(sql: "PRAGMA application_id = \(applicationID)")
                try database.execute(sql: "PRAGMA user_version = \(migrations.count)")
                return .commit
            }
        }
    }

    /// The database's version, 0 for an empty one.
    private static func version(of database: Database) throws -> Int {
        let applicationID = try integer(database, "PRAGMA application_id")
        let version = try integer(database, "PRAGMA user_version")
        if applicationID == Self.applicationID {
            guard version <= migrations.count else {
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
