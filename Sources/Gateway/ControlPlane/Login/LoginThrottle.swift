import Foundation
import LibCrypto
import Logging
import Proxy
import RateLimiting
import RedisClient
import Synchronization

/// Decides whether a login may be tried: failures are counted for each address, and for each account by its name alone,
/// whether there is such an account or not.
///
/// For an account the count has three ends: `attempts` in a window, five times as many in sixty windows, ten times as
/// many in a day (NIST SP 800-63B section 5.2.2 has a hundred). Who guesses on, waits longer and longer, and nobody is
/// shut out for ever. An account's owner does not wait for a guesser elsewhere: an address from which somebody has
/// logged in to the account counts for itself.
struct LoginThrottle: Sendable {
    /// What has been counted, to be taken back when the password was right.
    struct Attempt: Sendable {
        fileprivate var address: UInt128
        fileprivate var account: UInt128
        fileprivate var pair: UInt128
        fileprivate var isCountedByPair: Bool
    }

    enum Decision: Sendable {
        case allowed(Attempt)
        case refused(retryAfterSeconds: Int)
    }

    private let addresses: AttemptLimiter
    private let accounts: AttemptLimiter
    private let pairs: AttemptLimiter
    private let acquaintances: LoginAcquaintances

    /// - Parameters:
    ///   - attempts: failures in a window.
    ///   - windowMilliseconds: the window.
    ///   - redis: where nodes count together; `nil` to count inside the process.
    ///   - keyPrefix: what the names of all keys in Redis begin with.
    ///   - logger: told when Redis cannot be asked.
    ///   - clock: milliseconds that never go back.
    init(
        attempts: Int, windowMilliseconds: Int64, redis: RedisClient?, keyPrefix: String, logger: Logger,
        clock: @escaping @Sendable () -> Int64 = Self.monotonicMilliseconds
    ) {
        let short = RateLimit(requests: attempts, windowMilliseconds: windowMilliseconds)
        let long = [
            short, RateLimit(requests: attempts * 5, windowMilliseconds: windowMilliseconds * 60),
            RateLimit(requests: attempts * 10, windowMilliseconds: RateLimit.longestWindowMilliseconds),
        ]
        func limiter(_ name: String, _ limits: [RateLimit]) -> AttemptLimiter {
            AttemptLimiter(
                limits, entries: 1 << 16,
                sharing: redis.map { .init(client: $0, keyPrefix: "\(keyPrefix)login:\(name):") }, logger: logger,
                clock: clock)
        }
        addresses = limiter("address", [short])
        accounts = limiter("account", long)
        pairs = limiter("pair", long)
        acquaintances = LoginAcquaintances(redis: redis, keyPrefix: "\(keyPrefix)login:known:")
    }

    /// Counts an attempt.
    ///
    /// An address at its limit counts for no account: from one place nobody can keep an account shut.
    func begin(name: String, address: String) async -> Decision {
        let network = ClientAddress(text: address).map { RateLimitKey.of($0.countedNetwork) }
        let addressKey = network ?? RateLimitKey.of(["address", address])
        var attempt = Attempt(
            address: addressKey, account: RateLimitKey.of(["account", name]),
            pair: RateLimitKey.of(["pair", name, String(addressKey)]), isCountedByPair: false)
        if case .refused(let wait) = await addresses.take(attempt.address) { return Self.refused(wait) }
        if case .refused(let wait) = await accounts.take(attempt.account) {
            attempt.isCountedByPair = await acquaintances.contains(attempt.pair)
            guard attempt.isCountedByPair else {
                await addresses.giveBack(attempt.address)
                return Self.refused(wait)
            }
            if case .refused(let wait) = await pairs.take(attempt.pair) {
                await addresses.giveBack(attempt.address)
                return Self.refused(wait)
            }
        }
        return .allowed(attempt)
    }

    /// The password was right: nothing was guessed.
    func succeeded(_ attempt: Attempt) async {
        await forget(attempt)
        await acquaintances.insert(attempt.pair)
    }

    /// No password was judged.
    func forget(_ attempt: Attempt) async {
        await addresses.giveBack(attempt.address)
        if attempt.isCountedByPair {
            await pairs.giveBack(attempt.pair)
        } else {
            await accounts.giveBack(attempt.account)
        }
    }

    private static func refused(_ milliseconds: Int64) -> Decision {
        .refused(retryAfterSeconds: Int(clamping: (milliseconds + 999) / 1000))
    }

    static let monotonicMilliseconds: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }
}
