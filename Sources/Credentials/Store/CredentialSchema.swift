/// The tables of the credential database and the numbered steps that lead to them, for every database.
package enum CredentialSchema {
    /// A step: statements with `;` between them.
    package typealias Migration = @Sendable (SQLDialect) -> String

    /// A table as copying sees it.
    package struct Table: Sendable {
        /// Its name.
        package let name: String
        /// Its columns, less the first (`id`), which each database gives by itself.
        package let columns: [String]
        /// The column, unique and text, that tells its rows apart.
        package let key: String
    }

    /// Step n takes version n − 1 to version n; steps that were ever released do not change.
    package static let migrations: [Migration] = [users]

    /// Every table, in an order in which rows can be inserted.
    package static let tables = [
        Table(
            name: "users", columns: ["name", "password_hash", "scope", "disabled", "created_ms", "updated_ms"],
            key: "name")
    ]

    private static let users: Migration = { dialect in
        """
        CREATE TABLE users (
            id \(dialect.rowID),
            name \(dialect.byteText) NOT NULL UNIQUE
                CHECK (length(name) BETWEEN 1 AND 128 AND \(dialect.hasNoNUL("name"))),
            password_hash TEXT NOT NULL CHECK (length(password_hash) BETWEEN 1 AND 256),
            scope TEXT NOT NULL CHECK (length(scope) <= 4096),
            disabled \(dialect.integer) NOT NULL CHECK (disabled IN (0, 1)),
            created_ms \(dialect.integer) NOT NULL CHECK (created_ms >= 0),
            updated_ms \(dialect.integer) NOT NULL CHECK (updated_ms >= 0)
        ) \(dialect.tableEnd);
        """
    }
}
