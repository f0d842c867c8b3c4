import Hummingbird
import JOSE
import Proxy
import Revocation
import Sessions

/// `POST /oauth2/revoke` (RFC 7009).
///
/// What kind of token it is shows in the token itself, so `token_type_hint` is not needed and a wrong one does no harm.
struct RevocationEndpoint: Sendable {
    let clients: ClientAuthentication
    let sessions: SessionService
    let bearer: BearerVerification
    let revocations: any RevocationWriter
    let lifetimes: RevocationLifetimes
    let clock: @Sendable () -> Int64

    @Sendable
    func respond(_ request: Request, _ context: ControlContext) async throws -> Response {
        let form = try await OAuthForm(request)
        let client = try await clients.client(of: request, form, context)
        let token = try form.requiredText("token", atMost: OAuthForm.longestToken)
        if let standing = try await sessions.standing(ofRefreshToken: token) {
            // With the session its access tokens end, too (RFC 7009 section 2.1).
            if try mayRevoke(standing.session.clientID, client) { try await sessions.logOut(refreshToken: token) }
        } else if let access = try? bearer.verify(token), case .own = bearer.origin(of: access) {
            if try mayRevoke(access.clientID, client) { try await revoke(access) }
        }
        // Unknown, expired and revoked before are all as good as revoked (RFC 7009 section 2.2).
        return OAuthResponse.empty
    }

    /// Whether the token is the client's own.
    ///
    /// - Throws: ``Problem`` to a client that has proved who it is; to others it is not told that there is such a token.
    private func mayRevoke(_ owner: String?, _ client: OAuthClient) throws -> Bool {
        if owner == client.id { return true }
        if client.isAuthenticated { throw Problem.otherClientsToken }
        return false
    }

    private func revoke(_ token: VerifiedToken) async throws {
        let now = clock()
        let revocation = lifetimes.revocation(
            of: .token(jti: token.tokenID),
            tokenExpiresAtMilliseconds: token.expiresAt.millisecondsRoundedDown &+ 1, nowMilliseconds: now,
            reason: "revoked by its client")
        try await revocations.revoke([revocation], nowMilliseconds: now)
    }
}
