extension Configuration {
    /// What this gateway issues.
    package struct Tokens: Sendable, Equatable {
        /// The `iss` claim, an `http` or `https` URL.
        package var issuer: String
        /// The `aud` claim; never empty.
        package var audiences: [String]
        /// What new signing keys are for, and keys that do not say.
        package var algorithm: SigningAlgorithm
        /// The absolute path of the folder with the keys; `nil` when they stand in the configuration.
        package var keyDirectory: String?
        /// PEM or JWK texts: the key that signs, then those that are only published and verify.
        ///
        /// Empty with a ``keyDirectory``.
        package var signingKeys: [Secret]
        /// Hexadecimal texts: the key that refresh tokens are derived with, then those whose tokens are still taken.
        package var refreshKeys: [Secret]
        /// How long a new key is published before it signs.
        package var publishAheadSeconds: Int64
        /// After how long keys are exchanged without being asked for; `nil` is never.
        package var rotateEverySeconds: Int64?
        /// Further claims of access tokens.
        package var claims: TokenClaims
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
