/// Gathers the answers to one question into a verdict.
package struct DenyListEvaluation {
    /// The verdict of what was added so far.
    package private(set) var verdict = RevocationVerdict.clear
    private let issuedAtMilliseconds: Int64

    /// - Parameter issuedAtMilliseconds: when the token was issued.
    package init(issuedAtMilliseconds: Int64) {
        self.issuedAtMilliseconds = issuedAtMilliseconds
    }

    /// Takes a key's value; not called for an absent key.
    ///
    /// A cut-off that is no strict decimal is never taken as clear.
    package mutating func add(_ kind: RevocationKind, value: UnsafeRawBufferPointer) {
        guard kind.hasCutoff else { return revoke(kind) }
        guard let cutoff = StrictDecimal.parse(value) else { return addUnintelligible() }
        add(kind, cutoffMilliseconds: cutoff)
    }

    /// Takes a cut-off.
    package mutating func add(_ kind: RevocationKind, cutoffMilliseconds: Int64) {
        if issuedAtMilliseconds <= cutoffMilliseconds { revoke(kind) }
    }

    /// Takes an answer that says nothing: it can no longer be clear, though still revoked by another key.
    package mutating func addUnintelligible() {
        if verdict == .clear { verdict = .unavailable }
    }

    private mutating func revoke(_ kind: RevocationKind) {
        if case .revoked = verdict { return }
        verdict = .revoked(kind)
    }
}
