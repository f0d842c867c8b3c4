/// One thing revoked, ready to be written.
package struct Revocation: Sendable, Hashable {
    /// Reasons are kept to this many bytes; longer ones are cut, since a remark must not stop a revocation.
    package static let maximumReasonBytes = 256

    /// What is revoked.
    package let target: RevocationTarget
    /// Whose tokens it is about.
    package let origin: TokenOrigin
    /// Tokens issued at or before this instant are refused (milliseconds since 1970); `nil` for a token or session.
    package let cutoffMilliseconds: Int64?
    /// When the last token it concerns is dead anyway, leeway included (milliseconds since 1970).
    package let untilMilliseconds: Int64
    /// How long refresh tokens begun before it must be refused, from now; 0 when it ends no session.
    package let sessionCutoffLifeMilliseconds: Int64
    /// Why, for the operator; at most ``maximumReasonBytes``.
    package let reason: String

    /// Describes a revocation; ``RevocationLifetimes`` makes them with the right lives.
    package init(
        target: RevocationTarget,
        origin: TokenOrigin = .own,
        cutoffMilliseconds: Int64? = nil,
        untilMilliseconds: Int64,
        sessionCutoffLifeMilliseconds: Int64 = 0,
        reason: String
    ) {
        self.target = target
        self.origin = origin
        self.cutoffMilliseconds = target.kind.hasCutoff ? EpochMilliseconds.clamped(cutoffMilliseconds ?? 0) : nil
        self.untilMilliseconds = EpochMilliseconds.clamped(untilMilliseconds)
        self.sessionCutoffLifeMilliseconds = EpochMilliseconds.clamped(sessionCutoffLifeMilliseconds)
        self.reason = Self.shortened(reason)
    }

    /// A reason cut to ``maximumReasonBytes``.
    package static func shortened(_ reason: String) -> String {
        var bytes = 0
        return String(
            reason.unicodeScalars.prefix { scalar in
                bytes += UTF8.width(scalar)
                return bytes <= maximumReasonBytes
            }
        )
    }
}
