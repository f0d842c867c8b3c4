import Foundation
package import GatewayConfiguration
import RedisClient
import Revocation

/// Refuses tokens from outside a gateway, by way of the Redis that the gateways share.
package enum OutsideRevocation {
    /// What came of it.
    package enum Outcome: Sendable, Equatable {
        /// Every node refuses the tokens.
        case revoked
        /// There is no Redis: nobody outside can tell a gateway's process.
        case outOfReach
        /// Redis did not confirm it: it may or may not have happened.
        case unavailable
    }

    /// Refuses what a leaked key signed.
    ///
    /// - Parameters:
    ///   - keyID: its `kid`.
    ///   - configuration: where the deny-list is kept.
    /// - Returns: what came of it.
    package static func revoke(keyID: String, _ configuration: Configuration) async -> Outcome {
        await revoke(.key(keyID), reason: "leaked key", configuration)
    }

    /// Refuses what was issued to a client.
    ///
    /// - Parameters:
    ///   - clientID: its identifier.
    ///   - reason: for the operator.
    ///   - configuration: where the deny-list is kept.
    /// - Returns: what came of it.
    package static func revoke(clientID: String, reason: String, _ configuration: Configuration) async -> Outcome {
        await revoke(.client(clientID), reason: reason, configuration)
    }

    private static func revoke(
        _ target: RevocationTarget, reason: String, _ configuration: Configuration
    ) async -> Outcome {
        guard let redis = configuration.redis, let tokens = configuration.tokens else { return .outOfReach }
        guard let settings = try? RedisConfiguration(redis) else { return .unavailable }
        let lifetimes = RevocationLifetimes(
            accessMilliseconds: tokens.accessLifetimeSeconds * 1000,
            foreignMilliseconds: (configuration.issuers.map(\.maximumLifetimeSeconds).max() ?? 0) * 1000,
            leewayMilliseconds: configuration.leewaySeconds * 1000,
            sessionIdleMilliseconds: tokens.refreshLifetimeSeconds * 1000)
        return await RedisErrand.run(settings, patienceMilliseconds: redis.connectTimeoutMilliseconds) { client in
            let writer = RedisRevocationWriter(
                client: client, keys: RevocationKeys(prefix: redis.keyPrefix), lifetimes: lifetimes)
            let now = Int64(Date.now.timeIntervalSince1970 * 1000)
            let revocation = lifetimes.revocation(of: target, nowMilliseconds: now, reason: reason)
            let isWritten = (try? await writer.revoke([revocation], nowMilliseconds: now)) != nil
            return isWritten ? .revoked : .unavailable
        }
    }
}
