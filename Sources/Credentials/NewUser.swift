/// An account to be added.
package struct NewUser: Sendable {
    /// The name it will sign in with.
    package let name: UserName

    /// What its password will be checked against: computed here, or imported.
    package let passwordHash: PasswordHash

    /// The scopes its tokens may have.
    package let scope: ScopeList

    /// Whether it starts out disabled.
    package let isDisabled: Bool

    /// Describes an account to be added.
    package init(name: UserName, passwordHash: PasswordHash, scope: ScopeList = .none, isDisabled: Bool = false) {
        self.name = name
        self.passwordHash = passwordHash
        self.scope = scope
        self.isDisabled = isDisabled
    }
}
