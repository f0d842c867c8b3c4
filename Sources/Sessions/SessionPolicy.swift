package import Revocation

/// What is put into tokens and how long things live; all durations in seconds.
package struct SessionPolicy: Sendable, Hashable {
    /// The `iss` of every token.
    package let issuer: String
    /// The `aud` of every token; never empty.
    package let audiences: [String]
    /// The life of an access token.
    package let accessLifetimeSeconds: Int64
    /// A session unused for this long ends.
    package let refreshLifetimeSeconds: Int64
    /// The absolute end of a session, counted from its beginning.
    package let sessionLifetimeSeconds: Int64
    /// How long after a rotation the token before it is still answered with the same successor; 0 is never.
    package let rotationGraceSeconds: Int64
    /// How long after `exp` verifiers still accept a token.
    package let leewaySeconds: Int64
    /// The longest life accepted of a token of another issuer; 0 without any.
    ///
    /// It says what the stream must keep.
    package let foreignLifetimeSeconds: Int64
    /// Further claims of access tokens.
    package let extraClaims: ExtraClaims

    /// Gathers the configured values.
    package init(
        issuer: String,
        audiences: [String],
        accessLifetimeSeconds: Int64,
        refreshLifetimeSeconds: Int64,
        sessionLifetimeSeconds: Int64,
        rotationGraceSeconds: Int64,
        leewaySeconds: Int64,
        foreignLifetimeSeconds: Int64 = 0,
        extraClaims: ExtraClaims = .none
    ) {
        self.issuer = issuer
        self.audiences = audiences
        self.accessLifetimeSeconds = accessLifetimeSeconds
        self.refreshLifetimeSeconds = refreshLifetimeSeconds
        self.sessionLifetimeSeconds = sessionLifetimeSeconds
        self.rotationGraceSeconds = rotationGraceSeconds
        self.leewaySeconds = leewaySeconds
        self.foreignLifetimeSeconds = foreignLifetimeSeconds
        self.extraClaims = extraClaims
    }

    /// The lives revocations of these tokens must have.
    package var revocationLifetimes: RevocationLifetimes {
        RevocationLifetimes(
            accessMilliseconds: EpochMilliseconds.ofSeconds(accessLifetimeSeconds),
            foreignMilliseconds: EpochMilliseconds.ofSeconds(foreignLifetimeSeconds),
            leewayMilliseconds: EpochMilliseconds.ofSeconds(leewaySeconds),
            sessionIdleMilliseconds: refreshLifetimeMilliseconds
        )
    }

    var refreshLifetimeMilliseconds: Int64 { EpochMilliseconds.ofSeconds(refreshLifetimeSeconds) }
    var sessionLifetimeMilliseconds: Int64 { EpochMilliseconds.ofSeconds(sessionLifetimeSeconds) }
    var rotationGraceMilliseconds: Int64 { EpochMilliseconds.ofSeconds(rotationGraceSeconds) }

    /// How long a revoked session must be remembered: as long as its youngest access token is accepted.
    var sessionMarkLifeMilliseconds: Int64 { revocationLifetimes.lifeMilliseconds(of: .session, origin: .own) }

    /// How long an access token's mark must stay; 0 when the token is dead already.
    func markLifeMilliseconds(of token: EndedToken, nowMilliseconds: Int64) -> Int64 {
        let leeway = EpochMilliseconds.ofSeconds(leewaySeconds)
        return max(0, EpochMilliseconds.sum(token.expiresAtMilliseconds, leeway) - nowMilliseconds)
    }

    /// The revocation of one access token.
    func mark(of token: EndedToken, reason: String) -> Revocation {
        let leeway = EpochMilliseconds.ofSeconds(leewaySeconds)
        return Revocation(
            target: .token(jti: token.tokenID),
            untilMilliseconds: EpochMilliseconds.sum(token.expiresAtMilliseconds, leeway),
            reason: reason
        )
    }
}
