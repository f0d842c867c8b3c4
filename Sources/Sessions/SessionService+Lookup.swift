import Revocation

extension SessionService {
    /// What a refresh token stands for.
    package struct RefreshTokenStanding: Sendable {
        /// Its session, which is not over.
        package let session: SessionRecord
        /// Whether it is the session's newest token, and so not used up.
        package let isCurrent: Bool
    }

    /// Looks up what a refresh token stands for, and changes nothing.
    /// - Parameter refreshToken: the text presented.
    /// - Returns: `nil` when it is not ours, or its session is over.
    /// - Throws: ``SessionError/unavailable``.
    package func standing(ofRefreshToken refreshToken: String) async throws(SessionError) -> RefreshTokenStanding? {
        guard let token = try? currentRefreshTokens.open(refreshToken) else { return nil }
        let session: SessionRecord?
        do {
            session = try await store.session(token.sessionID, nowMilliseconds: clock())
        } catch {
            throw .unavailable
        }
        guard let session else { return nil }
        return RefreshTokenStanding(session: session, isCurrent: token.generation == session.generation)
    }
}
