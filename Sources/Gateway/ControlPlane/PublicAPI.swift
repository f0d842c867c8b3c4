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
    /// What verifies the gateway's own tokens now.
    let publicKeys: @Sendable () -> JSONWebKeySet
    let revocations: any RevocationWriter
    let lifetimes: RevocationLifetimes
    let delivery: TokenDelivery
    let status: RevocationStatus
    let clock: @Sendable () -> Int64
    let auditLog: AuditLog
    /// `nil` where no tokens are issued.
    let oauth: OAuthAPI?

    private var sessionEndpoints: SessionEndpoints {
        SessionEndpoints(
            sessions: sessions, bearer: bearer, status: status, revocations: revocations, lifetimes: lifetimes,
            delivery: delivery, clock: clock)
    }

    /// The endpoints there are, for the route table: paths with their methods; a path with a slash at its end stands
    /// for what is below it.
    var endpoints: [(path: String, method: String)] {
        var endpoints = sessionEndpoints.endpoints
        guard sessions != nil else { return endpoints }
        endpoints.append(("/.well-known/jwks.json", "GET"))
        if authenticator != nil { endpoints.append(("/auth/login", "POST")) }
        if let oauth { endpoints += oauth.endpoints }
        return endpoints
    }

    /// Builds the router.
    func router() -> Router<ControlContext> {
        let router = Router(context: ControlContext.self)
        sessionEndpoints.add(to: router)
        oauth?.add(to: router)
        if let sessions {
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
        try delivery.checkLogin(request)
        let parameters = try await RequestParameters(request)
        let name = try parameters.requiredText("username")
        let password = try parameters.requiredText("password")
        let wanted = try parameters.text("scope")
        let device = try parameters.text("device") ?? request.headers[.userAgent] ?? ""
        do {
            let user = try await authenticator.authenticate(
                name: name, password: Array(password.utf8), address: context.clientAddress)
            let scope = try Self.scope(wanted, of: user)
            let tokens = try await sessions.begin(
                subject: user.name.text, clientID: Self.firstPartyClientID, scope: scope,
                details: SessionDetails(device: device, address: context.clientAddress, claims: user.claims))
            auditLog.loggedIn(subject: user.name.text, session: tokens.sessionID, context: context)
            return delivery.response(tokens)
        } catch let error as CredentialError {
            switch error.code {
            case .invalidCredentials: auditLog.loginRefused(context: context)
            case .throttled(let seconds): auditLog.loginThrottled(retryAfterSeconds: seconds, context: context)
            default: break
            }
            throw error
        }
    }

    @Sendable
    private func keySet(_ request: Request, _ context: ControlContext) async throws -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/jwk-set+json", .cacheControl: "public, max-age=300"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: JSONWebKeySet.publicJSON(for: publicKeys().keys))))
    }

    // MARK: - Parts

    private static func scope(_ wanted: String?, of user: LoginIdentity) throws -> Scope {
        guard let granted = Scope(user.scope.text) else { throw Problem.internalError }
        guard let wanted else { return granted }
        guard let scope = Scope(wanted), scope.isSubset(of: granted) else { throw Problem.invalidScope }
        return scope
    }
}
