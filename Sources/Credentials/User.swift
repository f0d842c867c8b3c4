/// An account as the rest of the program may see it: without its password hash.
package struct User: Sendable, Hashable {
    /// The name it signs in with; also the subject of its tokens.
    package let name: UserName

    /// The scopes its tokens may have.
    package let scope: ScopeList

    /// Whether signing in is refused.
    package let isDisabled: Bool

    /// When it was added, in milliseconds since 1970.
    package let createdAtMilliseconds: Int64

    /// When its password or its state last changed, in milliseconds since 1970.
    package let updatedAtMilliseconds: Int64

    /// Describes an account.
    package init(
        name: UserName, scope: ScopeList, isDisabled: Bool, createdAtMilliseconds: Int64, updatedAtMilliseconds: Int64
    ) {
        self.name = name
        self.scope = scope
        self.isDisabled = isDisabled
        self.createdAtMilliseconds = createdAtMilliseconds
        self.updatedAtMilliseconds = updatedAtMilliseconds
    }
}
