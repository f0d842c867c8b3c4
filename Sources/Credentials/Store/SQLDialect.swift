/// The few words in which the definitions of tables differ between the databases.
package enum SQLDialect: Sendable, CaseIterable {
    /// SQLite, with `STRICT` tables.
    case sqlite
    /// PostgreSQL.
    case postgreSQL

    /// The type of a number of 64 bits.
    package var integer: String {
        switch self {
        case .sqlite: "INTEGER"
        case .postgreSQL: "BIGINT"
        }
    }

    /// The type of the first column of each table, a number that the database gives.
    package var rowID: String {
        switch self {
        case .sqlite: "INTEGER PRIMARY KEY"
        case .postgreSQL: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        }
    }

    /// Text that is compared and ordered by its bytes.
    package var byteText: String {
        switch self {
        case .sqlite: "TEXT COLLATE BINARY"
        case .postgreSQL: "TEXT COLLATE \"C\""
        }
    }

    /// What ends the definition of a table.
    package var tableEnd: String {
        switch self {
        case .sqlite: "STRICT"
        case .postgreSQL: ""
        }
    }

    /// A condition that a text has no NUL byte, which PostgreSQL cannot store anyway.
    package func hasNoNUL(_ column: String) -> String {
        switch self {
        case .sqlite: "instr(\(column), char(0)) = 0"
        case .postgreSQL: "TRUE"
        }
    }
}
