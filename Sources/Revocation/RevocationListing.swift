/// A revocation as it was recorded.
package struct RecordedRevocation: Sendable, Hashable {
    /// What is revoked.
    package let kind: RevocationKind
    /// Its name as in the names of keys: long or odd ones are digests; empty for ``RevocationKind/all``.
    package let id: String
    /// Tokens issued at or before this instant are refused (milliseconds since 1970); `nil` for a token or session.
    package let cutoffMilliseconds: Int64?
    /// When it has no effect any more (milliseconds since 1970).
    package let untilMilliseconds: Int64
    /// Why.
    package let reason: String

    /// Describes one.
    package init(
        kind: RevocationKind, id: String, cutoffMilliseconds: Int64?, untilMilliseconds: Int64, reason: String
    ) {
        self.kind = kind
        self.id = id
        self.cutoffMilliseconds = cutoffMilliseconds
        self.untilMilliseconds = untilMilliseconds
        self.reason = reason
    }
}

/// Some of the revocations in force, and where the next of them are.
package struct RevocationPage: Sendable, Hashable {
    /// The revocations; perhaps fewer than asked for though there are more.
    package let revocations: [RecordedRevocation]
    /// Where to go on; `nil` at the end.
    package let next: String?

    /// Makes a page.
    package init(revocations: [RecordedRevocation], next: String?) {
        self.revocations = revocations
        self.next = next
    }
}

/// Tells which revocations are in force.
package protocol RevocationListing: Sendable {
    /// A page of them.
    /// - Parameters:
    ///   - cursor: ``RevocationPage/next`` of the page before; `nil` for the start.
    ///   - limit: how many at most; positive.
    ///   - nowMilliseconds: the wall clock.
    /// - Returns: the page; `nil` for a cursor that no page gave.
    /// - Throws: ``RevocationFailure``.
    func revocations(after cursor: String?, limit: Int, nowMilliseconds: Int64) async throws(RevocationFailure)
        -> RevocationPage?
}
