/// An API key as the rest of the program may see it: without its hash.
package struct APIKey: Sendable, Hashable {
    /// Whose requests the key stands for.
    package enum Owner: Sendable, Hashable {
        /// A user or whoever else is the subject of tokens.
        case subject(UserName)
        /// A client, for itself.
        case client(ClientID)

        /// The name, which becomes the subject of the requests.
        package var name: String {
            switch self {
            case .subject(let name): name.text
            case .client(let id): id.text
            }
        }

        /// `subject` or `client`.
        package var kind: String {
            switch self {
            case .subject: "subject"
            case .client: "client"
            }
        }

        /// Reads what ``kind`` and ``name`` say.
        ///
        /// - Throws: `invalidName`.
        package init(kind: String, name: String) throws(CredentialError) {
            switch kind {
            case "subject": self = .subject(try UserName(name))
            case "client": self = .client(try ClientID(name))
            default: throw CredentialError(.invalidName)
            }
        }
    }

    /// Its public part.
    package let id: APIKeyID
    /// Whose it is.
    package let owner: Owner
    /// What it is for, in its owner's words.
    package let label: KeyLabel
    /// What it may be used for.
    package let scope: ScopeList
    /// Where it may be used from.
    package let addresses: AddressList
    /// When it was made, in milliseconds since 1970.
    package let createdAtMilliseconds: Int64
    /// When it ends, in milliseconds since 1970; `nil` for never.
    package let expiresAtMilliseconds: Int64?
    /// When it was last used as far as is known, in milliseconds since 1970; some minutes may be missing.
    package let lastUsedAtMilliseconds: Int64?
    /// When it was revoked, in milliseconds since 1970; `nil` while it is not.
    package let revokedAtMilliseconds: Int64?

    /// Describes a key.
    package init(
        id: APIKeyID, owner: Owner, label: KeyLabel, scope: ScopeList, addresses: AddressList,
        createdAtMilliseconds: Int64, expiresAtMilliseconds: Int64?, lastUsedAtMilliseconds: Int64?,
        revokedAtMilliseconds: Int64?
    ) {
        self.id = id
        self.owner = owner
        self.label = label
        self.scope = scope
        self.addresses = addresses
        self.createdAtMilliseconds = createdAtMilliseconds
        self.expiresAtMilliseconds = expiresAtMilliseconds
        self.lastUsedAtMilliseconds = lastUsedAtMilliseconds
        self.revokedAtMilliseconds = revokedAtMilliseconds
    }
}

/// What a key is for, in its owner's words: at most 128 printable characters, or nothing.
package struct KeyLabel: Sendable, Hashable {
    /// The label.
    package let text: String

    /// Accepts a label.
    ///
    /// - Throws: `invalidName`.
    package init(_ text: String) throws(CredentialError) {
        // The same characters as names have: a label is shown beside them.
        if !text.isEmpty { _ = try UserName(text) }
        self.text = text
    }
}

/// An API key together with its hash, as only its check needs it.
package struct APIKeyRecord: Sendable {
    /// The key.
    package let key: APIKey
    /// What the secret is checked against.
    package let secretHash: SecretHash
    /// Whether its owner is a user or a client that is disabled.
    package let isOwnerDisabled: Bool

    /// Joins a key, its hash and its owner's state.
    package init(key: APIKey, secretHash: SecretHash, isOwnerDisabled: Bool) {
        self.key = key
        self.secretHash = secretHash
        self.isOwnerDisabled = isOwnerDisabled
    }
}

/// An API key to be added.
package struct NewAPIKey: Sendable {
    /// Its public part.
    package let id: APIKeyID
    /// What the secret will be checked against.
    package let secretHash: SecretHash
    /// Whose it is.
    package let owner: APIKey.Owner
    /// What it is for.
    package let label: KeyLabel
    /// What it may be used for.
    package let scope: ScopeList
    /// Where it may be used from.
    package let addresses: AddressList
    /// When it ends, in milliseconds since 1970; `nil` for never.
    package let expiresAtMilliseconds: Int64?

    /// Describes a key to be added.
    package init(
        id: APIKeyID, secretHash: SecretHash, owner: APIKey.Owner, label: KeyLabel, scope: ScopeList,
        addresses: AddressList, expiresAtMilliseconds: Int64?
    ) {
        self.id = id
        self.secretHash = secretHash
        self.owner = owner
        self.label = label
        self.scope = scope
        self.addresses = addresses
        self.expiresAtMilliseconds = expiresAtMilliseconds
    }
}
