/// How long revocations must be remembered; all durations in milliseconds.
package struct RevocationLifetimes: Sendable, Hashable {
    /// The life of our access tokens.
    package let accessMilliseconds: Int64
    /// The longest life accepted of a token of another issuer; 0 when there is none.
    package let foreignMilliseconds: Int64
    /// How long after `exp` a token is still accepted.
    package let leewayMilliseconds: Int64
    /// How long an unused session lives; 0 when no session is kept here.
    package let sessionIdleMilliseconds: Int64

    /// Gathers the configured lives.
    package init(
        accessMilliseconds: Int64,
        foreignMilliseconds: Int64 = 0,
        leewayMilliseconds: Int64,
        sessionIdleMilliseconds: Int64 = 0
    ) {
        self.accessMilliseconds = EpochMilliseconds.clamped(accessMilliseconds)
        self.foreignMilliseconds = EpochMilliseconds.clamped(foreignMilliseconds)
        self.leewayMilliseconds = EpochMilliseconds.clamped(leewayMilliseconds)
        self.sessionIdleMilliseconds = EpochMilliseconds.clamped(sessionIdleMilliseconds)
    }

    /// The longest time any revocation can matter: what the stream keeps and what a mirror must read back.
    package var horizonMilliseconds: Int64 {
        EpochMilliseconds.sum(max(accessMilliseconds, foreignMilliseconds), leewayMilliseconds)
    }

    /// How long a revocation that knows no expiry of its own must be kept.
    package func lifeMilliseconds(of kind: RevocationKind, origin: TokenOrigin) -> Int64 {
        if kind == .all { return horizonMilliseconds }
        let life = origin == .own ? accessMilliseconds : foreignMilliseconds
        return EpochMilliseconds.sum(life, leewayMilliseconds)
    }

    /// The revocation of a target from now on.
    /// - Parameters:
    ///   - target: what is revoked.
    ///   - origin: whose tokens.
    ///   - tokenExpiresAtMilliseconds: `exp` of the one token revoked, when known.
    ///   - nowMilliseconds: the wall clock, and the cut-off of a kind that has one.
    ///   - reason: for the operator.
    /// - Returns: the revocation, to be written.
    package func revocation(
        of target: RevocationTarget,
        origin: TokenOrigin = .own,
        tokenExpiresAtMilliseconds: Int64? = nil,
        nowMilliseconds: Int64,
        reason: String
    ) -> Revocation {
        var until = EpochMilliseconds.sum(nowMilliseconds, lifeMilliseconds(of: target.kind, origin: origin))
        if target.kind == .token, let expiry = tokenExpiresAtMilliseconds {
            until = EpochMilliseconds.sum(expiry, leewayMilliseconds)
        }
        return Revocation(
            target: target,
            origin: origin,
            cutoffMilliseconds: nowMilliseconds,
            untilMilliseconds: until,
            sessionCutoffLifeMilliseconds: sessionIdleMilliseconds,
            reason: reason
        )
    }
}
