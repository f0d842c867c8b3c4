import Credentials
import Foundation
import Hummingbird
import Proxy
import RateLimiting

/// Finds out which client a request comes from.
///
/// Who fails too often from one address is refused for a while before anything is looked up (RFC 7009 section 5, RFC 7662
/// section 4).
struct ClientAuthentication: Sendable {
    /// How often clients may fail from one address in a minute.
    static let failuresPerMinute = 30

    /// `nil` where there is no database, and so no registered client.
    private let machines: MachineAuthenticator?
    /// Whether this gateway's own login may be named as a client: not where its refresh tokens travel as cookies alone.
    private let servesFirstParty: Bool
    private let failures: LocalRateLimitTable
    private let auditLog: AuditLog

    init(
        machines: MachineAuthenticator?, servesFirstParty: Bool, auditLog: AuditLog,
        clock: @escaping @Sendable () -> Int64 = Self.monotonicMilliseconds
    ) {
        self.machines = machines
        self.servesFirstParty = servesFirstParty
        self.auditLog = auditLog
        failures = LocalRateLimitTable(
            GCRA(
                RateLimit(requests: Self.failuresPerMinute, windowMilliseconds: 60_000, burst: Self.failuresPerMinute)),
            entries: 1 << 14, clock: clock)
    }

    /// - Throws: ``Problem``: 400, 401 `invalid_client`, 429, or 503 when the database cannot be asked.
    func client(of request: Request, _ form: OAuthForm, _ context: ControlContext) async throws -> OAuthClient {
        let address = RateLimitKey.of(["client authentication", context.clientAddress])
        let standing = failures.standing(of: address)
        guard standing.isAllowed else {
            throw Problem.tooManyRequests(retryAfterSeconds: max(Int(standing.retryAfterMilliseconds + 999) / 1000, 1))
        }
        guard let presented = try PresentedClient.read(request, form) else { throw Problem.invalidClient }
        do throws(CredentialError) {
            return try await find(presented)
        } catch {
            guard error.code == .invalidCredentials else { throw Problem.clientsUnavailable }
            _ = failures.take(address)
            auditLog.clientRefused(context: context)
            throw Problem.invalidClient
        }
    }

    private func find(_ presented: PresentedClient) async throws(CredentialError) -> OAuthClient {
        if presented.id == PublicAPI.firstPartyClientID, presented.secret == nil, servesFirstParty {
            return .firstParty
        }
        guard let machines else { throw CredentialError(.invalidCredentials) }
        return .registered(try await machines.authenticate(client: presented.id, secret: presented.secret))
    }

    private static let monotonicMilliseconds: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }
}
