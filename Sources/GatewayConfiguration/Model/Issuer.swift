extension Configuration {
    /// Somebody else whose tokens are accepted.
    package struct Issuer: Sendable, Equatable {
        /// The `iss` claim, compared byte for byte.
        package var issuer: String
        /// The absolute path of a file with the JWK set.
        package var keySetFile: String
        /// A token must name one of these in `aud`; never empty.
        package var audiences: [String]
        /// The algorithms a token may be signed with; never empty.
        package var algorithms: [SigningAlgorithm]
        /// The longest `exp - iat` that is accepted.
        ///
        /// Revocations of its tokens are kept for this long.
        package var maximumLifetimeSeconds: Int64
        /// What its tokens call the claims that are read.
        package var claims: ClaimNames

        /// The names of claims; `nil` for the usual one.
        package struct ClaimNames: Sendable, Equatable {
            /// Instead of `sub`.
            package var subject: String?
            /// Instead of `scope`, or else `scp`.
            package var scope: String?
            /// Instead of `client_id`, or else `azp`.
            package var clientID: String?
        }
    }
}
