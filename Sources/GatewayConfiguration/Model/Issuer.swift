extension Configuration {
    /// Somebody else whose tokens are accepted.
    package struct Issuer: Sendable, Equatable {
        /// The `iss` claim, compared byte for byte.
        package var issuer: String
        /// Where its keys are.
        package var keySource: KeySource
        /// A token must name one of these; never empty.
        package var audiences: [String]
        /// Where it must name it.
        package var audienceClaim = AudienceClaim.audience
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
            /// Instead of `scope`, or else `scp`: the names that lead to it.
            package var scope: [String]?
            /// Instead of `client_id`, or else `azp`.
            package var clientID: String?
        }
    }

    /// Which claim says whom a token is for.
    package enum AudienceClaim: String, Sendable, CaseIterable {
        /// `aud`.
        case audience = "aud"
        /// `client_id`, and `aud` as well where a token has one.
        case clientID = "client_id"
    }

    /// Where an issuer's keys are.
    package enum KeySource: Sendable, Equatable {
        /// In a file: the absolute path of a JWK set.
        case file(String)
        /// Published, and to be fetched.
        case published(PublishedKeys)
    }

    /// How published keys are fetched.
    package struct PublishedKeys: Sendable, Equatable {
        /// The address of the JWK set; `nil` where the issuer's metadata says it.
        package var url: String?
        /// An absolute path: the authorities to trust in place of the system's.
        package var authoritiesFile: String?
        /// The longest time between two fetches.
        package var refreshSeconds: Int64 = 600
        /// How long after one fetch an unknown `kid` may cause the next.
        package var coolDownSeconds: Int64 = 10
        /// How long keys count that cannot be confirmed.
        package var maximumStaleSeconds: Int64 = 86_400
    }
}
