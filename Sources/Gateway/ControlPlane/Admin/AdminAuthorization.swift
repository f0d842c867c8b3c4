import GatewayConfiguration
import Hummingbird
import LibCrypto
import Proxy

/// Lets nobody pass without the admin token.
struct AdminAuthorization: RouterMiddleware {
    typealias Context = AdminContext

    /// The digest of the token; `nil` where none is configured, and then nobody passes.
    ///
    /// Digests are compared, in constant time, so that not even the token's length shows.
    private let digest: [UInt8]?
    private let auditLog: AuditLog

    init(token: Secret?, auditLog: AuditLog) {
        self.auditLog = auditLog
        digest = token.map { Digest.hash(Array($0.exposed.utf8), with: .sha256) }
    }

    func handle(
        _ request: Request, context: AdminContext, next: (Request, AdminContext) async throws -> Response
    ) async throws -> Response {
        guard let digest else { throw Problem.administrationOff }
        let values = request.headers[values: .authorization]
        guard values.count <= 1 else { throw Problem.malformedCredential }
        guard let value = values.first else { throw Problem.noCredential }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.first?.lowercased() == "bearer" else { throw Problem.noCredential }
        guard parts.count == 2 else { throw Problem.malformedCredential }
        let presented = Array(parts[1].trimmingPrefix(while: { $0 == " " }).utf8)
        guard constantTimeEqual(Digest.hash(presented, with: .sha256), digest) else {
            auditLog.administrationRefused(context: context)
            throw Problem.invalidToken("not the admin token")
        }
        return try await next(request, context)
    }
}

extension Problem {
    /// There is no admin token, so there is nobody who could be an administrator.
    static let administrationOff = Problem(
        status: 403, error: "access_denied", description: "administration is off: no listeners.admin.token is set")
}
