package import Revocation
import Synchronization

/// Keeps sessions inside the process, for a gateway without Redis: lost when it ends.
///
/// Holds at most ``SessionLimits/sessionsInProcess`` sessions; a full one begins no more. The rules are those of the
/// Redis scripts. The lock is held while the deny-list is written, never the other way round.
package final class InProcessSessionStore: SessionStore {
    private let denyList: InProcessDenyList
    private let maximumSessions: Int
    private let state = Mutex(State())

    private struct State {
        var sessions: [String: SessionRecord] = [:]
        var idsOfSubject: [String: Set<String>] = [:]
        /// Whose the sessions were that have ended, and until when that is known.
        var ended: [String: (subject: String, untilMilliseconds: Int64)] = [:]

        mutating func insert(_ session: SessionRecord) {
            sessions[session.id] = session
            idsOfSubject[session.subject, default: []].insert(session.id)
        }

        mutating func remove(_ session: SessionRecord) {
            sessions[session.id] = nil
            idsOfSubject[session.subject]?.remove(session.id)
            if idsOfSubject[session.subject]?.isEmpty == true { idsOfSubject[session.subject] = nil }
        }

        /// Removes a session, and remembers whose it was for as long as its refresh token would have been good.
        mutating func bury(_ session: SessionRecord, limit: Int, nowMilliseconds: Int64) {
            remove(session)
            if ended.count >= limit { ended = ended.filter { $0.value.untilMilliseconds > nowMilliseconds } }
            guard ended.count < limit, !session.isOver(nowMilliseconds: nowMilliseconds) else { return }
            ended[session.id] = (session.subject, session.expiresMilliseconds)
        }

        mutating func removeExpired(nowMilliseconds: Int64) {
            for session in sessions.values where session.isOver(nowMilliseconds: nowMilliseconds) { remove(session) }
        }
    }

    /// - Parameters:
    ///   - denyList: where ended sessions are marked.
    ///   - maximumSessions: its bound.
    package init(denyList: InProcessDenyList, maximumSessions: Int = SessionLimits.sessionsInProcess) {
        self.denyList = denyList
        self.maximumSessions = maximumSessions
    }

    package func begin(
        _ new: NewSession, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> SessionGrant {
        try state.withLock { state throws(RevocationFailure) in
            if state.sessions.count >= maximumSessions { state.removeExpired(nowMilliseconds: nowMilliseconds) }
            guard state.sessions.count < maximumSessions, state.sessions[new.id] == nil else { throw .storeFull }
            let instant = denyList.issueInstant(
                subject: new.subject,
                clientID: new.clientID,
                keyID: new.keyID,
                beginsSession: true,
                nowMilliseconds: nowMilliseconds
            )
            let ends = EpochMilliseconds.sum(nowMilliseconds, policy.sessionLifetimeMilliseconds)
            let session = SessionRecord(
                id: new.id,
                subject: new.subject,
                clientID: new.clientID,
                scope: new.scope,
                generation: 1,
                createdMilliseconds: instant,
                rotatedMilliseconds: nowMilliseconds,
                expiresMilliseconds: min(
                    EpochMilliseconds.sum(nowMilliseconds, policy.refreshLifetimeMilliseconds), ends),
                endsMilliseconds: ends,
                details: new.details
            )
            state.insert(session)
            return SessionGrant(session: session, issuedAtMilliseconds: instant)
        }
    }

    package func issueInstant(
        subject: String, clientID: String, keyID: String, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> Int64 {
        denyList.issueInstant(
            subject: subject,
            clientID: clientID,
            keyID: keyID,
            beginsSession: false,
            nowMilliseconds: nowMilliseconds
        )
    }

    package func rotate(
        _ request: RotationRequest, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> RotationOutcome {
        try state.withLock { state throws(RevocationFailure) in
            guard var session = state.sessions[request.sessionID] else { return .absent }
            let cutoff = denyList.sessionCutoff(
                session: session.id, subject: session.subject, clientID: session.clientID)
            let decision = session.present(
                request, cutoffMilliseconds: cutoff, policy: policy, nowMilliseconds: nowMilliseconds)
            switch decision {
            case .end(let outcome, let reason):
                guard let reason else {
                    state.remove(session)
                    return outcome
                }
                try mark(session.id, token: nil, reason.rawValue, policy, nowMilliseconds)
                state.bury(session, limit: maximumSessions, nowMilliseconds: nowMilliseconds)
                return outcome
            case .refuse(let outcome):
                return outcome
            case .grant(let isRetry):
                let instant = denyList.issueInstant(
                    subject: session.subject,
                    clientID: session.clientID,
                    keyID: request.keyID,
                    beginsSession: false,
                    nowMilliseconds: nowMilliseconds
                )
                let grant = SessionGrant(session: session, issuedAtMilliseconds: instant)
                state.sessions[session.id] = session
                return isRetry ? .retried(grant) : .rotated(grant)
            }
        }
    }

    package func end(
        _ end: SessionEnd, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> SessionRecord? {
        try state.withLock { state throws(RevocationFailure) in
            let session = state.sessions[end.sessionID]
            if let required = end.requiredSubject, session?.subject != required { return nil }
            let isMarked = session == nil && denyList.isMarked(.session(end.sessionID))
            try mark(isMarked ? nil : end.sessionID, token: end.token, end.recordedReason, policy, nowMilliseconds)
            if let session { state.bury(session, limit: maximumSessions, nowMilliseconds: nowMilliseconds) }
            return session
        }
    }

    package func endAll(
        _ end: SubjectEnd, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> EndedSubject? {
        try state.withLock { state throws(RevocationFailure) in
            let subject: String
            var ended: String?
            switch end.subject {
            case .named(let name):
                subject = name
            case .ofSession(let session, let required):
                let past = state.ended[session].flatMap { $0.untilMilliseconds > nowMilliseconds ? $0.subject : nil }
                let live = state.sessions[session].flatMap {
                    $0.isOver(nowMilliseconds: nowMilliseconds) ? nil : $0.subject
                }
                guard let name = live ?? past, required == nil || required == name else {
                    return nil
                }
                subject = name
                ended = session
            }
            let reason = end.recordedReason
            let cutoff = policy.revocationLifetimes.revocation(
                of: .subject(subject), nowMilliseconds: nowMilliseconds, reason: reason)
            let tokens = end.token.map { [policy.mark(of: $0, reason: reason)] } ?? []
            try denyList.record([cutoff] + tokens, nowMilliseconds: nowMilliseconds)
            let sessions = (state.idsOfSubject[subject] ?? []).compactMap { state.sessions[$0] }
            for session in sessions { state.remove(session) }
            if let ended { state.ended[ended] = nil }
            let live = sessions.count { !$0.isOver(nowMilliseconds: nowMilliseconds) }
            return EndedSubject(subject: subject, sessionCount: live)
        }
    }

    package func sessions(
        of subject: String, after cursor: SessionCursor?, limit: Int, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> [SessionRecord] {
        state.withLock { state in
            let live = (state.idsOfSubject[subject] ?? []).compactMap { state.sessions[$0] }.filter { session in
                let cutoff = denyList.sessionCutoff(
                    session: session.id, subject: session.subject, clientID: session.clientID)
                return !session.isOver(nowMilliseconds: nowMilliseconds) && session.createdMilliseconds > cutoff
                    && cursor?.isBefore(session) != false
            }
            let sorted = live.sorted { ($0.expiresMilliseconds, $0.id) > ($1.expiresMilliseconds, $1.id) }
            return Array(sorted.prefix(limit))
        }
    }

    package func session(
        _ id: String, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> SessionRecord? {
        state.withLock { state in
            guard let session = state.sessions[id], !session.isOver(nowMilliseconds: nowMilliseconds) else {
                return nil
            }
            let cutoff = denyList.sessionCutoff(session: id, subject: session.subject, clientID: session.clientID)
            return session.createdMilliseconds > cutoff ? session : nil
        }
    }

    private func mark(
        _ session: String?,
        token: EndedToken?,
        _ reason: String,
        _ policy: SessionPolicy,
        _ nowMilliseconds: Int64
    ) throws(RevocationFailure) {
        var marks: [Revocation] = []
        if let session {
            let until = EpochMilliseconds.sum(nowMilliseconds, policy.sessionMarkLifeMilliseconds)
            marks.append(Revocation(target: .session(session), untilMilliseconds: until, reason: reason))
        }
        if let token { marks.append(policy.mark(of: token, reason: reason)) }
        try denyList.record(marks, nowMilliseconds: nowMilliseconds)
    }
}
