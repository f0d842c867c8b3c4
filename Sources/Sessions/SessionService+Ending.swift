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
    ///   - everywhere: whether every session of the same subject ends too, in one step. The token of a session that
    ///     has ended does that once, too, while it would have been good.
    ///   - subject: who the session must belong to, when the caller said who he is; somebody else's is left alone.
    /// - Returns: the session it named, or `nil` when it is not ours.
    /// - Throws: ``SessionError/unavailable``: it may or may not have happened; ask again.
    @discardableResult
    package func logOut(
        refreshToken: String, everywhere: Bool = false, ownedBy subject: String? = nil
    ) async throws(SessionError) -> String? {
        guard let token = try? currentRefreshTokens.open(refreshToken) else { return nil }
        if everywhere {
            try await perform(
                SubjectEnd(
                    subject: .ofSession(token.sessionID, required: subject), token: nil, reason: .logoutEverywhere))
        } else {
            try await perform(
                SessionEnd(sessionID: token.sessionID, requiredSubject: subject, token: nil, reason: .logout))
        }
        return token.sessionID
    }

    /// The session that a refresh token of ours belongs to; `nil` for any other text.
    package func sessionID(ofRefreshToken text: String) -> String? {
        (try? currentRefreshTokens.open(text))?.sessionID
    }

    /// Ends a session by its id.
    /// - Parameters:
    ///   - sessionID: the session.
    ///   - subject: who it must belong to; `nil` for an administrator, who may end any.
    ///   - remark: an administrator's reason.
    /// - Returns: whether there was such a session; somebody else's counts as none, and nothing changes.
    /// - Throws: ``SessionError/unavailable``: it may or may not have happened; ask again.
    @discardableResult
    package func end(
        sessionID: String, ownedBy subject: String?, remark: String? = nil
    ) async throws(SessionError) -> Bool {
        guard SessionLimits.isSessionID(sessionID) else { return false }
        let reason: SessionEndReason = subject == nil ? .administrator : .logout
        let end = SessionEnd(
            sessionID: sessionID, requiredSubject: subject, token: nil, reason: reason, remark: remark)
        return try await perform(end) != nil
    }

    /// Ends every session of a subject and refuses every token it holds.
    /// - Parameters:
    ///   - subject: the subject.
    ///   - token: the access token that asks, when there is one.
    ///   - reason: why.
    ///   - remark: an administrator's reason.
    /// - Returns: how many sessions there were.
    /// - Throws: ``SessionError/unavailable``: it may or may not have happened; ask again.
    @discardableResult
    package func endAll(
        subject: String, token: EndedToken? = nil, reason: SessionEndReason = .logoutEverywhere, remark: String? = nil
    ) async throws(SessionError) -> Int {
        let end = SubjectEnd(subject: .named(subject), token: token, reason: reason, remark: remark)
        return try await perform(end)?.sessionCount ?? 0
    }

    /// A page of the live sessions of a subject, those used last first; at most ``SessionLimits/listedSessions`` can be
    /// seen.
    /// - Parameters:
    ///   - subject: the subject.
    ///   - cursor: where the page begins; `nil` for the start.
    ///   - limit: how many; held within ``SessionLimits/pageSizes``.
    /// - Returns: the page.
    /// - Throws: ``SessionError/unavailable``.
    package func sessions(
        of subject: String, after cursor: SessionCursor? = nil, limit: Int = SessionLimits.pageSize
    ) async throws(SessionError) -> SessionPage {
        let bounds = SessionLimits.pageSizes
        let limit = min(max(limit, bounds.lowerBound), bounds.upperBound)
        let found: [SessionRecord]
        do {
            found = try await store.sessions(
                of: subject, after: cursor, limit: limit + 1, nowMilliseconds: clock())
        } catch {
            throw .unavailable
        }
        let page = Array(found.prefix(limit))
        return SessionPage(
            sessions: page, next: found.count > limit ? page.last.map { SessionCursor(after: $0) } : nil)
    }

    @discardableResult
    private func perform(_ end: SubjectEnd) async throws(SessionError) -> EndedSubject? {
        let ended: EndedSubject?
        do {
            ended = try await store.endAll(end, policy: policy, nowMilliseconds: clock())
        } catch {
            throw .unavailable
        }
        guard let ended else { return nil }
        audit(.allSessionsEnded(subject: ended.subject, count: ended.sessionCount, reason: end.reason))
        return ended
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
