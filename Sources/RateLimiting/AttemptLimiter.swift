package import Logging
package import RedisClient
import Synchronization

/// Counts attempts at something for all nodes together, against several limits at once: the longer somebody goes on,
/// the longer each next attempt has to wait.
///
/// For callers that can wait for Redis; routes have ``RateLimiter``. While Redis cannot be asked the process counts by
/// the same numbers.
package final class AttemptLimiter: Sendable {
    /// Whether an attempt may be made.
    package enum Decision: Sendable, Equatable {
        /// It may, and counts.
        case allowed
        /// It may not, and does not count.
        case refused(retryAfterMilliseconds: Int64)
    }

    /// Where nodes count together.
    package struct Sharing: Sendable {
        let client: RedisClient
        let keyPrefix: String

        /// - Parameters:
        ///   - client: the Redis.
        ///   - keyPrefix: what the names of the keys begin with, and those of no other limit.
        package init(client: RedisClient, keyPrefix: String) {
            self.client = client
            self.keyPrefix = keyPrefix
        }
    }

    private let limits: [GCRA]
    private let tables: [LocalRateLimitTable]
    private let sharing: Sharing?
    private let logger: Logger
    private let clock: @Sendable () -> Int64
    private let notice = Mutex(OutageNotice())

    /// - Parameters:
    ///   - limits: all of them have to allow an attempt.
    ///   - entries: how many names are remembered inside the process.
    ///   - sharing: where nodes count together; `nil` to count inside the process.
    ///   - logger: told when Redis cannot be asked, and when it can be again.
    ///   - clock: milliseconds that never go back, from any start.
    package init(
        _ limits: [RateLimit], entries: Int, sharing: Sharing?, logger: Logger,
        clock: @escaping @Sendable () -> Int64
    ) {
        self.limits = limits.map { GCRA($0) }
        tables = self.limits.map { LocalRateLimitTable($0, entries: entries, clock: clock) }
        self.sharing = sharing
        self.logger = logger
        self.clock = clock
    }

    /// Counts an attempt.
    ///
    /// - Parameter key: whose it is, from ``RateLimitKey``.
    /// - Returns: whether it may be made.
    package func take(_ key: UInt128) async -> Decision {
        guard let wait = await ask(key, sign: 1) else { return takeLocally(key) }
        return wait == 0 ? .allowed : .refused(retryAfterMilliseconds: wait)
    }

    /// Takes back what one attempt counted: it turned out not to be one.
    ///
    /// - Parameter key: as it was for ``take(_:)``.
    package func giveBack(_ key: UInt128) async {
        if await ask(key, sign: -1) == nil {
            for table in tables { table.giveBack(key) }
        }
    }

    private func takeLocally(_ key: UInt128) -> Decision {
        for (index, table) in tables.enumerated() {
            let decision = table.take(key)
            guard !decision.isAllowed else { continue }
            for counted in tables[..<index] { counted.giveBack(key) }
            return .refused(retryAfterMilliseconds: max(decision.retryAfterMilliseconds, 1))
        }
        return .allowed
    }

    /// Runs the script; `nil` when Redis cannot be asked.
    private func ask(_ key: UInt128, sign: Int) async -> Int64? {
        guard let sharing else { return nil }
        let hexadecimal = String(key, radix: 16)
        let name = sharing.keyPrefix + String(repeating: "0", count: 32 - hexadecimal.count) + hexadecimal
        let numbers = limits.flatMap { [$0.cost, $0.drain, $0.capacity] }.map { String($0) }
        do throws(RedisFailure) {
            let reply = try await sharing.client.evaluate(
                AttemptScript.count, keys: [name], arguments: [String(sign)] + numbers)
            guard case .integer(let wait) = reply, wait >= 0 else { throw .protocolViolation }
            if notice.withLock({ $0.succeeded(nowMilliseconds: clock()) }) {
                logger.notice("attempts are counted together again")
            }
            return wait
        } catch {
            if notice.withLock({ $0.failed(nowMilliseconds: clock()) }) {
                logger.warning(
                    "attempts are counted by this process alone: Redis cannot be asked",
                    metadata: ["cause": "\(error)"])
            }
            return nil
        }
    }
}
