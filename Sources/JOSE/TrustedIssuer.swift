/// An issuer whose tokens are accepted, and under which rules.
package struct TrustedIssuer: Sendable {
    /// The exact value of `iss`.
    package let issuer: String
    /// At least one of these must be what a token says it is for.
    package let audiences: [String]
    /// Where its tokens say that.
    package let audienceClaim: AudienceClaim
    /// The algorithms its tokens may use.
    package var algorithms: Set<SignatureAlgorithm>
    /// Its keys; may be empty while they are not known yet.
    package var keys: JSONWebKeySet
    /// Whether its keys are known and recent enough; while they are not, its tokens can be neither accepted nor refused.
    package var isAvailable = true
    /// Whether `typ` must say that the token is an access token (RFC 9068 section 4).
    package let requireType: Bool
    /// The longest accepted time from `iat` to `exp`; nil for no limit.
    package let maximumLifetimeSeconds: Int64?
    /// What its tokens call the claims that are read.
    package let claims: ClaimMapping

    /// An issuer and its rules; `TokenVerifier` checks them.
    package init(
        issuer: String, audiences: [String], audienceClaim: AudienceClaim = .audience,
        algorithms: Set<SignatureAlgorithm>, keys: JSONWebKeySet,
        requireType: Bool = false, maximumLifetimeSeconds: Int64? = nil, claims: ClaimMapping = .standard
    ) {
        self.issuer = issuer
        self.audiences = audiences
        self.audienceClaim = audienceClaim
        self.algorithms = algorithms
        self.keys = keys
        self.requireType = requireType
        self.maximumLifetimeSeconds = maximumLifetimeSeconds
        self.claims = claims
    }
}
