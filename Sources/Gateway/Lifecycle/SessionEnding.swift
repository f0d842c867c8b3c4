import Foundation
package import GatewayConfiguration
import RedisClient
import Revocation
import Sessions

/// Ends the sessions of an account from outside a gateway, by way of the Redis that the gateways share.
package enum SessionEnding {
    /// What came of it.
    package enum Outcome: Sendable, Equatable {
        /// So many sessions have ended, and every token issued so far is refused.
        case ended(count: Int)
        /// No tokens are issued here, so there are no sessions.
        case noSessions
        /// Sessions live inside each gateway's process, where nobody else can end them.
        case outOfReach
        /// Redis did not confirm it: it may or may not have happened.
        case unavailable
    }

    /// Ends every session of a subject.
    ///
    /// - Parameters:
    ///   - subject: the subject.
    ///   - configuration: where sessions are kept.
    ///   - path: its file, named in advice.
    /// - Returns: what came of it.
    /// - Throws: ``GatewayError`` when the keys cannot be read.
    package static func end(
        of subject: String, _ configuration: Configuration, path: String
    ) async throws(GatewayError) -> Outcome {
        guard configuration.tokens != nil else { return .noSessions }
        guard let settings = configuration.redis else { return .outOfReach }
        let plan = try GatewayPlan(configuration, path: path, loopCount: 1)
        guard let redis = plan.redis else { return .outOfReach }
        guard let policy = plan.sessionPolicy, let keys = plan.signingKeys else { return .noSessions }
        return await RedisErrand.run(redis, patienceMilliseconds: settings.connectTimeoutMilliseconds) { client in
            let service = try? SessionService(
                policy: policy, signingKeys: keys,
                store: RedisSessionStore(client: client, keys: SessionKeys(prefix: plan.revocationKeys.prefix)),
                clock: { Int64(Date.now.timeIntervalSince1970 * 1000) }, audit: { _ in })
            guard let count = try? await service?.endAll(subject: subject, reason: .administrator) else {
                return .unavailable
            }
            return .ended(count: count)
        }
    }
}
