import JOSE
import Proxy
import Sessions

/// Sessions as JSON, for their owners and for administrators; instants in seconds since 1970.
enum SessionDocument {
    /// A page.
    ///
    /// - Parameters:
    ///   - page: the sessions.
    ///   - currentSessionID: the session that asks; `nil` where none does.
    /// - Returns: `sessions`, and `next` where there are more.
    static func page(_ page: SessionPage, currentSessionID: String?) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("sessions", .array(page.sessions.map { session($0, currentSessionID) }))
        ]
        if let next = page.next { members.append(("next", .string(next.text))) }
        return .object(members)
    }

    private static func session(_ session: SessionRecord, _ currentSessionID: String?) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("id", .string(session.id)),
            ("device", .string(session.details.device)),
            ("address", .string(session.details.address)),
            ("client_id", .string(session.clientID)),
            ("scope", .string(session.scope.text)),
            ("created_at", .integer(session.createdMilliseconds / 1000)),
            ("last_used_at", .integer(session.rotatedMilliseconds / 1000)),
            ("expires_at", .integer(session.expiresMilliseconds / 1000)),
        ]
        if let currentSessionID { members.append(("current", .bool(session.id == currentSessionID))) }
        return .object(members)
    }
}

extension RequestParameters {
    /// Where a page of sessions begins (`after`).
    func sessionCursor() throws -> SessionCursor? {
        guard let text = try text("after") else { return nil }
        guard let cursor = SessionCursor(text) else {
            throw Problem.invalidRequest("after is not what an earlier answer gave as next")
        }
        return cursor
    }

    /// How many sessions a page is to have (`limit`).
    func pageSize() throws -> Int {
        try integer("limit", in: SessionLimits.pageSizes) ?? SessionLimits.pageSize
    }
}
