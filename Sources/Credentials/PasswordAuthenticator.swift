package import Logging

/// Decides whether somebody is who they say, by name and password.
package protocol Authenticating: Sendable {
    /// Signs somebody in.
    ///
    /// - Parameters:
    ///   - name: The name as it was sent.
    ///   - password: The password as it was sent.
    ///   - address: Where it came from.
    /// - Returns: Who that is.
    /// - Throws: `invalidCredentials` for every wrong answer alike; `throttled`; `overloaded`, `shutDown`, `cancelled`,
    ///   `hashingFailed` or `unavailable` when no answer could be found.
    func authenticate(name: String, password: [UInt8], address: String) async throws(CredentialError) -> LoginIdentity
}

/// Checks passwords against a credential store.
///
/// An unknown name, a disabled account and a wrong password give the same error after the same work: one look-up and
/// exactly one hash. Where there is no account, the hash is one of the cost of new accounts; only imported hashes that
/// have not seen a successful sign-in yet may cost more or less than that.
package struct PasswordAuthenticator: Authenticating {
    private let store: any CredentialStoring
    private let pool: HashingPool
    private let logger: Logger

    /// Joins a store and a pool.
    ///
    /// - Parameters:
    ///   - store: Where the accounts are; asked on the pool's threads.
    ///   - pool: Computes the hashes.
    ///   - logger: Told when a stronger hash could not be stored.
    package init(store: any CredentialStoring, pool: HashingPool, logger: Logger) {
        self.store = store
        self.pool = pool
        self.logger = logger
    }

    package func authenticate(
        name: String, password: [UInt8], address: String
    ) async throws(CredentialError) -> LoginIdentity {
        // A password that no account can have is refused before any work: this says nothing about accounts.
        guard let password = try? Password(signingInWith: password) else {
            throw CredentialError(.invalidCredentials)
        }
        return try await pool.perform { () throws(CredentialError) in
            try decide(name: name, password: password)
        }
    }

    /// Look-up and hash, one after the other on one thread of the pool, so that one bound holds for both.
    private func decide(name: String, password: Password) throws(CredentialError) -> LoginIdentity {
        var record: UserRecord?
        if let name = try? UserName(name) {
            record = try store.find(name)
        }
        let hasher = pool.hasher
        let isMatch = try hasher.verify(password, against: record?.passwordHash ?? hasher.decoy)
        guard isMatch, let record, !record.user.isDisabled else {
            throw CredentialError(.invalidCredentials)
        }
        if hasher.needsRehash(record.passwordHash) {
            strengthenHash(of: record, password: password)
        }
        return LoginIdentity(name: record.user.name, scope: record.user.scope)
    }

    /// The password is known to be right: a store that cannot be written is no reason to refuse it.
    private func strengthenHash(of record: UserRecord, password: Password) {
        do throws(CredentialError) {
            let replacement = try pool.hasher.hash(password)
            _ = try store.replacePasswordHash(record.passwordHash, by: replacement, of: record.user.name)
        } catch {
            logger.warning("password hash could not be renewed", metadata: ["code": "\(error.code)"])
        }
    }
}
