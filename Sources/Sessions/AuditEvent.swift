/// Why a session ended.
package enum SessionEndReason: String, Sendable, Hashable {
    /// Its owner logged out.
    case logout = "logout"
    /// Its owner ended every session.
    case logoutEverywhere = "logout everywhere"
    /// An administrator ended it.
    case administrator = "administrator"
    /// An old refresh token came back after its grace.
    case refreshTokenReuse = "refresh token reuse"
    /// A refresh token came that is newer than the store knows of.
    case refreshTokenAhead = "refresh token ahead of the store"
    /// The subject, the client or everything was revoked after it began.
    case revoked = "revoked"
}

/// What happened to sessions, for the audit log.
///
/// Never holds a token; all durations in milliseconds.
package enum AuditEvent: Sendable, Hashable {
    /// A session began.
    case sessionBegan(session: String, subject: String, clientID: String)
    /// A refresh token was used. A retry got the successor that its first use got.
    case refreshed(session: String, subject: String, generation: UInt32, isRetry: Bool, sessionAgeMilliseconds: Int64)
    /// A refresh token was used again too late, or is newer than the store knows of: the session was ended.
    case reuseDetected(
        session: String,
        subject: String,
        presentedGeneration: UInt32,
        currentGeneration: UInt32,
        sinceRotationMilliseconds: Int64,
        sessionAgeMilliseconds: Int64
    )
    /// A refresh token was refused without ending anything, or after the session was over.
    case refreshRefused(session: String?, reason: SessionError.Grant)
    /// A session ended.
    case sessionEnded(session: String, subject: String?, reason: SessionEndReason)
    /// Every session of a subject ended.
    case allSessionsEnded(subject: String, count: Int, reason: SessionEndReason)
}
