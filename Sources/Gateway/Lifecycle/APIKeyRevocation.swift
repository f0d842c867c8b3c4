package import Credentials
import Foundation
package import GatewayConfiguration
package import Logging
import RedisClient
import Revocation

/// Tells every node that API keys are revoked, so that none goes on from memory.
///
/// The database has it already, and keeps it for ever; the mark in the deny-list only has to outlive what nodes remember.
package struct APIKeyRevocation: Sendable {
    let writer: any RevocationWriter
    let cacheLifetimeSeconds: Int64

    /// Writes the marks; all or none.
    ///
    /// - Parameters:
    ///   - keys: the keys.
    ///   - nowMilliseconds: milliseconds since 1970.
    ///   - reason: for the operator.
    /// - Throws: `RevocationFailure`.
    func announce(_ keys: [APIKeyID], nowMilliseconds: Int64, reason: String) async throws(RevocationFailure) {
        let life = (LoopAPIKeys.longestOutageSeconds + cacheLifetimeSeconds) * 1000
        for start in stride(from: 0, to: keys.count, by: 100) {
            let batch = keys[start..<min(start + 100, keys.count)].map { key in
                Revocation(
                    target: .token(jti: key.tokenID),
                    untilMilliseconds: EpochMilliseconds.sum(nowMilliseconds, life), reason: reason)
            }
            try await writer.revoke(batch, nowMilliseconds: nowMilliseconds)
        }
    }

    /// Writes the marks from outside the gateway's process.
    ///
    /// - Parameters:
    ///   - keys: the keys.
    ///   - configuration: names the Redis that the nodes ask.
    ///   - reason: for the operator.
    ///   - logger: for the client of Redis.
    /// - Returns: `false` when there is no Redis: then the gateway's process alone could tell itself.
    /// - Throws: ``GatewayError`` when Redis did not take them.
    package static func announce(
        _ keys: [APIKeyID], configuration: Configuration, reason: String, logger: Logger
    ) async throws -> Bool {
        guard let redis = configuration.redis else { return false }
        let accessMilliseconds = (configuration.tokens?.accessLifetimeSeconds ?? 0) * 1000
        let foreignMilliseconds = (configuration.issuers.map(\.maximumLifetimeSeconds).max() ?? 0) * 1000
        let lifetimes = RevocationLifetimes(
            accessMilliseconds: accessMilliseconds, foreignMilliseconds: foreignMilliseconds,
            leewayMilliseconds: configuration.leewaySeconds * 1000)
        let failure = await RedisErrand.run(
            try RedisConfiguration(redis), patienceMilliseconds: redis.connectTimeoutMilliseconds, logger: logger
        ) { client -> RevocationFailure? in
            let announcement = APIKeyRevocation(
                writer: RedisRevocationWriter(
                    client: client, keys: RevocationKeys(prefix: redis.keyPrefix), lifetimes: lifetimes),
                cacheLifetimeSeconds: configuration.credentials?.apiKeyCacheLifetimeSeconds ?? 0)
            do throws(RevocationFailure) {
                try await announcement.announce(
                    keys, nowMilliseconds: Int64(Date.now.timeIntervalSince1970 * 1000), reason: reason)
                return nil
            } catch {
                return error
            }
        }
        guard failure == nil else {
            throw GatewayError(
                .unavailable,
                "the keys are revoked, but Redis did not take the message: a node that remembers one goes on with it "
                    + "until it looks it up again (credentials.api_key_cache.ttl); run the command again")
        }
        return true
    }
}
