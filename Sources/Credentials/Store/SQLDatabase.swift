/// A database with the tables of ``CredentialSchema``: SQLite or PostgreSQL.
///
/// Calls block, for a bounded time: make them on threads of their own, never on an event loop.
package protocol SQLDatabase: Sendable {
    /// Runs queries; each of them sees the database as it is when it is run.
    ///
    /// - Parameter body: The queries; they may be run again from the start when a connection turns out to be lost.
    /// - Returns: What the body returns.
    /// - Throws: `unavailable`, and what the body throws.
    func read<Value>(
        _ body: (any SQLSession) throws(CredentialError) -> Value
    ) throws(CredentialError) -> Value

    /// Runs queries; all of them see the database as it was at one moment.
    ///
    /// - Parameter body: The queries.
    /// - Returns: What the body returns.
    /// - Throws: `unavailable`, and what the body throws.
    func snapshot<Value>(
        _ body: (any SQLSession) throws(CredentialError) -> Value
    ) throws(CredentialError) -> Value

    /// Runs changes as one transaction: an error takes all of them back.
    ///
    /// - Parameter body: The changes; run once.
    /// - Returns: What the body returns, once everything is on disk.
    /// - Throws: `integrityViolation`, `unavailable`, and what the body throws. A connection lost during the commit
    ///   leaves open whether the changes were made; every other error means that they were not.
    func write<Value>(
        _ body: (any SQLSession) throws(CredentialError) -> Value
    ) throws(CredentialError) -> Value

    /// Closes the database as soon as the calls in progress are done; later calls throw `unavailable`.
    func close()
}
