/// Who has logged in, and what that entitles to.
package struct LoginIdentity: Sendable, Hashable {
    /// The account's name, the subject of its tokens.
    package let name: UserName

    /// The scopes that its tokens may have.
    package let scope: ScopeList

    /// Further claims for its tokens: the text of a JSON object, or empty.
    package let claims: String

    /// Describes who has logged in.
    package init(name: UserName, scope: ScopeList, claims: String = "") {
        self.name = name
        self.scope = scope
        self.claims = claims
    }
}
