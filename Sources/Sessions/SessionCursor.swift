import Revocation

/// Where a page of sessions ends and the next one begins: sessions are listed by their end if unused, the latest first,
/// so those used last come first.
package struct SessionCursor: Sendable, Hashable {
    /// When the last session of the page ends if unused.
    package let expiresMilliseconds: Int64
    /// Its id.
    package let sessionID: String

    /// The place behind a session.
    package init(after session: SessionRecord) {
        expiresMilliseconds = session.expiresMilliseconds
        sessionID = session.id
    }

    /// Reads what ``text`` wrote; `nil` for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count <= 64, parts.count == 2, let expires = Int64(parts[0]), String(expires) == parts[0],
            (0...EpochMilliseconds.latest).contains(expires), SessionLimits.isSessionID(String(parts[1]))
        else { return nil }
        expiresMilliseconds = expires
        sessionID = String(parts[1])
    }

    /// The cursor as text, for clients to send back.
    package var text: String { "\(expiresMilliseconds)-\(sessionID)" }

    /// Whether a session comes behind this place.
    func isBefore(_ session: SessionRecord) -> Bool {
        (session.expiresMilliseconds, session.id) < (expiresMilliseconds, sessionID)
    }
}

/// A page of a subject's sessions.
package struct SessionPage: Sendable, Hashable {
    /// The sessions, those used last first.
    package let sessions: [SessionRecord]
    /// Where the next page begins; `nil` when there is none.
    package let next: SessionCursor?

    /// Makes a page.
    package init(sessions: [SessionRecord], next: SessionCursor?) {
        self.sessions = sessions
        self.next = next
    }
}

/// Bounds of the stores.
package enum SessionLimits {
    /// How many sessions of one subject can be listed: those used last.
    ///
    /// Others live on, and end with the rest when all are ended.
    package static let listedSessions = 1000
    /// How many sessions a page may have.
    package static let pageSizes = 1...100
    /// How many it has unless told otherwise.
    package static let pageSize = 50
    /// How many sessions the store inside the process keeps.
    package static let sessionsInProcess = 1_000_000

    /// Whether a text has the form of our session ids: 16 bytes in hexadecimal.
    package static func isSessionID(_ text: String) -> Bool {
        text.utf8.count == 32
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
