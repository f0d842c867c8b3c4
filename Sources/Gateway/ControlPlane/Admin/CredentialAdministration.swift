import Credentials
import JOSE
import Proxy
import Revocation
import Sessions

/// Accounts, clients and API keys as administrators change them, and what follows from a change for tokens.
///
/// What takes something away comes in an order that can be repeated after a failure: nobody gets in any more, then
/// what is out is refused, and only then is the row deleted.
struct CredentialAdministration: Sendable {
    let users: UserDirectory
    let store: any MachineCredentialStoring
    /// Its threads wait for the database.
    let threads: MachineAuthenticator
    /// `nil` without a key directory; then no secrets can be made.
    let pepper: CredentialPepper?
    let keyRevocation: APIKeyRevocation
    let lifetimes: RevocationLifetimes
    let sessions: SessionService?
    let clock: @Sendable () -> Int64

    /// Runs a call to the store where it may block.
    func perform<Value: Sendable>(
        _ work: @escaping @Sendable (any MachineCredentialStoring) throws(CredentialError) -> Value
    ) async throws(CredentialError) -> Value {
        try await threads.perform { [store] () throws(CredentialError) in try work(store) }
    }

    /// Makes a secret; the pepper is made with the first.
    func makeSecret<Value: Sendable>(
        _ work: @escaping @Sendable (MachineDirectory) throws(CredentialError) -> Value
    ) async throws -> Value {
        guard let pepper else { throw Problem.noPepper }
        let made = try await threads.perform { [store, clock] () throws(CredentialError) in
            let bytes: [UInt8]
            do throws(SigningKeyError) {
                bytes = try pepper.loadOrCreate()
            } catch {
                return Result<Value, SigningKeyError>.failure(error)
            }
            let hasher = try SecretHasher(pepper: bytes)
            return .success(try work(MachineDirectory(store: store, hasher: hasher, clock: clock)))
        }
        return try made.get()
    }

    // MARK: - Taking away

    /// Refuses what a subject holds: its sessions and its tokens.
    func endTokens(ofUser name: String, reason: String) async throws {
        try await sessions?.endAll(subject: name, reason: .administrator, remark: reason)
    }

    /// Refuses the tokens that were issued to a client.
    func endTokens(ofClient id: ClientID, reason: String) async throws {
        let now = clock()
        let revocation = lifetimes.revocation(of: .client(id.text), nowMilliseconds: now, reason: reason)
        try await keyRevocation.writer.revoke([revocation], nowMilliseconds: now)
    }

    /// Revokes the API keys of an owner and tells every node.
    func revokeKeys(of owner: APIKey.Owner, reason: String) async throws {
        let now = clock()
        let keys = try await perform { store throws(CredentialError) in
            try store.revokeAPIKeys(of: owner, nowMilliseconds: now)
        }
        try await keyRevocation.announce(keys, nowMilliseconds: now, reason: reason)
    }

    /// Revokes an API key and tells every node.
    func revoke(_ key: APIKeyID, reason: String) async throws {
        let now = clock()
        try await perform { store throws(CredentialError) in try store.revoke(key, nowMilliseconds: now) }
        try await keyRevocation.announce([key], nowMilliseconds: now, reason: reason)
    }
}

extension Problem {
    /// The configuration names no database of accounts.
    static let noCredentials = Problem(
        status: 409, error: "conflict",
        description: "this gateway keeps no accounts: credentials.database is not set")
    /// There is no place for the pepper.
    static let noPepper = Problem(
        status: 409, error: "conflict", description: "secrets need tokens.key_directory: their pepper is kept there")
}
