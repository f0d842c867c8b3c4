import Foundation
package import GatewayConfiguration
import Logging
import NIOCore
import NIOPosix
import RedisClient
import Revocation

/// Refuses what a leaked key signed, from outside a gateway, by way of the Redis that the gateways share.
package enum KeyRevocation {
    /// What came of it.
    package enum Outcome: Sendable, Equatable {
        /// Every node refuses the key's tokens.
        case revoked
        /// There is no Redis: the nodes refuse them because the key is gone, and only for that.
        case outOfReach
        /// Redis did not confirm it: it may or may not have happened.
        case unavailable
    }

    /// Writes the revocation of a key to the deny-list.
    ///
    /// - Parameters:
    ///   - keyID: its `kid`.
    ///   - configuration: where the deny-list is kept.
    /// - Returns: what came of it.
    package static func revoke(keyID: String, _ configuration: Configuration) async -> Outcome {
        guard let redis = configuration.redis, let tokens = configuration.tokens else { return .outOfReach }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = RedisClient(
            configuration: RedisConfiguration(redis), eventLoopGroup: group,
            logger: Logger(label: "redis") { _ in SwiftLogNoOpLogHandler() })
        let deadline = ContinuousClock.now + .milliseconds(redis.connectTimeoutMilliseconds)
        while !client.isReady, ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(5)) }
        let lifetimes = RevocationLifetimes(
            accessMilliseconds: tokens.accessLifetimeSeconds * 1000,
            foreignMilliseconds: (configuration.issuers.map(\.maximumLifetimeSeconds).max() ?? 0) * 1000,
            leewayMilliseconds: configuration.leewaySeconds * 1000,
            sessionIdleMilliseconds: tokens.refreshLifetimeSeconds * 1000)
        let writer = RedisRevocationWriter(
            client: client, keys: RevocationKeys(prefix: redis.keyPrefix), lifetimes: lifetimes)
        let now = Int64(Date.now.timeIntervalSince1970 * 1000)
        let revocation = lifetimes.revocation(of: .key(keyID), nowMilliseconds: now, reason: "leaked key")
        let isWritten = (try? await writer.revoke([revocation], nowMilliseconds: now)) != nil
        await client.shutdown()
        try? await group.shutdownGracefully()
        return isWritten ? .revoked : .unavailable
    }
}
