import Credentials
import GatewayConfiguration
import Revocation
import Sessions

extension OAuthAPI {
    /// What the endpoints share with the rest of the gateway.
    struct Parts {
        var sessions: SessionService
        var authenticator: (any Authenticating)?
        var machines: MachineAuthenticator?
        var bearer: BearerVerification
        var status: RevocationStatus
        var revocations: any RevocationWriter
        var clock: @Sendable () -> Int64
        var auditLog: AuditLog
    }

    /// The endpoints of a gateway that issues tokens.
    init(_ parts: Parts, plan: GatewayPlan, login: Configuration.Login, issuer: String) {
        let hasPasswordGrant = login.hasPasswordGrant && parts.authenticator != nil
        let clients = ClientAuthentication(
            machines: parts.machines, servesFirstParty: !login.usesCookies, auditLog: parts.auditLog)
        token = TokenEndpoint(
            clients: clients, sessions: parts.sessions, authenticator: hasPasswordGrant ? parts.authenticator : nil,
            auditLog: parts.auditLog)
        revocation = RevocationEndpoint(
            clients: clients, sessions: parts.sessions, bearer: parts.bearer, revocations: parts.revocations,
            lifetimes: plan.lifetimes, clock: parts.clock)
        introspection =
            parts.machines == nil
            ? nil
            : IntrospectionEndpoint(
                clients: clients, sessions: parts.sessions, bearer: parts.bearer, status: parts.status, issuer: issuer)
        metadata = ServerMetadata(
            issuer: issuer, hasPasswordGrant: hasPasswordGrant, hasRegisteredClients: parts.machines != nil)
    }
}
