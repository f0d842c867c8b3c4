import Credentials
import Foundation
import JOSE
import NIOCore
import Proxy

/// The API keys that one event loop remembers, and the look-ups of those it does not.
///
/// A look-up blocks, so it leaves the loop for threads of the store, behind a bounded queue. Who asks for the same key
/// meanwhile waits for the same look-up. What was refused is kept apart from what was found: whoever sends made-up keys
/// only pushes out other made-up keys.
final class LoopAPIKeys {
    /// What is known of a key at once.
    enum Answer {
        case known(KnownAPIKey)
        case denied(Denial)
        /// The waiter hears later.
        case pending
    }

    /// A key that was refused; not asked for again until its time.
    private struct Refusal {
        var denial: Denial
        var untilSeconds: Int64
    }

    /// How long a refusal is remembered: a key that was just made is used by nobody before.
    static let refusalLifetimeSeconds: Int64 = 10
    /// How soon a store that is away is asked again.
    static let retrySeconds: Int64 = 5
    /// How long a remembered key is taken while the store is away; the marks of revoked keys live longer.
    static let longestOutageSeconds: Int64 = 86_400
    private static let noteIntervalSeconds: Int64 = 60
    private static let flushDelay = TimeAmount.seconds(10)

    private var settings: AuthenticationSettings
    private let authenticator: MachineAuthenticator
    private let eventLoop: any EventLoop
    private let found: VerificationCache<KnownAPIKey>
    private let refused: VerificationCache<Refusal>
    private var waiters: [[UInt8]: [APIKeyWaiter]] = [:]
    /// How keys fared that were looked for here.
    private(set) var counts = APIKeyCounts()

    init(settings: AuthenticationSettings, authenticator: MachineAuthenticator, eventLoop: any EventLoop) {
        self.settings = settings
        self.authenticator = authenticator
        self.eventLoop = eventLoop
        let entries = settings.apiKeys.entriesPerLoop
        found = VerificationCache(capacity: entries, hashedByteCount: APIKeyText.byteCount)
        refused = VerificationCache(capacity: max(entries / 8, 64), hashedByteCount: APIKeyText.byteCount)
    }

    /// Goes by the settings of another configuration; keys stay remembered.
    func adopt(_ settings: AuthenticationSettings) {
        self.settings = settings
    }

    /// Finds out what a key stands for.
    ///
    /// - Parameters:
    ///   - bytes: the key as it was sent.
    ///   - waiter: hears the answer after `.pending`, on this loop.
    /// - Returns: what is known at once.
    func find(_ bytes: UnsafeRawBufferPointer, for waiter: APIKeyWaiter) -> Answer {
        let now = Self.seconds(CLOCK_MONOTONIC)
        let known = found.value(for: bytes).map { current($0, bytes) }
        if let known, known.freshUntilSeconds > now {
            counts.hits &+= 1
            return used(known)
        }
        if let refusal = refused.value(for: bytes), refusal.untilSeconds > now {
            counts.refusals &+= 1
            return .denied(refusal.denial)
        }
        guard let text = APIKeyText(parsing: bytes) else { return .denied(.malformedAPIKey) }
        counts.misses &+= 1
        let key = Array(bytes)
        if waiters[key] != nil {
            waiters[key]?.append(waiter)
            return .pending
        }
        waiters[key] = [waiter]
        let loop = NIOLoopBound(self, eventLoop: eventLoop)
        authenticator.check(text) { [eventLoop] result in
            eventLoop.execute { loop.value.lookedUp(key, result) }
        }
        return .pending
    }

    /// What is remembered of a key, with the policies in force: who waits for a verdict goes on with those before.
    private func current(_ known: KnownAPIKey, _ key: UnsafeRawBufferPointer) -> KnownAPIKey {
        guard known.policies !== settings.policies else { return known }
        let renewed = KnownAPIKey(known, policies: settings.policies)
        found.insert(token: key, value: renewed)
        return renewed
    }

    private func lookedUp(_ key: [UInt8], _ result: Result<APIKeyVerdict, CredentialError>) {
        let waiting = waiters.removeValue(forKey: key) ?? []
        let answer = key.withUnsafeBytes { conclude($0, result) }
        for waiter in waiting { waiter.hear(answer) }
    }

    private func conclude(
        _ key: UnsafeRawBufferPointer, _ result: Result<APIKeyVerdict, CredentialError>
    ) -> Answer {
        let now = Self.seconds(CLOCK_MONOTONIC)
        switch result {
        case .success(.valid(let record)):
            let known = KnownAPIKey(record, settings: settings, monotonicSeconds: now)
            // What was noted stays noted when a key is looked up anew.
            known.notedSeconds = found.value(for: key)?.notedSeconds ?? 0
            found.insert(token: key, value: known)
            return used(known)
        case .success(let verdict):
            found.value(for: key)?.forget()
            let denial = Denial(verdict)
            refused.insert(
                token: key, value: Refusal(denial: denial, untilSeconds: now &+ Self.refusalLifetimeSeconds))
            return .denied(denial)
        case .failure:
            guard let known = found.value(for: key), now &- known.confirmedAtSeconds < Self.longestOutageSeconds else {
                return .denied(.apiKeysUnavailable)
            }
            known.freshUntilSeconds = now &+ Self.retrySeconds
            return used(known)
        }
    }

    private func used(_ known: KnownAPIKey) -> Answer {
        let now = Self.seconds(CLOCK_REALTIME)
        guard known.expiresAtSeconds > now else { return .denied(.expiredAPIKey) }
        if now &- known.notedSeconds >= Self.noteIntervalSeconds {
            known.notedSeconds = now
            if authenticator.noteUse(of: known.id, atMilliseconds: now &* 1000) {
                eventLoop.scheduleTask(in: Self.flushDelay) { [authenticator] in authenticator.flushUses() }
            }
        }
        return .known(known)
    }

    private static func seconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec)
    }
}

/// Waits for a look-up on behalf of a connection, which may be gone when it ends: then it has no owner.
final class APIKeyWaiter {
    var owner: TokenAuthentication?

    func hear(_ answer: LoopAPIKeys.Answer) {
        let owner = owner
        self.owner = nil
        owner?.lookedUp(answer)
    }
}
