import Synchronization

/// A PostgreSQL database, which several nodes share.
///
/// Nothing is connected before it is needed, so that a node starts while the database is away; its tables are brought to
/// the newest version by the first connection.
package final class PostgreSQLDatabase: SQLDatabase {
    /// The number after that of the lock under which tables are changed.
    private static let writersLock = PostgreSQLMigrator.lock + 1

    private let pool: PostgreSQLPool

    /// Names a database; connects to nothing.
    package init(_ settings: PostgreSQLSettings) {
        let isPrepared = Mutex(false)
        pool = PostgreSQLPool(settings) { connection throws(CredentialError) in
            guard !isPrepared.withLock({ $0 }) else { return }
            try PostgreSQLMigrator.prepare(connection)
            isPrepared.withLock { $0 = true }
        }
    }

    package func read<Value>(
        _ body: (any SQLSession) throws(CredentialError) -> Value
    ) throws(CredentialError) -> Value {
        try pool.withConnection(opening: nil, isRepeatable: true) { connection throws(CredentialError) in
            try body(PostgreSQLSession(connection: connection))
        }
    }

    package func snapshot<Value>(
        _ body: (any SQLSession) throws(CredentialError) -> Value
    ) throws(CredentialError) -> Value {
        try pool.withConnection(
            opening: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", isRepeatable: false
        ) { connection throws(CredentialError) in
            let value = try body(PostgreSQLSession(connection: connection))
            connection.rollBack()
            return value
        }
    }

    package func write<Value>(
        _ body: (any SQLSession) throws(CredentialError) -> Value
    ) throws(CredentialError) -> Value {
        try pool.withConnection(opening: "BEGIN", isRepeatable: false) { connection throws(CredentialError) in
            // One writer at a time, as in SQLite: changes are few, and what one has looked up still holds when it writes.
            _ = try connection.run("SELECT pg_advisory_xact_lock($1)", [.integer(Self.writersLock)])
            let value = try body(PostgreSQLSession(connection: connection))
            // A transaction in which a statement has failed is rolled back by COMMIT, without an error.
            guard try connection.run("COMMIT").commandTag == "COMMIT" else {
                throw CredentialError(.unavailable(.other), detail: "the transaction was rolled back")
            }
            return value
        }
    }

    /// Looks at a database without changing it: whether its tables are known, and each row readable.
    ///
    /// - Parameter settings: The database.
    /// - Returns: What is in it.
    /// - Throws: `unavailable` with the fault.
    package static func inspect(_ settings: PostgreSQLSettings) throws(CredentialError) -> StoreReport {
        let connection = try PostgreSQLConnection(settings)
        _ = try connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        let version = try PostgreSQLMigrator.version(connection)
        return try StoreReport(version: version, PostgreSQLSession(connection: connection))
    }

    package func close() {
        pool.close()
    }
}
