import Revocation

/// What the authenticators of all event loops have counted.
struct AuthenticationCounts: Sendable {
    /// What came of questions about revocation.
    var revocation = RevocationCounts()
    /// Tokens that were remembered.
    var cacheHits: UInt64 = 0
    /// Tokens that had to be verified, or were none.
    var cacheMisses: UInt64 = 0
    /// Tokens that were forgotten to make room.
    var cacheEvictions: UInt64 = 0

    /// Adds those of another event loop.
    mutating func add(_ other: AuthenticationCounts) {
        revocation.add(other.revocation)
        cacheHits &+= other.cacheHits
        cacheMisses &+= other.cacheMisses
        cacheEvictions &+= other.cacheEvictions
    }
}
