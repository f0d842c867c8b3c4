package import Revocation

/// A session store that keeps to what it could not write: a logout that fails is refused by this node from then on, and
/// written when the store is back.
///
/// What it did write is told to the other nodes in the way the writer does it.
package struct RefusingSessionStore: SessionStore {
    private let inner: any SessionStore
    private let writer: PersistentRevocationWriter

    /// - Parameters:
    ///   - inner: the store.
    ///   - writer: keeps to revocations.
    package init(_ inner: any SessionStore, writer: PersistentRevocationWriter) {
        self.inner = inner
        self.writer = writer
    }

    package func begin(
        _ session: NewSession, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> SessionGrant {
        try await inner.begin(session, policy: policy, nowMilliseconds: nowMilliseconds)
    }

    package func issueInstant(
        subject: String, clientID: String, keyID: String, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> Int64 {
        try await inner.issueInstant(
            subject: subject, clientID: clientID, keyID: keyID, policy: policy, nowMilliseconds: nowMilliseconds)
    }

    package func rotate(
        _ request: RotationRequest, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> RotationOutcome {
        try await inner.rotate(request, policy: policy, nowMilliseconds: nowMilliseconds)
    }

    package func end(
        _ end: SessionEnd, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> SessionRecord? {
        // Without proof that the session is the caller's nothing may be refused that was not ended.
        var targets: [RevocationTarget] = end.requiredSubject == nil ? [.session(end.sessionID)] : []
        let lossCount = writer.lossCount
        let record: SessionRecord?
        do {
            record = try await inner.end(end, policy: policy, nowMilliseconds: nowMilliseconds)
        } catch {
            refuse(targets, end.token, policy, nowMilliseconds)
            throw error
        }
        if record != nil { targets = [.session(end.sessionID)] }
        try await written(targets, end.token, since: lossCount, policy, nowMilliseconds)
        return record
    }

    package func endAll(
        _ end: SubjectEnd, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> EndedSubject? {
        let lossCount = writer.lossCount
        let ended: EndedSubject?
        do {
            ended = try await inner.endAll(end, policy: policy, nowMilliseconds: nowMilliseconds)
        } catch {
            switch end.subject {
            case .named(let subject): refuse([.subject(subject)], end.token, policy, nowMilliseconds)
            case .ofSession(let session, nil): refuse([.session(session)], end.token, policy, nowMilliseconds)
            case .ofSession: refuse([], end.token, policy, nowMilliseconds)
            }
            throw error
        }
        // The cut-off that was written may be later than this node's clock; then that one comes by the stream.
        let targets = ended.map { [RevocationTarget.subject($0.subject)] } ?? []
        try await written(targets, end.token, since: lossCount, policy, nowMilliseconds)
        return ended
    }

    package func session(
        _ id: String, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> SessionRecord? {
        try await inner.session(id, nowMilliseconds: nowMilliseconds)
    }

    package func sessions(
        of subject: String, after cursor: SessionCursor?, limit: Int, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> [SessionRecord] {
        try await inner.sessions(of: subject, after: cursor, limit: limit, nowMilliseconds: nowMilliseconds)
    }

    private func refuse(
        _ targets: [RevocationTarget], _ token: EndedToken?, _ policy: SessionPolicy, _ nowMilliseconds: Int64
    ) {
        writer.refuse(
            Self.revocations(targets, token, policy, nowMilliseconds), nowMilliseconds: nowMilliseconds)
    }

    private func written(
        _ targets: [RevocationTarget], _ token: EndedToken?, since lossCount: UInt64, _ policy: SessionPolicy,
        _ nowMilliseconds: Int64
    ) async throws(RevocationFailure) {
        try await writer.written(
            Self.revocations(targets, token, policy, nowMilliseconds), since: lossCount,
            nowMilliseconds: nowMilliseconds)
    }

    private static func revocations(
        _ targets: [RevocationTarget], _ token: EndedToken?, _ policy: SessionPolicy, _ nowMilliseconds: Int64
    ) -> [Revocation] {
        let lifetimes = policy.revocationLifetimes
        var revocations = targets.map {
            lifetimes.revocation(of: $0, nowMilliseconds: nowMilliseconds, reason: "logout")
        }
        if let token {
            revocations.append(
                lifetimes.revocation(
                    of: .token(jti: token.tokenID), tokenExpiresAtMilliseconds: token.expiresAtMilliseconds,
                    nowMilliseconds: nowMilliseconds, reason: "logout"))
        }
        return revocations
    }
}
