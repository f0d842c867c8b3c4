import Foundation
import GatewayConfiguration
import JOSE
import Logging
import NIOCore
import Proxy
import Revocation

/// What the authentications of one event loop share: the verifier, the tokens it remembers, and the deny-list.
final class LoopAuthenticator {
    private(set) var settings: AuthenticationSettings
    let denyList: DenyList
    let logger: Logger
    /// `nil` where there is no database that API keys could be in.
    let apiKeys: LoopAPIKeys?
    private(set) var counts = RevocationCounts()
    private var checkDurations = DurationHistogram()
    private let outage: DenyListOutage
    private var isInOutage = false
    private let leewaySeconds: Int64
    private var unknownKeys: UnknownKeyPolicy
    private var verifier: TokenVerifier
    /// What the verifier was made of.
    private var trust: (list: UInt64, generation: UInt64)
    private let cache: VerificationCache<KnownToken>

    /// - Parameters:
    ///   - settings: what is the same for all event loops.
    ///   - trust: the issuers and their keys; to be kept up with by ``TrustStore/subscribe(_:on:)``.
    ///   - unknownKeys: told of keys that an issuer may have begun to use.
    ///   - denyList: the loop's deny-list.
    ///   - outage: whether the deny-list can be asked, for the log.
    ///   - apiKeys: finds API keys; `nil` where there is no database that they could be in.
    ///   - logger: for the operator.
    /// - Throws: `JOSEError` when a key cannot be used.
    init(
        settings: AuthenticationSettings, trust: TrustStore.Snapshot, unknownKeys: UnknownKeyPolicy,
        denyList: DenyList, outage: DenyListOutage, apiKeys: LoopAPIKeys?, logger: Logger
    ) throws(JOSEError) {
        self.settings = settings
        self.denyList = denyList
        self.apiKeys = apiKeys
        self.logger = logger
        self.unknownKeys = unknownKeys
        self.outage = outage
        leewaySeconds = settings.leewaySeconds
        verifier = try trust.makeVerifier()
        self.trust = (trust.list, trust.generation)
        cache = VerificationCache(capacity: settings.cacheEntriesPerLoop)
    }

    /// What has been counted up to now.
    var allCounts: AuthenticationCounts {
        AuthenticationCounts(
            revocation: counts, checkDurations: checkDurations, cacheHits: cache.hitCount, cacheMisses: cache.missCount,
            cacheEvictions: cache.evictionCount, apiKeys: apiKeys?.counts ?? APIKeyCounts())
    }

    /// Takes up other keys of the same issuers, and forgets every token that was verified with those before.
    func adopt(_ trust: TrustStore.Snapshot) {
        // Other issuers come with the settings that know them.
        guard trust.list == self.trust.list, trust.generation > self.trust.generation else { return }
        take(trust)
    }

    /// Goes by the settings of another configuration, and forgets every token, for each was judged by those before.
    ///
    /// - Parameters:
    ///   - settings: the settings.
    ///   - trust: their issuers.
    ///   - unknownKeys: told of keys that one of those may have begun to use.
    func adopt(_ settings: AuthenticationSettings, trust: TrustStore.Snapshot, unknownKeys: UnknownKeyPolicy) {
        self.settings = settings
        self.unknownKeys = unknownKeys
        apiKeys?.adopt(settings)
        take(trust)
    }

    private func take(_ trust: TrustStore.Snapshot) {
        // The store has made one of the same keys before; should it fail here all the same, no token is accepted.
        verifier = (try? trust.makeVerifier()) ?? TokenVerifier.trustingNobody()
        self.trust = (trust.list, trust.generation)
        cache.removeAll()
    }

    /// Verifies a token, or remembers that it was verified.
    ///
    /// Either way its times have been judged just now.
    func verify(_ token: UnsafeRawBufferPointer) throws(TokenRejection) -> KnownToken {
        let now = Self.nowSeconds
        if let known = cache.value(for: token) {
            if let rejection = known.validity.rejection(nowSeconds: now, leewaySeconds: leewaySeconds) {
                throw rejection
            }
            return known
        }
        let verified: VerifiedToken
        do throws(TokenRejection) {
            verified = try verifier.verify(token, nowSeconds: now)
        } catch {
            guard error == .unknownKey, let issuer = verifier.lastIssuerIndex else { throw error }
            throw unknownKeys.rejection(ofIssuer: issuer)
        }
        let known = KnownToken(verified, settings: settings)
        cache.insert(token: token, value: known)
        return known
    }

    /// Counts how long Redis took over a question whose verdict has just come.
    func recordCheck(askedAt: NIODeadline, _ verdict: RevocationVerdict) {
        checkDurations.record(nanoseconds: denyList.nanoseconds(since: askedAt, to: verdict))
    }

    /// Whether a request goes on, as far as revocation is concerned.
    ///
    /// - Returns: `nil` when it does.
    func denial(_ verdict: RevocationVerdict, _ known: KnownCredential, policy: RoutePolicy) -> Denial? {
        switch verdict {
        case .clear:
            counts.clear &+= 1
            noteOutage(false)
            return nil
        case .revoked:
            counts.revoked &+= 1
            return .tokenRevoked
        case .unavailable:
            noteOutage(true)
            return denialInOutage(known, policy.outagePolicy)
        }
    }

    private func denialInOutage(_ known: KnownCredential, _ policy: Configuration.OutagePolicy) -> Denial? {
        switch policy {
        case .open:
            counts.openAllowed &+= 1
            return nil
        case .stale where denyList.wasClear(known.query, graceNanoseconds: settings.staleGraceNanoseconds):
            counts.staleAllowed &+= 1
            return nil
        case .closed, .stale:
            counts.unavailable &+= 1
            return .denyListUnavailable
        }
    }

    private func noteOutage(_ isOn: Bool) {
        guard isOn != isInOutage else { return }
        isInOutage = isOn
        if isOn { outage.began() } else { outage.ended() }
    }

    /// Why an exchange of a credential must end, if it must.
    func reasonToEnd(_ known: KnownCredential) -> StaticString? {
        switch known {
        case let token as KnownToken:
            if token.validity.rejection(nowSeconds: Self.nowSeconds, leewaySeconds: leewaySeconds) == .expired {
                return "expired"
            }
        case let key as KnownAPIKey:
            if key.expiresAtSeconds <= Self.nowSeconds { return "expired" }
        default: break
        }
        guard settings.asksDenyList, case .revoked = denyList.lastKnown(known.query) else { return nil }
        return "revoked"
    }

    private static var nowSeconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
    }
}
