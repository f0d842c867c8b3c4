/// An account together with its password hash, as only the authenticator needs it.
package struct UserRecord: Sendable {
    /// The account.
    package let user: User

    /// What its password is checked against.
    package let passwordHash: PasswordHash

    /// Joins an account and its hash.
    package init(user: User, passwordHash: PasswordHash) {
        self.user = user
        self.passwordHash = passwordHash
    }
}
