import HTTPTypes
import Hummingbird
import JOSE
import NIOCore
import Proxy
import Revocation
import Sessions

/// `/auth/refresh`, `/auth/logout` and `/auth/sessions`.
struct SessionEndpoints: Sendable {
    let sessions: SessionService?
    let bearer: BearerVerification
    let status: RevocationStatus
    let revocations: any RevocationWriter
    let lifetimes: RevocationLifetimes
    let delivery: TokenDelivery
    let clock: @Sendable () -> Int64

    /// The endpoints there are, for the route table: paths with their methods; a path with a slash at its end stands
    /// for what is below it.
    var endpoints: [(path: String, method: String)] {
        var endpoints = [(path: "/auth/logout", method: "POST")]
        if sessions != nil {
            endpoints += [("/auth/refresh", "POST"), ("/auth/sessions", "GET"), ("/auth/sessions/", "DELETE")]
        }
        return endpoints
    }

    /// Adds them.
    func add(to router: Router<ControlContext>) {
        router.post("/auth/logout", use: logOut)
        guard let sessions else { return }
        router.post("/auth/refresh") { request, context in
            let parameters = try await RequestParameters(request)
            guard let token = try delivery.refreshToken(of: request, parameters) else {
                throw delivery.missingRefreshToken
            }
            let scope = try parameters.text("scope")
            return delivery.response(
                try await sessions.refresh(
                    token, scope: scope, clientID: PublicAPI.firstPartyClientID, address: context.clientAddress))
        }
        for method in [HTTPRequest.Method.get, .head] {
            router.on("/auth/sessions", method: method) { request, _ in
                let owner = try await owner(of: request)
                let query = try RequestParameters(query: request.uri.query)
                let page = try await sessions.sessions(
                    of: owner.subject, after: try query.sessionCursor(), limit: try query.pageSize())
                return JSONResponse.make(.ok, SessionDocument.page(page, currentSessionID: owner.sessionID))
            }
        }
        router.delete("/auth/sessions/:id") { request, context in
            let owner = try await owner(of: request)
            guard let id = context.parameters.get("id"),
                try await sessions.end(sessionID: id, ownedBy: owner.subject)
            else { throw Problem.noSuchSession }
            return Response(status: .noContent, headers: [.cacheControl: "no-store"])
        }
    }

    // MARK: - One's own sessions

    private struct Owner {
        var subject: String
        var sessionID: String
    }

    /// Who asks: a user with a session of ours that is not revoked.
    ///
    /// Subjects of other issuers are other people, and a client that acts for itself has no sessions.
    private func owner(of request: Request) async throws -> Owner {
        guard let token = try bearer.verify(request, isOptional: false) else { throw Problem.noCredential }
        switch await status.verdict(on: token) {
        case .clear: break
        case .revoked: throw Problem.tokenRevoked
        case .unavailable: throw Problem.denyListUnavailable
        }
        guard bearer.origin(of: token) == .own, let sessionID = token.sessionID else {
            throw Problem.invalidToken("not a token of a session of this gateway")
        }
        return Owner(subject: token.subject, sessionID: sessionID)
    }

    // MARK: - Logging out

    @Sendable
    private func logOut(_ request: Request, _ context: ControlContext) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let refreshToken = try delivery.refreshToken(of: request, parameters)
        let everywhere = try parameters.flag("everywhere")
        let token = try bearer.verify(request, isOptional: refreshToken != nil)
        guard token != nil || refreshToken != nil else { throw Problem.noCredential }
        if let token { try await end(token, everywhere: everywhere) }
        if let refreshToken, let sessions {
            // Who shows an access token of ours and somebody else's refresh token ends only what is his own.
            let owner = token.flatMap { bearer.origin(of: $0) == .own ? $0.subject : nil }
            try await sessions.logOut(refreshToken: refreshToken, everywhere: everywhere, ownedBy: owner)
        }
        return delivery.loggedOut()
    }

    /// Ends what a verified access token stands for: the token, its session, or all that its subject has.
    private func end(_ token: VerifiedToken, everywhere: Bool) async throws {
        let now = clock()
        let expiry = token.expiresAt.millisecondsRoundedDown &+ 1
        let ended = EndedToken(tokenID: token.tokenID, expiresAtMilliseconds: expiry)
        guard case .own = bearer.origin(of: token), let sessions else {
            // Another issuer's session is not ours to end; its token can be refused here all the same.
            let origin = bearer.origin(of: token)
            var batch = [
                lifetimes.revocation(
                    of: .token(jti: token.tokenID), origin: origin, tokenExpiresAtMilliseconds: expiry,
                    nowMilliseconds: now, reason: "logout")
            ]
            if everywhere {
                batch.append(
                    lifetimes.revocation(
                        of: .subject(token.subject), origin: origin, nowMilliseconds: now, reason: "logout everywhere"))
            }
            try await revocations.revoke(batch, nowMilliseconds: now)
            return
        }
        if let session = token.sessionID {
            if everywhere {
                try await sessions.endAll(subject: token.subject, token: ended)
            } else {
                try await sessions.logOut(sessionID: session, token: ended)
            }
        } else {
            // A client that acts for itself has no sessions, and a user of the same name is somebody else.
            let revocation = lifetimes.revocation(
                of: .token(jti: token.tokenID), tokenExpiresAtMilliseconds: expiry, nowMilliseconds: now,
                reason: "logout")
            try await revocations.revoke([revocation], nowMilliseconds: now)
        }
    }
}

extension Problem {
    /// The caller has no session of that id.
    static let noSuchSession = Problem(
        status: 404, error: "not_found", description: "you have no session of this id")
}
