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
    package static let migrations: [Migration] = [users, machines]

    /// Every table, in an order in which rows can be inserted.
    package static let tables = [
        Table(
            name: "users", columns: ["name", "password_hash", "scope", "disabled", "created_ms", "updated_ms"],
            key: "name"),
        Table(
            name: "clients",
            columns: ["client_id", "secret_hash", "grants", "scope", "disabled", "created_ms", "updated_ms"],
            key: "client_id"),
        Table(
            name: "api_keys",
            columns: [
                "key_id", "secret_hash", "owner_kind", "owner", "label", "scope", "addresses", "created_ms",
                "expires_ms", "last_used_ms", "revoked_ms",
            ], key: "key_id"),
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

    // A client without a secret is a public one. Owners of keys are no foreign keys: who signs in elsewhere has no row.
    private static let machines: Migration = { dialect in
        """
        CREATE TABLE clients (
            id \(dialect.rowID),
            client_id \(dialect.byteText) NOT NULL UNIQUE CHECK (length(client_id) BETWEEN 1 AND 128),
            secret_hash TEXT CHECK (length(secret_hash) = 43),
            grants TEXT NOT NULL CHECK (length(grants) <= 256),
            scope TEXT NOT NULL CHECK (length(scope) <= 4096),
            disabled \(dialect.integer) NOT NULL CHECK (disabled IN (0, 1)),
            created_ms \(dialect.integer) NOT NULL CHECK (created_ms >= 0),
            updated_ms \(dialect.integer) NOT NULL CHECK (updated_ms >= 0)
        ) \(dialect.tableEnd);
        CREATE TABLE api_keys (
            id \(dialect.rowID),
            key_id \(dialect.byteText) NOT NULL UNIQUE CHECK (length(key_id) = 12),
            secret_hash TEXT NOT NULL CHECK (length(secret_hash) = 43),
            owner_kind TEXT NOT NULL CHECK (owner_kind IN ('subject', 'client')),
            owner \(dialect.byteText) NOT NULL CHECK (length(owner) BETWEEN 1 AND 128),
            label TEXT NOT NULL CHECK (length(label) <= 128),
            scope TEXT NOT NULL CHECK (length(scope) <= 4096),
            addresses TEXT NOT NULL CHECK (length(addresses) <= 4096),
            created_ms \(dialect.integer) NOT NULL CHECK (created_ms >= 0),
            expires_ms \(dialect.integer) CHECK (expires_ms >= 0),
            last_used_ms \(dialect.integer) CHECK (last_used_ms >= 0),
            revoked_ms \(dialect.integer) CHECK (revoked_ms >= 0)
        ) \(dialect.tableEnd);
        CREATE INDEX api_keys_by_owner ON api_keys (owner_kind, owner);
        """
    }
}
