/// What went wrong with an account, a password or the store; two errors are equal when their codes are.
package struct CredentialError: Error, Sendable, Equatable {
    /// The kinds of failure that a caller can tell apart.
    package enum Code: Sendable, Hashable {
        /// The name is empty, too long or has characters that cannot be seen.
        case invalidName
        /// The scope is not a list of scope tokens (RFC 6749 section 3.3).
        case invalidScope
        /// The time of a change lies before 1970.
        case invalidTime
        /// The new password has fewer characters than allowed.
        case passwordTooShort
        /// The password has more bytes than allowed.
        case passwordTooLong
        /// The password is empty, has a NUL byte or, where a new one is chosen, is not UTF-8.
        case passwordMalformed
        /// The new password is on the deny-list, or is the name of its account.
        case passwordTooCommon
        /// The deny-list of passwords cannot be read, is not UTF-8 or too long.
        case invalidDenyList
        /// The file of accounts to be imported is not of its form.
        case malformedImport
        /// The password hash is in no form that is understood, or its parameters are out of bounds.
        case invalidPasswordHash
        /// An account of this name exists.
        case duplicateName
        /// No account has this name.
        case unknownUser
        /// No client has this identifier.
        case unknownClient
        /// No API key has this id.
        case unknownAPIKey
        /// The grant is none that clients can have.
        case invalidGrant
        /// The address or block of addresses cannot be read.
        case invalidAddress
        /// The stored hash of a secret is in no form that is understood.
        case invalidSecretHash
        /// Wrong password, no such account or a disabled one: never told apart.
        case invalidCredentials
        /// Too many wrong answers for this account or from this address; again in so many seconds.
        case throttled(retryAfterSeconds: Int)
        /// The store refused the change because a rule of its schema forbids it.
        case integrityViolation
        /// The database that is to be copied to has rows already.
        case targetNotEmpty
        /// There is a file where a new one was to be written.
        case fileExists
        /// The hashing pool has no room: try again later.
        case overloaded
        /// The hashing pool is shutting down.
        case shutDown
        /// The task was cancelled before its work began.
        case cancelled
        /// The library could not compute a hash or random bytes, mostly for want of memory.
        case hashingFailed
        /// The store cannot answer.
        case unavailable(StoreFault)
    }

    /// What went wrong.
    package let code: Code

    /// More for the operator (a field, a name, the database's words); never a password or a hash.
    package let detail: String

    /// Describes a failure.
    package init(_ code: Code, detail: String = "") {
        self.code = code
        self.detail = detail
    }

    /// Equal codes make equal errors: the detail is for people.
    package static func == (left: CredentialError, right: CredentialError) -> Bool {
        left.code == right.code
    }

    /// Whether the same request may succeed later without any change to it.
    package var isTemporary: Bool {
        switch code {
        case .unavailable, .overloaded, .shutDown, .hashingFailed: true
        default: false
        }
    }
}
