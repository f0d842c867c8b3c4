/// Brings a PostgreSQL database to the newest version of ``CredentialSchema``.
///
/// The tables are in the first schema of the search path, which must have nothing else in it; `portcullis_schema` says
/// their version.
enum PostgreSQLMigrator {
    /// "PCLS", as in the header of an SQLite file.
    static let lock: Int64 = 0x5043_4C53
    private static let timeoutMilliseconds: Int64 = 60_000

    private static var newest: Int { CredentialSchema.migrations.count }

    /// Brings the database to the newest version; one transaction, and concurrent nodes take turns.
    ///
    /// - Throws: `unavailable`, with `foreignDatabase` and `newerSchema` among others.
    static func prepare(_ connection: PostgreSQLConnection) throws(CredentialError) {
        guard try version(connection) != newest else { return }
        _ = try connection.run("BEGIN")
        do throws(CredentialError) {
            try migrate(connection)
        } catch {
            connection.rollBack()
            throw error
        }
    }

    /// The version of the tables; 0 for a database that has none.
    static func version(_ connection: PostgreSQLConnection) throws(CredentialError) -> Int {
        // In this order: another node may make all of them in between.
        let hasTables = try hasTables(connection)
        let isThere = "SELECT CAST(to_regclass('portcullis_schema') IS NOT NULL AS INTEGER)"
        guard try connection.run(isThere).rows.first?.first == .integer(1) else {
            guard !hasTables else {
                throw CredentialError(
                    .unavailable(.foreignDatabase), detail: "there are other tables; use a database for this alone")
            }
            return 0
        }
        let rows = try connection.run("SELECT version FROM portcullis_schema").rows
        guard rows.count == 1, let number = rows[0].first?.integer, number >= 0 else {
            throw CredentialError(.unavailable(.damaged), detail: "the version of the tables is not there")
        }
        guard number <= newest else {
            throw CredentialError(.unavailable(.newerSchema), detail: "version \(number)")
        }
        return Int(number)
    }

    private static func migrate(_ connection: PostgreSQLConnection) throws(CredentialError) {
        // Whoever comes second waits here for the first, and may need longer than a statement usually takes.
        _ = try connection.run(
            "SELECT set_config('statement_timeout', '60s', true), set_config('lock_timeout', '60s', true)")
        _ = try connection.run(
            "SELECT pg_advisory_xact_lock($1)", [.integer(lock)], withinMilliseconds: timeoutMilliseconds)
        // Read again: another node may have been faster.
        let version = try version(connection)
        if version < newest {
            if version == 0 {
                try connection.runScript(
                    """
                    CREATE TABLE portcullis_schema (
                        only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
                        version BIGINT NOT NULL
                    );
                    INSERT INTO portcullis_schema VALUES (1, 0);
                    """, withinMilliseconds: timeoutMilliseconds)
            }
            for migration in CredentialSchema.migrations[version...] {
                try connection.runScript(migration(.postgreSQL), withinMilliseconds: timeoutMilliseconds)
            }
            _ = try connection.run("UPDATE portcullis_schema SET version = $1", [.integer(Int64(newest))])
        }
        _ = try connection.run("COMMIT")
    }

    private static func hasTables(_ connection: PostgreSQLConnection) throws(CredentialError) -> Bool {
        let rows = try connection.run(
            """
            SELECT count(*) FROM pg_catalog.pg_class
            WHERE relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())
                AND relkind IN ('r', 'p', 'v', 'm', 'f')
            """
        ).rows
        return rows.first?.first != .integer(0)
    }
}
