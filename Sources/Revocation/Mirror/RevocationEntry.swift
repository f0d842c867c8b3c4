/// A revocation as the stream tells of it.
package struct RevocationEntry: Sendable, Hashable {
    /// What is revoked.
    package let kind: RevocationKind
    /// Its name as in the names of keys; empty for ``RevocationKind/all``.
    package let identifier: [UInt8]
    /// Tokens issued at or before this instant are refused; `nil` for a token or session.
    package let cutoffMilliseconds: Int64?
    /// When it has no effect any more (milliseconds since 1970).
    package let untilMilliseconds: Int64

    /// Describes one.
    package init(kind: RevocationKind, identifier: [UInt8], cutoffMilliseconds: Int64?, untilMilliseconds: Int64) {
        self.kind = kind
        self.identifier = identifier
        self.cutoffMilliseconds = kind.hasCutoff ? cutoffMilliseconds : nil
        self.untilMilliseconds = untilMilliseconds
    }

    /// A revocation that is about to be written.
    package init(_ revocation: Revocation) {
        let kind = revocation.target.kind
        self.init(
            kind: kind,
            identifier: kind == .all
                ? [] : Array(RevocationKeys.identifier(revocation.target.name, origin: revocation.origin).utf8),
            cutoffMilliseconds: revocation.cutoffMilliseconds,
            untilMilliseconds: revocation.untilMilliseconds)
    }

    var digest: RevocationDigest { RevocationDigest(kind: kind, identifier: identifier) }

    /// One number for what it refuses, greater when it refuses more; never 0.
    var strength: UInt64 {
        guard kind.hasCutoff else { return .max }
        return UInt64(max(cutoffMilliseconds ?? 0, 0)) + 1
    }
}
