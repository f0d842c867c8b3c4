import Credentials
import GatewayConfiguration
import HTTPTypes
import Hummingbird
import JOSE
import Logging
import NIOCore
import Proxy
import Revocation
import Sessions

/// The endpoints that hand out, renew and take back tokens, as a Hummingbird router.
struct PublicAPI {
    /// The `client_id` of tokens that somebody got by logging in here, and not through a client of their own.
    static let firstPartyClientID = MachineDirectory.firstPartyClientID

    /// The service that issues tokens; without it the gateway only verifies, and only logout is left.
    let sessions: SessionService?
    let authenticator: (any Authenticating)?
    let bearer: BearerVerification
    let publicKeys: JSONWebKeySet?
    let revocations: any RevocationWriter
    let lifetimes: RevocationLifetimes
    let clock: @Sendable () -> Int64
    let auditLog: AuditLog
    /// `nil` where no tokens are issued.
    let oauth: OAuthAPI?

    /// The endpoints there are, for the route table: paths with their methods.
    var endpoints: [(path: String, method: String)] {
        var endpoints = [(path: "/auth/logout", method: "POST")]
        guard sessions != nil else { return endpoints }
        endpoints += [("/auth/refresh", "POST"), ("/.well-known/jwks.json", "GET")]
        if authenticator != nil { endpoints.append(("/auth/login", "POST")) }
        if let oauth { endpoints += oauth.endpoints }
        return endpoints
    }

    /// Builds the router.
    func router() -> Router<ControlContext> {
        let router = Router(context: ControlContext.self)
        router.post("/auth/logout", use: logOut)
        oauth?.add(to: router)
        if let sessions {
            router.post("/auth/refresh") { request, _ in try await refresh(request, sessions) }
            // Who may GET may ask for the head of it; the data path leaves the body out.
            for method in [HTTPRequest.Method.get, .head] {
                router.on("/.well-known/jwks.json", method: method, use: keySet)
            }
            if let authenticator {
                router.post("/auth/login") { request, context in
                    try await logIn(request, context, sessions, authenticator)
                }
            }
        }
        return router
    }

    // MARK: - Endpoints

    private func logIn(
        _ request: Request, _ context: ControlContext, _ sessions: SessionService, _ authenticator: any Authenticating
    ) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let name = try parameters.requiredText("username")
        let password = try parameters.requiredText("password")
        let wanted = try parameters.text("scope")
        do {
            let user = try await authenticator.authenticate(name: name, password: Array(password.utf8))
            let scope = try Self.scope(wanted, of: user)
            let tokens = try await sessions.begin(
                subject: user.name.text, clientID: Self.firstPartyClientID, scope: scope)
            auditLog.loggedIn(subject: user.name.text, session: tokens.sessionID, context: context)
            return try Self.response(tokens)
        } catch let error as CredentialError where error.code == .invalidCredentials {
            auditLog.loginRefused(context: context)
            throw error
        }
    }

    private func refresh(_ request: Request, _ sessions: SessionService) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let token = try parameters.requiredText("refresh_token")
        return try Self.response(
            try await sessions.refresh(
                token, scope: try parameters.text("scope"), clientID: Self.firstPartyClientID))
    }

    @Sendable
    private func logOut(_ request: Request, _ context: ControlContext) async throws -> Response {
        let parameters = try await RequestParameters(request)
        let refreshToken = try parameters.text("refresh_token")
        let everywhere = try parameters.flag("everywhere")
        let token = try bearer.verify(request, isOptional: refreshToken != nil)
        guard token != nil || refreshToken != nil else { throw Problem.noCredential }
        if let token { try await end(token, everywhere: everywhere) }
        if let refreshToken, let sessions {
            // Who shows an access token of ours and somebody else's refresh token ends only what is his own.
            let owner = token.flatMap { bearer.origin(of: $0) == .own ? $0.subject : nil }
            try await sessions.logOut(refreshToken: refreshToken, everywhere: everywhere, ownedBy: owner)
        }
        return Response(status: .noContent, headers: [.cacheControl: "no-store"])
    }

    @Sendable
    private func keySet(_ request: Request, _ context: ControlContext) async throws -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/jwk-set+json", .cacheControl: "public, max-age=300"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: JSONWebKeySet.publicJSON(for: publicKeys?.keys ?? []))))
    }

    // MARK: - Parts

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
        if everywhere {
            try await sessions.endAll(subject: token.subject, token: ended)
        } else if let session = token.sessionID {
            try await sessions.logOut(sessionID: session, token: ended)
        } else {
            let revocation = lifetimes.revocation(
                of: .token(jti: token.tokenID), tokenExpiresAtMilliseconds: expiry, nowMilliseconds: now,
                reason: "logout")
            try await revocations.revoke([revocation], nowMilliseconds: now)
        }
    }

    private static func scope(_ wanted: String?, of user: User) throws -> Scope {
        guard let granted = Scope(user.scope.text) else { throw Problem.internalError }
        guard let wanted else { return granted }
        guard let scope = Scope(wanted), scope.isSubset(of: granted) else { throw Problem.invalidScope }
        return scope
    }

    private static func response(_ tokens: IssuedTokens) throws -> Response {
        let document = JSONValue.object([
            ("access_token", .string(tokens.accessToken)), ("token_type", .string("Bearer")),
            ("expires_in", .integer(tokens.expiresInSeconds)), ("refresh_token", .string(tokens.refreshToken)),
            ("refresh_expires_in", .integer(tokens.refreshExpiresInSeconds)), ("scope", .string(tokens.scope)),
        ])
        return Response(
            status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.bytes(of: document))))
    }
}
