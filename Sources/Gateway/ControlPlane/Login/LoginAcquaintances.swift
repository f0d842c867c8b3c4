import RedisClient
import Synchronization

/// From which addresses somebody has logged in to which accounts, as digests, for thirty days.
struct LoginAcquaintances: Sendable {
    private static let lifeMilliseconds: Int64 = 30 * 86_400_000
    private static let localLimit = 16_384

    /// What is remembered without Redis; the half that was used longest ago goes first.
    private final class Memory: Sendable {
        private let uses = Mutex<(times: [UInt128: UInt64], count: UInt64)>(([:], 0))

        func contains(_ pair: UInt128) -> Bool {
            uses.withLock { $0.times[pair] != nil }
        }

        func insert(_ pair: UInt128) {
            uses.withLock { uses in
                uses.count += 1
                uses.times[pair] = uses.count
                guard uses.times.count > LoginAcquaintances.localLimit else { return }
                let median = uses.times.values.sorted()[uses.times.count / 2]
                uses.times = uses.times.filter { $0.value > median }
            }
        }
    }

    private let redis: RedisClient?
    private let keyPrefix: String
    private let memory = Memory()

    init(redis: RedisClient?, keyPrefix: String) {
        self.redis = redis
        self.keyPrefix = keyPrefix
    }

    /// Whether somebody has; also no when Redis cannot be asked.
    func contains(_ pair: UInt128) async -> Bool {
        guard let redis else { return memory.contains(pair) }
        return (try? await redis.execute("EXISTS", name(of: pair))) == .integer(1)
    }

    /// Remembers it, if that can be done.
    func insert(_ pair: UInt128) async {
        guard let redis else { return memory.insert(pair) }
        _ = try? await redis.execute("SET", name(of: pair), "1", "PX", String(Self.lifeMilliseconds))
    }

    private func name(of pair: UInt128) -> String { keyPrefix + String(pair, radix: 16) }
}
