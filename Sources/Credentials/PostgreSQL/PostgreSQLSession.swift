/// A connection of the pool, for as long as one operation takes.
struct PostgreSQLSession: SQLSession {
    let connection: PostgreSQLConnection

    func rows(_ statement: String, _ parameters: [SQLValue]) throws(CredentialError) -> [[SQLValue]] {
        try connection.run(statement, parameters).rows
    }

    func execute(_ statement: String, _ parameters: [SQLValue]) throws(CredentialError) -> Int {
        try connection.run(statement, parameters).changedCount
    }
}
