package import Revocation

/// A session about to begin.
package struct NewSession: Sendable {
    /// 16 random bytes in hexadecimal.
    package let id: String
    /// Whose it is.
    package let subject: String
    /// The client.
    package let clientID: String
    /// Its scope.
    package let scope: Scope
    /// The key its first access token will be signed with.
    package let keyID: String
    /// What else is kept with it.
    package let details: SessionDetails

    /// Describes a session to begin.
    package init(
        id: String, subject: String, clientID: String, scope: Scope, keyID: String, details: SessionDetails = .none
    ) {
        self.details = details
        self.id = id
        self.subject = subject
        self.clientID = clientID
        self.scope = scope
        self.keyID = keyID
    }
}

/// A refresh token presented, its code already found right.
package struct RotationRequest: Sendable {
    /// The session it names.
    package let sessionID: String
    /// Its generation.
    package let generation: UInt32
    /// The client that presents it, when that is known.
    package let clientID: String?
    /// A narrower scope, when one is asked for.
    package let scope: Scope?
    /// The key the access token will be signed with.
    package let keyID: String
    /// Where it came from, when that is known.
    package let address: String?

    /// Describes a refresh token presented.
    package init(
        sessionID: String, generation: UInt32, clientID: String?, scope: Scope?, keyID: String, address: String? = nil
    ) {
        self.address = address
        self.sessionID = sessionID
        self.generation = generation
        self.clientID = clientID
        self.scope = scope
        self.keyID = keyID
    }
}

/// A session and the instant its next access token is to be issued at.
package struct SessionGrant: Sendable, Hashable {
    /// The session as it is now.
    package let session: SessionRecord
    /// The issue instant, milliseconds since 1970: after every cut-off that would refuse the token.
    package let issuedAtMilliseconds: Int64
}

/// What became of a refresh token.
package enum RotationOutcome: Sendable, Hashable {
    /// It was current; the session went on to the next generation.
    case rotated(SessionGrant)
    /// It was the one before and within the grace; nothing changed.
    case retried(SessionGrant)
    /// It was older than the grace allows; the session was ended. The record is as it was before.
    case reused(SessionRecord)
    /// It was newer than the store knows of; the session was ended. The record is as it was before.
    case ahead(SessionRecord)
    /// There is no such session.
    case absent
    /// The session's time was over; it was removed.
    case expired
    /// The session began before a cut-off; it was ended. The record is as it was before.
    case cutOff(SessionRecord)
    /// It was issued to another client; nothing changed.
    case otherClient
    /// The session does not have the scope asked for; nothing changed.
    case scopeExceeded
}

/// An access token that ends with its session.
package struct EndedToken: Sendable, Hashable {
    /// Its `jti`.
    package let tokenID: String
    /// Its `exp`, milliseconds since 1970.
    package let expiresAtMilliseconds: Int64

    /// Names a verified access token.
    package init(tokenID: String, expiresAtMilliseconds: Int64) {
        self.tokenID = tokenID
        self.expiresAtMilliseconds = expiresAtMilliseconds
    }
}

/// The end of one session and of the access token that asked for it.
package struct SessionEnd: Sendable {
    /// The session.
    package let sessionID: String
    /// Who it must belong to, for a caller who has no proof that it is theirs; `nil` with proof.
    package let requiredSubject: String?
    /// The access token, when there is one.
    package let token: EndedToken?
    /// Why.
    package let reason: SessionEndReason
    /// Why in the words of an administrator; `nil` for those of ``reason``.
    package let remark: String?

    /// Describes an end.
    package init(
        sessionID: String, requiredSubject: String?, token: EndedToken?, reason: SessionEndReason, remark: String? = nil
    ) {
        self.remark = remark
        self.sessionID = sessionID
        self.requiredSubject = requiredSubject
        self.token = token
        self.reason = reason
    }

    /// What the deny-list keeps as the reason.
    package var recordedReason: String { Revocation.shortened(remark ?? reason.rawValue) }
}

/// The end of everything a subject has.
package struct SubjectEnd: Sendable {
    /// How the subject is named.
    package enum Subject: Sendable, Hashable {
        /// By name.
        case named(String)
        /// By a session that is or was the subject's; with who that must be, for a caller who said so.
        ///
        /// A session that has ended names its subject until its refresh token would have ended unused, and once only: a
        /// copied token of it cannot log somebody out again and again.
        case ofSession(String, required: String?)
    }

    /// Whose sessions and tokens.
    package let subject: Subject
    /// The access token that asks, when there is one.
    package let token: EndedToken?
    /// Why.
    package let reason: SessionEndReason
    /// Why in the words of an administrator; `nil` for those of ``reason``.
    package let remark: String?

    /// Describes an end.
    package init(subject: Subject, token: EndedToken?, reason: SessionEndReason, remark: String? = nil) {
        self.subject = subject
        self.token = token
        self.reason = reason
        self.remark = remark
    }

    /// What the deny-list keeps as the reason.
    package var recordedReason: String { Revocation.shortened(remark ?? reason.rawValue) }
}

/// What the end of everything a subject has came to.
package struct EndedSubject: Sendable, Hashable {
    /// The subject.
    package let subject: String
    /// How many sessions were on its list.
    package let sessionCount: Int
}

/// Where sessions are kept.
///
/// Every operation happens wholly or not at all.
package protocol SessionStore: Sendable {
    /// Begins a session.
    func begin(_ session: NewSession, policy: SessionPolicy, nowMilliseconds: Int64) async throws(RevocationFailure)
        -> SessionGrant

    /// The issue instant of an access token without a session.
    func issueInstant(
        subject: String, clientID: String, keyID: String, policy: SessionPolicy, nowMilliseconds: Int64
    ) async throws(RevocationFailure) -> Int64

    /// Compares a refresh token's generation with the session's and advances it.
    func rotate(_ request: RotationRequest, policy: SessionPolicy, nowMilliseconds: Int64)
        async throws(RevocationFailure) -> RotationOutcome

    /// Ends one session; its live access tokens are refused from now on. Again is harmless.
    /// - Returns: the session as it was; `nil` when there was none, or it is somebody else's and nothing changed.
    func end(_ end: SessionEnd, policy: SessionPolicy, nowMilliseconds: Int64) async throws(RevocationFailure)
        -> SessionRecord?

    /// Ends every session of a subject, with a cut-off for its access tokens and for any session not on its list.
    /// - Returns: whose and how many; `nil` when nobody is named by the session, or somebody else, and nothing changed.
    func endAll(_ end: SubjectEnd, policy: SessionPolicy, nowMilliseconds: Int64) async throws(RevocationFailure)
        -> EndedSubject?

    /// Live sessions of a subject, those used last first.
    /// - Parameters:
    ///   - subject: the subject.
    ///   - cursor: begin behind it; `nil` for the start.
    ///   - limit: how many at most.
    ///   - nowMilliseconds: the wall clock.
    /// - Returns: the sessions.
    /// - Throws: ``RevocationFailure``.
    func sessions(of subject: String, after cursor: SessionCursor?, limit: Int, nowMilliseconds: Int64)
        async throws(RevocationFailure) -> [SessionRecord]

    /// A session that is not over; `nil` when there is none of this id.
    func session(_ id: String, nowMilliseconds: Int64) async throws(RevocationFailure) -> SessionRecord?
}
