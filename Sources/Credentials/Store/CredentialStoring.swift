/// Where accounts are kept.
///
/// Every call may block (for at most the store's busy time-out): call it on a thread of the hashing pool, never on an
/// event loop. All throw `CredentialError` with `unavailable` when the store cannot answer, and then nothing has
/// changed.
package protocol CredentialStoring: Sendable {
    /// Adds accounts: all of them or none.
    ///
    /// - Parameters:
    ///   - users: The accounts.
    ///   - nowMilliseconds: The time, in milliseconds since 1970.
    /// - Throws: `duplicateName` (the name is the error's detail), `invalidTime`, `unavailable`.
    func add(_ users: [NewUser], nowMilliseconds: Int64) throws(CredentialError)

    /// Finds an account for signing in.
    ///
    /// - Parameter name: Its name.
    /// - Returns: The account and its hash, or `nil` when there is none of this name.
    /// - Throws: `unavailable`; also when the row cannot be understood.
    func find(_ name: UserName) throws(CredentialError) -> UserRecord?

    /// Lists accounts in the order of their names' bytes.
    ///
    /// - Parameters:
    ///   - name: The last name of the page before, or `nil` for the first page.
    ///   - limit: How many to return at most; 1 to 1000, and what lies outside is brought inside.
    /// - Returns: The accounts that follow.
    /// - Throws: `unavailable`.
    func list(after name: UserName?, limit: Int) throws(CredentialError) -> [User]

    /// Gives an account another password.
    ///
    /// - Parameters:
    ///   - passwordHash: The hash of the new password.
    ///   - name: The account.
    ///   - nowMilliseconds: The time, in milliseconds since 1970.
    /// - Throws: `unknownUser`, `invalidTime`, `unavailable`.
    func setPasswordHash(_ passwordHash: PasswordHash, of name: UserName, nowMilliseconds: Int64)
        throws(CredentialError)

    /// Puts a stronger hash of the same password in the place of a weaker one.
    ///
    /// - Parameters:
    ///   - current: The hash that was checked.
    ///   - replacement: The new hash.
    ///   - name: The account.
    /// - Returns: `false`, and nothing changed, when the account has another hash by now or is gone.
    /// - Throws: `unavailable`.
    func replacePasswordHash(_ current: PasswordHash, by replacement: PasswordHash, of name: UserName)
        throws(CredentialError) -> Bool

    /// Disables an account, or enables it again.
    ///
    /// - Parameters:
    ///   - isDisabled: Whether signing in is to be refused.
    ///   - name: The account.
    ///   - nowMilliseconds: The time, in milliseconds since 1970.
    /// - Throws: `unknownUser`, `invalidTime`, `unavailable`.
    func setDisabled(_ isDisabled: Bool, of name: UserName, nowMilliseconds: Int64) throws(CredentialError)

    /// Deletes an account, and revokes its API keys, so that whoever gets the name later does not get them, too.
    ///
    /// - Parameters:
    ///   - name: The account.
    ///   - nowMilliseconds: The time, in milliseconds since 1970.
    /// - Throws: `unknownUser`, `invalidTime`, `unavailable`.
    func delete(_ name: UserName, nowMilliseconds: Int64) throws(CredentialError)
}
