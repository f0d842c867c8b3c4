import Proxy
import Revocation

/// What the authenticators of all event loops have counted.
struct AuthenticationCounts: Sendable {
    /// What came of questions about revocation.
    var revocation = RevocationCounts()
    /// How long Redis took over those it was asked.
    var checkDurations = DurationHistogram()
    /// Tokens that were remembered.
    var cacheHits: UInt64 = 0
    /// Tokens that had to be verified, or were none.
    var cacheMisses: UInt64 = 0
    /// Tokens that were forgotten to make room.
    var cacheEvictions: UInt64 = 0
    /// Look-ups of API keys among those remembered.
    var apiKeys = APIKeyCounts()

    /// Adds those of another event loop.
    mutating func add(_ other: AuthenticationCounts) {
        revocation.add(other.revocation)
        checkDurations.add(other.checkDurations)
        cacheHits &+= other.cacheHits
        cacheMisses &+= other.cacheMisses
        cacheEvictions &+= other.cacheEvictions
        apiKeys.hits &+= other.apiKeys.hits
        apiKeys.refusals &+= other.apiKeys.refusals
        apiKeys.misses &+= other.apiKeys.misses
    }
}

/// How well-formed API keys fared with an event loop that was asked for them.
struct APIKeyCounts: Sendable {
    /// They were remembered.
    var hits: UInt64 = 0
    /// That they were refused was remembered.
    var refusals: UInt64 = 0
    /// The store had to be asked, by this request or one before that still waits.
    var misses: UInt64 = 0
}
