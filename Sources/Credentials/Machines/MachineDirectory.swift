/// Clients and API keys as an operator changes them: text in, rules checked, secrets made and shown once.
///
/// Every call may block: call it on a thread made for that, never on an event loop.
package struct MachineDirectory: Sendable {
    /// The identifier that tokens of this gateway's own login have, and no registered client can.
    package static let firstPartyClientID = "portcullis"
    private static let clientSecretPrefix = "cs_"

    private let store: any MachineCredentialStoring
    private let hasher: SecretHasher
    private let clock: @Sendable () -> Int64

    /// Joins a store and a hasher.
    ///
    /// - Parameters:
    ///   - store: where they are kept.
    ///   - hasher: hashes their secrets.
    ///   - clock: milliseconds since 1970.
    package init(
        store: any MachineCredentialStoring, hasher: SecretHasher, clock: @escaping @Sendable () -> Int64
    ) {
        self.store = store
        self.hasher = hasher
        self.clock = clock
    }

    /// Adds a client.
    ///
    /// - Parameters:
    ///   - id: 1 to 128 visible ASCII characters.
    ///   - isPublic: whether it gets no secret; such a client gets no tokens for itself.
    ///   - grants: names of grants with one space between them, or nothing.
    ///   - scope: scope tokens with one space between them, or nothing.
    /// - Returns: its secret, to be shown once; `nil` for a public client.
    /// - Throws: `invalidName`, `invalidGrant`, `invalidScope`, `duplicateName`, and what the store throws.
    package func addClient(
        id: String, isPublic: Bool, grants: String, scope: String
    ) throws(CredentialError) -> String? {
        let id = try ClientID(id)
        guard id.text != Self.firstPartyClientID else { throw CredentialError(.duplicateName, detail: id.text) }
        let grants = try ClientGrants(grants)
        guard !isPublic || !grants.contains(.clientCredentials) else { throw CredentialError(.invalidGrant) }
        let scope = try ScopeList(scope)
        var secret: String?
        var hash: SecretHash?
        if !isPublic {
            // 43 characters of 62 are 256 bits.
            let text = Self.clientSecretPrefix + String(decoding: try SecretText.random(43), as: UTF8.self)
            hash = try hasher.hash(text.utf8, of: id.text, for: .client)
            secret = text
        }
        try store.add(
            NewClient(id: id, secretHash: hash, grants: grants, scope: scope), nowMilliseconds: clock())
        return secret
    }

    /// Makes an API key.
    ///
    /// - Parameters:
    ///   - owner: whose it is.
    ///   - label: what it is for, or nothing.
    ///   - scope: scope tokens with one space between them, or nothing.
    ///   - addresses: addresses and blocks with one space between them, or nothing for all.
    ///   - lifetimeSeconds: how long it lives; `nil` for ever.
    /// - Returns: the key, to be shown once.
    /// - Throws: `invalidName`, `invalidScope`, `invalidAddress`, `unknownClient`, and what the store throws.
    package func createAPIKey(
        owner: APIKey.Owner, label: String = "", scope: String, addresses: String = "", lifetimeSeconds: Int64? = nil
    ) throws(CredentialError) -> APIKeyText {
        let text = try APIKeyText.generate()
        let now = clock()
        var expiry: Int64?
        if let lifetimeSeconds {
            let (milliseconds, overflow) = lifetimeSeconds.multipliedReportingOverflow(by: 1000)
            let (sum, isTooLate) = now.addingReportingOverflow(milliseconds)
            guard !overflow, !isTooLate, lifetimeSeconds > 0 else { throw CredentialError(.invalidTime) }
            expiry = sum
        }
        try store.add(
            NewAPIKey(
                id: text.id, secretHash: try text.hash(by: hasher), owner: owner, label: try KeyLabel(label),
                scope: try ScopeList(scope), addresses: try AddressList(addresses), expiresAtMilliseconds: expiry),
            nowMilliseconds: now)
        return text
    }
}
