import Credentials
import HTTPTypes
import Hummingbird
import JOSE
import Proxy
import Sessions

/// `POST /oauth2/token` (RFC 6749 section 3.2).
struct TokenEndpoint: Sendable {
    let clients: ClientAuthentication
    let sessions: SessionService
    /// `nil` where the grant `password` is not offered.
    let authenticator: (any Authenticating)?
    let auditLog: AuditLog

    @Sendable
    func respond(_ request: Request, _ context: ControlContext) async throws -> Response {
        let form = try await OAuthForm(request)
        let grant = try form.requiredText("grant_type")
        let client = try await clients.client(of: request, form, context)
        switch grant {
        case "refresh_token": return try await refresh(form, client, context)
        case "client_credentials": return try await serveItself(form, client, context)
        case "password": return try await logIn(request, form, client, context)
        default: throw Problem.unsupportedGrantType
        }
    }

    /// RFC 6749 section 6; rotation by RFC 9700 section 4.14.2.
    private func refresh(
        _ form: OAuthForm, _ client: OAuthClient, _ context: ControlContext
    ) async throws -> Response {
        let token = try form.requiredText("refresh_token", atMost: OAuthForm.longestToken)
        let scope = try form.text("scope")
        do throws(SessionError) {
            return Self.response(
                try await sessions.refresh(
                    token, scope: scope, clientID: client.id, address: context.clientAddress))
        } catch {
            if case .invalidGrant = error { throw Problem.badGrant("the refresh token is not valid") }
            throw error
        }
    }

    /// RFC 6749 section 4.4.
    private func serveItself(
        _ form: OAuthForm, _ client: OAuthClient, _ context: ControlContext
    ) async throws -> Response {
        guard client.isAuthenticated, client.mayUse(.clientCredentials) else { throw Problem.unauthorizedClient }
        let scope = try Self.scope(try form.text("scope"), within: client.scope ?? .none)
        let token = try await sessions.issueAccessToken(subject: client.id, clientID: client.id, scope: scope)
        auditLog.issuedToClient(client.id, context: context)
        return OAuthResponse.document([
            ("access_token", .string(token.accessToken)), ("token_type", .string("Bearer")),
            ("expires_in", .integer(token.expiresInSeconds)), ("scope", .string(token.scope)),
        ])
    }

    /// RFC 6749 section 4.3, for clients that cannot do better.
    private func logIn(
        _ request: Request, _ form: OAuthForm, _ client: OAuthClient, _ context: ControlContext
    ) async throws -> Response {
        guard let authenticator else { throw Problem.unsupportedGrantType }
        guard client.mayUse(.password) else { throw Problem.unauthorizedClient }
        let name = try form.requiredText("username")
        let password = try form.requiredText("password")
        let wanted = try form.text("scope")
        let user: LoginIdentity
        do throws(CredentialError) {
            user = try await authenticator.authenticate(
                name: name, password: Array(password.utf8), address: context.clientAddress)
        } catch {
            if case .throttled(let seconds) = error.code {
                auditLog.loginThrottled(retryAfterSeconds: seconds, context: context)
            }
            guard error.code == .invalidCredentials else { throw error }
            auditLog.loginRefused(context: context)
            throw Problem.badGrant("wrong user name or password")
        }
        let granted = Scope(user.scope.text) ?? .none
        let scope = try Self.scope(wanted, within: client.scope.map(granted.intersection) ?? granted)
        let details = SessionDetails(
            device: request.headers[.userAgent] ?? "", address: context.clientAddress, claims: user.claims)
        let tokens = try await sessions.begin(
            subject: user.name.text, clientID: client.id, scope: scope, details: details)
        auditLog.loggedIn(subject: user.name.text, session: tokens.sessionID, context: context)
        return Self.response(tokens)
    }

    /// The scope asked for, or all of it.
    private static func scope(_ wanted: String?, within granted: Scope) throws -> Scope {
        guard let wanted else { return granted }
        guard let scope = Scope(wanted), scope.isSubset(of: granted) else { throw Problem.invalidScope }
        return scope
    }

    private static func response(_ tokens: IssuedTokens) -> Response {
        OAuthResponse.document([
            ("access_token", .string(tokens.accessToken)), ("token_type", .string("Bearer")),
            ("expires_in", .integer(tokens.expiresInSeconds)), ("refresh_token", .string(tokens.refreshToken)),
            ("refresh_expires_in", .integer(tokens.refreshExpiresInSeconds)), ("scope", .string(tokens.scope)),
        ])
    }
}
