extension Configuration {
    /// What this gateway issues.
    package struct Tokens: Sendable, Equatable {
        /// The `iss` claim, an `http` or `https` URL.
        package var issuer: String
        /// The `aud` claim; never empty.
        package var audiences: [String]
        /// What new signing keys are for; always asymmetric.
        package var algorithm: SigningAlgorithm
        /// The absolute path of the folder with the signing keys.
        package var keyDirectory: String
        /// How long an access token lives.
        package var accessLifetimeSeconds: Int64
        /// How long a session may go unused; at least ``accessLifetimeSeconds``.
        package var refreshLifetimeSeconds: Int64
        /// How long a session may last; at least ``refreshLifetimeSeconds``.
        package var sessionLifetimeSeconds: Int64
        /// How long a refresh token that was just replaced is answered with the same successor.
        package var rotationGraceSeconds: Int64
    }
}
