import GRDB

/// A connection to an SQLite database, inside a transaction of GRDB's.
struct SQLiteSession: SQLSession {
    let database: Database

    func rows(_ statement: String, _ parameters: [SQLValue]) throws(CredentialError) -> [[SQLValue]] {
        try CredentialError.translating {
            let prepared = try database.cachedStatement(sql: statement)
            return try Row.fetchAll(prepared, arguments: Self.arguments(parameters)).map { row in
                try row.databaseValues.map(Self.value)
            }
        }
    }

    func execute(_ statement: String, _ parameters: [SQLValue]) throws(CredentialError) -> Int {
        try CredentialError.translating {
            let prepared = try database.cachedStatement(sql: statement)
            try prepared.execute(arguments: Self.arguments(parameters))
            return database.changesCount
        }
    }

    /// To SQLite `$1` is a parameter whose name is "1".
    private static func arguments(_ parameters: [SQLValue]) -> StatementArguments {
        var named: [String: (any DatabaseValueConvertible)?] = [:]
        for (index, parameter) in parameters.enumerated() {
            named[String(index + 1)] =
                switch parameter {
                case .null: DatabaseValue.null
                case .integer(let number): number
                case .text(let text): text
                }
        }
        return StatementArguments(named)
    }

    private static func value(_ value: DatabaseValue) throws -> SQLValue {
        switch value.storage {
        case .null: .null
        case .int64(let number): .integer(number)
        case .string(let text): .text(text)
        case .double, .blob: throw CredentialError(.unavailable(.damaged), detail: "a value of a foreign type")
        }
    }
}
