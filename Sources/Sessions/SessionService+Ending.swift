import Revocation

extension SessionService {
    /// Logs out by a verified access token of ours: it is refused from now on, and so is its session.
    ///
    /// Again is harmless.
    /// - Throws: ``SessionError/unavailable``: it may or may not have happened; ask again.
    package func logOut(sessionID: String, token: EndedToken) async throws(SessionError) {
        let end = SessionEnd(sessionID: sessionID, requiredSubject: nil, token: token, reason: .logout)
        try await perform(end)
    }

    /// Logs out by a refresh token of any generation: who holds an old one held the session, and ending it harms no one
    /// but a thief.
    ///
    /// One that is not ours changes nothing. Again is harmless.
    /// - Parameters:
    ///   - refreshToken: the token.
    ///   - everywhere: whether every session of the same subject ends too.
    ///   - subject: who the session must belong to, when the caller said who he is; somebody else's is left alone.
    /// - Returns: the session it named, or `nil` when it is not ours.
    /// - Throws: ``SessionError/unavailable``: it may or may not have happened; ask again.
    @discardableResult
    package func logOut(
        refreshToken: String, everywhere: Bool = false, ownedBy subject: String? = nil
    ) async throws(SessionError) -> String? {
        guard let token = try? currentRefreshTokens.open(refreshToken) else { return nil }
        let session = try await perform(
            SessionEnd(sessionID: token.sessionID, requiredSubject: subject, token: nil, reason: .logout))
        if everywhere, let session { try await endAll(subject: session.subject) }
        return token.sessionID
    }

    /// Ends a session by its id.
    /// - Parameters:
    ///   - sessionID: the session.
    ///   - subject: who it must belong to; `nil` for an administrator, who may end any.
    /// - Returns: whether there was such a session; somebody else's counts as none, and nothing changes.
    /// - Throws: ``SessionError/unavailable``: it may or may not have happened; ask again.
    @discardableResult
    package func end(sessionID: String, ownedBy subject: String?) async throws(SessionError) -> Bool {
        let reason: SessionEndReason = subject == nil ? .administrator : .logout
        let end = SessionEnd(sessionID: sessionID, requiredSubject: subject, token: nil, reason: reason)
        return try await perform(end) != nil
    }

    /// Ends every session of a subject and refuses every token it holds.
    /// - Parameters:
    ///   - subject: the subject.
    ///   - token: the access token that asks, when there is one.
    ///   - reason: why.
    /// - Returns: how many sessions there were.
    /// - Throws: ``SessionError/unavailable``: it may or may not have happened; ask again.
    @discardableResult
    package func endAll(
        subject: String, token: EndedToken? = nil, reason: SessionEndReason = .logoutEverywhere
    ) async throws(SessionError) -> Int {
        let count: Int
        do {
            count = try await store.endAll(
                subject: subject, token: token, reason: reason, policy: policy, nowMilliseconds: clock())
        } catch {
            throw .unavailable
        }
        audit(.allSessionsEnded(subject: subject, count: count, reason: reason))
        return count
    }

    /// The live sessions of a subject, at most ``SessionLimits/listedSessions``.
    /// - Throws: ``SessionError/unavailable``.
    package func sessions(of subject: String) async throws(SessionError) -> [SessionRecord] {
        do {
            return try await store.sessions(of: subject, nowMilliseconds: clock())
        } catch {
            throw .unavailable
        }
    }

    @discardableResult
    private func perform(_ end: SessionEnd) async throws(SessionError) -> SessionRecord? {
        let session: SessionRecord?
        do {
            session = try await store.end(end, policy: policy, nowMilliseconds: clock())
        } catch {
            throw .unavailable
        }
        guard let session else { return nil }
        audit(.sessionEnded(session: session.id, subject: session.subject, reason: end.reason))
        return session
    }
}
