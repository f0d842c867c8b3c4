import Hummingbird
import JOSE
import Proxy
import Revocation
import Sessions

/// `/admin/v1/revocations`: what is refused, and how more comes to be.
struct AdminRevocations: AdminEndpoints {
    /// How many revocations a page may have, and has unless told otherwise.
    private static let pageSizes = 1...1000
    private static let pageSize = 100
    private static let kinds = ["jti", "token", "session", "subject", "client", "key", "all"]

    let sessions: SessionService?
    let revocations: any RevocationWriter
    let listing: any RevocationListing
    let lifetimes: RevocationLifetimes
    let bearer: BearerVerification
    let clock: @Sendable () -> Int64
    let auditLog: AuditLog

    func add(to group: RouterGroup<AdminContext>) {
        group.get("/revocations", use: list)
        group.post("/revocations", use: revoke)
    }

    // MARK: - Listing

    @Sendable
    private func list(_ request: Request, _ context: AdminContext) async throws -> Response {
        let query = try RequestParameters(query: request.uri.query)
        let limit = try query.integer("limit", in: Self.pageSizes) ?? Self.pageSize
        let cursor = try query.text("after")
        guard let page = try await listing.revocations(after: cursor, limit: limit, nowMilliseconds: clock()) else {
            throw Problem.invalidRequest("after is not what an earlier answer gave as next")
        }
        var members: [(String, JSONValue)] = [
            ("revocations", .array(page.revocations.map(Self.document)))
        ]
        if let next = page.next { members.append(("next", .string(next))) }
        return AdminAPI.response(.ok, .object(members))
    }

    private static func document(_ revocation: RecordedRevocation) -> JSONValue {
        var members: [(String, JSONValue)] = [("kind", .string(revocation.kind.administeredName))]
        if revocation.kind != .all { members.append(("id", .string(revocation.id))) }
        if let cutoff = revocation.cutoffMilliseconds { members.append(("issued_until_ms", .integer(cutoff))) }
        members.append(("until", .integer(revocation.untilMilliseconds / 1000)))
        members.append(("reason", .string(revocation.reason)))
        return .object(members)
    }

    // MARK: - Revoking

    @Sendable
    private func revoke(_ request: Request, _ context: AdminContext) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let named = Self.kinds.filter { parameters.has($0) }
        guard named.count == 1, let kind = named.first else {
            throw Problem.invalidRequest("name exactly one of jti, token, session, subject, client, key, all")
        }
        let reason = try parameters.reason()
        let origin = try origin(try parameters.text("issuer"))
        let target: RevocationTarget
        switch kind {
        case "token":
            guard origin == .own else { throw Problem.invalidRequest("a token names its issuer itself") }
            target = try await revoke(token: try parameters.requiredText("token"), reason)
        case "jti":
            target = .token(jti: try parameters.requiredText("jti"))
            let expiry = try parameters.integer("expires_at", in: 0...Int(EpochMilliseconds.latest / 1000))
            try await write(target, origin, expiresAtMilliseconds: expiry.map { Int64($0) * 1000 }, reason)
        case "session":
            target = .session(try parameters.requiredText("session"))
            if let sessions, origin == .own, SessionLimits.isSessionID(target.name) {
                try await sessions.end(sessionID: target.name, ownedBy: nil, remark: reason)
            } else {
                try await write(target, origin, reason)
            }
        case "subject":
            target = .subject(try parameters.requiredText("subject"))
            if let sessions, origin == .own {
                try await sessions.endAll(subject: target.name, reason: .administrator, remark: reason)
            } else {
                try await write(target, origin, reason)
            }
        case "client":
            target = .client(try parameters.requiredText("client"))
            try await write(target, origin, reason)
        case "key":
            target = .key(try parameters.requiredText("key"))
            try await write(target, origin, reason)
        default:
            guard try parameters.flag("all"), origin == .own else {
                throw Problem.invalidRequest("all must be true and stand alone")
            }
            target = .all
            try await write(target, origin, reason)
        }
        auditLog.administered(
            "revoked", target.name, kind: target.kind.administeredName, reason: reason, context: context)
        return AdminAPI.response(.created, Self.document(target))
    }

    /// Whose tokens are meant: those of an issuer that is configured, ours unless named.
    private func origin(_ issuer: String?) throws -> TokenOrigin {
        guard let issuer else { return .own }
        guard let origin = bearer.origin(ofIssuer: issuer) else {
            throw Problem.invalidRequest("the issuer is not one whose tokens are accepted")
        }
        return origin
    }

    /// Revokes a token by itself: an access token alone, or the session of a refresh token.
    private func revoke(token text: String, _ reason: String) async throws -> RevocationTarget {
        if let sessions, let session = sessions.sessionID(ofRefreshToken: text) {
            try await sessions.end(sessionID: session, ownedBy: nil, remark: reason)
            return .session(session)
        }
        let token: VerifiedToken
        do {
            token = try bearer.verify(text)
        } catch {
            throw Problem.invalidRequest("not a token that would be accepted: \(error.reason)")
        }
        let target = RevocationTarget.token(jti: token.tokenID)
        try await write(
            target, bearer.origin(of: token),
            expiresAtMilliseconds: token.expiresAt.millisecondsRoundedDown &+ 1, reason)
        return target
    }

    private func write(
        _ target: RevocationTarget, _ origin: TokenOrigin, expiresAtMilliseconds: Int64? = nil, _ reason: String
    ) async throws {
        let now = clock()
        let longest = EpochMilliseconds.sum(now, lifetimes.lifeMilliseconds(of: target.kind, origin: origin))
        // A token that lived longer than any that is accepted would only be kept for nothing.
        let revocation = lifetimes.revocation(
            of: target, origin: origin, tokenExpiresAtMilliseconds: expiresAtMilliseconds.map { min($0, longest) },
            nowMilliseconds: now, reason: reason)
        try await revocations.revoke([revocation], nowMilliseconds: now)
    }

    private static func document(_ target: RevocationTarget) -> JSONValue {
        var members: [(String, JSONValue)] = [("kind", .string(target.kind.administeredName))]
        if target.kind != .all { members.append(("id", .string(target.name))) }
        return .object(members)
    }
}

extension RevocationKind {
    /// The word for it in the admin API and on the command line.
    var administeredName: String {
        switch self {
        case .token: "jti"
        case .session: "session"
        case .subject: "subject"
        case .client: "client"
        case .key: "key"
        case .all: "all"
        }
    }
}
