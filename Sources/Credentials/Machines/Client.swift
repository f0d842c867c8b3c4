/// A program that gets tokens (RFC 6749 section 2), as the rest of the program may see it: without its secret's hash.
package struct Client: Sendable, Hashable {
    /// Its identifier.
    package let id: ClientID

    /// Whether it has no secret, and so proves nothing by its identifier (RFC 6749 section 2.1).
    package let isPublic: Bool

    /// What it may get tokens for.
    package let grants: ClientGrants

    /// The scopes its tokens may have.
    package let scope: ScopeList

    /// Whether it is refused.
    package let isDisabled: Bool

    /// When it was added, in milliseconds since 1970.
    package let createdAtMilliseconds: Int64

    /// When its state last changed, in milliseconds since 1970.
    package let updatedAtMilliseconds: Int64

    /// Describes a client.
    package init(
        id: ClientID, isPublic: Bool, grants: ClientGrants, scope: ScopeList, isDisabled: Bool,
        createdAtMilliseconds: Int64, updatedAtMilliseconds: Int64
    ) {
        self.id = id
        self.isPublic = isPublic
        self.grants = grants
        self.scope = scope
        self.isDisabled = isDisabled
        self.createdAtMilliseconds = createdAtMilliseconds
        self.updatedAtMilliseconds = updatedAtMilliseconds
    }
}

/// A client together with the hash of its secret, as only its authentication needs it.
package struct ClientRecord: Sendable {
    /// The client.
    package let client: Client

    /// What its secret is checked against; `nil` for a public client.
    package let secretHash: SecretHash?

    /// Joins a client and its hash.
    package init(client: Client, secretHash: SecretHash?) {
        self.client = client
        self.secretHash = secretHash
    }
}

/// A client to be added.
package struct NewClient: Sendable {
    /// Its identifier.
    package let id: ClientID

    /// What its secret will be checked against; `nil` makes it public.
    package let secretHash: SecretHash?

    /// What it may get tokens for.
    package let grants: ClientGrants

    /// The scopes its tokens may have.
    package let scope: ScopeList

    /// Describes a client to be added.
    package init(id: ClientID, secretHash: SecretHash?, grants: ClientGrants, scope: ScopeList) {
        self.id = id
        self.secretHash = secretHash
        self.grants = grants
        self.scope = scope
    }
}
