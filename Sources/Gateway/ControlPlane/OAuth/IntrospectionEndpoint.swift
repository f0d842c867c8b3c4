import Hummingbird
import JOSE
import Proxy
import Revocation
import Sessions

/// `POST /oauth2/introspect` (RFC 7662), for clients that have proved who they are.
///
/// An access token is active just when the data path would take it at this moment.
struct IntrospectionEndpoint: Sendable {
    let clients: ClientAuthentication
    let sessions: SessionService
    let bearer: BearerVerification
    let status: RevocationStatus
    let issuer: String

    @Sendable
    func respond(_ request: Request, _ context: ControlContext) async throws -> Response {
        let form = try await OAuthForm(request)
        let client = try await clients.client(of: request, form, context)
        // A public client's name proves nothing, and the answer is about somebody else's token.
        guard client.isAuthenticated else { throw Problem.invalidClient }
        let token = try form.requiredText("token", atMost: OAuthForm.longestToken)
        if let access = try? bearer.verify(token) { return try await answer(access) }
        if let standing = try await sessions.standing(ofRefreshToken: token), standing.isCurrent,
            standing.session.clientID == client.id
        {
            return answer(standing.session)
        }
        return Self.inactive
    }

    private func answer(_ token: VerifiedToken) async throws -> Response {
        switch await status.verdict(on: token) {
        case .revoked: return Self.inactive
        case .unavailable: throw Problem.standingUnavailable
        case .clear: break
        }
        var members: [(String, JSONValue)] = [
            ("active", .bool(true)), ("token_type", .string("Bearer")), ("iss", .string(token.issuer)),
            ("sub", .string(token.subject)),
            ("exp", .integer(token.expiresAt.seconds)), ("iat", .integer(token.issuedAt.seconds)),
            ("jti", .string(token.tokenID)), ("scope", .string(token.scope)),
        ]
        if !token.audiences.isEmpty { members.append(("aud", .array(token.audiences.map { .string($0) }))) }
        if let notBefore = token.notBefore { members.append(("nbf", .integer(notBefore.seconds))) }
        if let client = token.clientID { members.append(("client_id", .string(client))) }
        if let session = token.sessionID { members.append(("sid", .string(session))) }
        return OAuthResponse.document(members)
    }

    /// A refresh token of the client's own; about others nothing is told.
    private func answer(_ session: SessionRecord) -> Response {
        OAuthResponse.document([
            ("active", .bool(true)), ("iss", .string(issuer)), ("sub", .string(session.subject)),
            ("client_id", .string(session.clientID)), ("scope", .string(session.scope.text)),
            ("exp", .integer(session.expiresMilliseconds / 1000)), ("sid", .string(session.id)),
        ])
    }

    private static var inactive: Response { OAuthResponse.document([("active", .bool(false))]) }
}
