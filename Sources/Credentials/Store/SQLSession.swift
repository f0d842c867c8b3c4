/// A connection to the database for as long as one operation takes.
///
/// Statements are constants in the SQL that SQLite and PostgreSQL have in common; whatever varies is a parameter, `$1`
/// and so on, and never becomes part of the text.
package protocol SQLSession {
    /// Runs a query.
    ///
    /// - Parameters:
    ///   - statement: A constant.
    ///   - parameters: The values of `$1`, `$2` …
    /// - Returns: The rows, with a value for each column.
    /// - Throws: `unavailable`.
    func rows(_ statement: String, _ parameters: [SQLValue]) throws(CredentialError) -> [[SQLValue]]

    /// Runs a change.
    ///
    /// - Parameters:
    ///   - statement: A constant.
    ///   - parameters: The values of `$1`, `$2` …
    /// - Returns: How many rows it inserted, updated or deleted.
    /// - Throws: `integrityViolation`, `unavailable`.
    @discardableResult
    func execute(_ statement: String, _ parameters: [SQLValue]) throws(CredentialError) -> Int
}
