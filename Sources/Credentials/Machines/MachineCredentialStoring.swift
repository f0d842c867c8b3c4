/// Where clients and API keys are kept; the same database as that of the accounts.
///
/// Every call may block: call it on a thread made for that, never on an event loop. All throw `CredentialError` with
/// `unavailable` when the store cannot answer, and then nothing has changed.
package protocol MachineCredentialStoring: Sendable {
    /// Adds a client.
    ///
    /// A client gets tokens whose subject is its identifier (RFC 9068 section 2.2), so no account may have that name
    /// (RFC 9068 section 5).
    ///
    /// - Parameters:
    ///   - client: the client.
    ///   - nowMilliseconds: the time, in milliseconds since 1970.
    /// - Throws: `duplicateName` when a client or an account has the name, `invalidTime`, `unavailable`.
    func add(_ client: NewClient, nowMilliseconds: Int64) throws(CredentialError)

    /// Finds a client for its authentication; `nil` when there is none of this name.
    ///
    /// - Throws: `unavailable`; also when the row cannot be understood.
    func find(_ id: ClientID) throws(CredentialError) -> ClientRecord?

    /// Lists clients in the order of their identifiers' bytes.
    ///
    /// - Parameters:
    ///   - id: the last of the page before, or `nil` for the first page.
    ///   - limit: how many to return at most; 1 to 1000, and what lies outside is brought inside.
    /// - Returns: the clients that follow.
    /// - Throws: `unavailable`.
    func listClients(after id: ClientID?, limit: Int) throws(CredentialError) -> [Client]

    /// Disables a client, or enables it again.
    ///
    /// - Throws: `unknownClient`, `invalidTime`, `unavailable`.
    func setDisabled(_ isDisabled: Bool, of id: ClientID, nowMilliseconds: Int64) throws(CredentialError)

    /// Deletes a client, and revokes its API keys, so that a later client of this name does not get them, too.
    ///
    /// - Throws: `unknownClient`, `invalidTime`, `unavailable`.
    func delete(_ id: ClientID, nowMilliseconds: Int64) throws(CredentialError)

    /// Adds an API key.
    ///
    /// - Throws: `duplicateName` when there is one of this id, `unknownClient` when its owner is a client that does not
    ///   exist, `invalidTime`, `unavailable`.
    func add(_ key: NewAPIKey, nowMilliseconds: Int64) throws(CredentialError)

    /// Finds an API key for its check; `nil` when there is none of this id. Revoked and expired ones are found.
    ///
    /// - Throws: `unavailable`; also when the row cannot be understood.
    func find(_ id: APIKeyID) throws(CredentialError) -> APIKeyRecord?

    /// Lists API keys in the order of their ids' bytes; the parameters are as for clients.
    ///
    /// - Throws: `unavailable`.
    func listAPIKeys(after id: APIKeyID?, limit: Int) throws(CredentialError) -> [APIKey]

    /// Revokes an API key for ever. Again is harmless and keeps the first time.
    ///
    /// - Throws: `unknownAPIKey`, `invalidTime`, `unavailable`.
    func revoke(_ id: APIKeyID, nowMilliseconds: Int64) throws(CredentialError)

    /// Deletes an API key: from then on it is one that never was.
    ///
    /// - Throws: `unknownAPIKey`, `unavailable`.
    func delete(_ id: APIKeyID) throws(CredentialError)

    /// Revokes every API key of an owner.
    ///
    /// - Returns: the ids of all of the owner's keys that have not expired, revoked now or before.
    /// - Throws: `invalidTime`, `unavailable`.
    func revokeAPIKeys(of owner: APIKey.Owner, nowMilliseconds: Int64) throws(CredentialError) -> [APIKeyID]

    /// Writes down when keys were last used; a time before the one that is known changes nothing.
    ///
    /// - Parameter uses: when, in milliseconds since 1970, by key; keys that are gone are passed over.
    /// - Throws: `unavailable`.
    func noteUses(_ uses: [APIKeyID: Int64]) throws(CredentialError)
}

/// A whole credential store: accounts, clients and API keys.
package typealias CredentialDatabase = CredentialStoring & MachineCredentialStoring
