import LibCrypto
import Synchronization

/// Hashes the secrets of API keys and clients: HMAC-SHA256 under a pepper that the database does not hold.
///
/// Whoever reads the database alone can neither use what is in it nor put in a secret of his own that would work.
package final class SecretHasher: Sendable {
    /// What a secret is for; the hash of one kind is never that of another.
    package enum Purpose: String, Sendable {
        /// An API key's secret.
        case apiKey = "portcullis api key v1"
        /// A client's secret.
        case client = "portcullis client secret v1"
    }

    /// The fewest bytes of a pepper.
    package static let minimumPepperByteCount = 32

    // The authenticator is for one user at a time; a code takes half a microsecond.
    private let authenticator: Mutex<MessageAuthenticator>

    /// - Parameter pepper: secret random bytes, at least ``minimumPepperByteCount``.
    /// - Throws: `hashingFailed` for a shorter pepper.
    package init(pepper: [UInt8]) throws(CredentialError) {
        guard pepper.count >= Self.minimumPepperByteCount,
            let authenticator = try? MessageAuthenticator(key: pepper, hash: .sha256)
        else { throw CredentialError(.hashingFailed, detail: "the pepper is too short") }
        self.authenticator = Mutex(authenticator)
    }

    /// The hash of a secret, bound to whose it is.
    ///
    /// - Parameters:
    ///   - secret: the secret.
    ///   - identifier: the identifier that goes with it; holds no NUL byte.
    ///   - purpose: what it is for.
    /// - Returns: the hash.
    /// - Throws: `hashingFailed`.
    package func hash(
        _ secret: some Sequence<UInt8>, of identifier: String, for purpose: Purpose
    ) throws(CredentialError) -> SecretHash {
        var message = Array(purpose.rawValue.utf8) + [0]
        message += Array(identifier.utf8) + [0]
        message += secret
        let code = authenticator.withLock { authenticator in
            message.withUnsafeBytes { try? authenticator.code(for: $0) }
        }
        guard let code, let hash = SecretHash(bytes: code) else { throw CredentialError(.hashingFailed) }
        return hash
    }

    /// Whether a secret is the one that a hash was made of; compared in constant time.
    ///
    /// - Throws: `hashingFailed`.
    package func verify(
        _ secret: some Sequence<UInt8>, of identifier: String, for purpose: Purpose, against hash: SecretHash
    ) throws(CredentialError) -> Bool {
        try self.hash(secret, of: identifier, for: purpose).matches(hash)
    }
}
