/// What came of the checks of one event loop, or of several.
package struct RevocationCounts: Sendable, Hashable {
    /// Not revoked.
    package var clear = 0
    /// Revoked.
    package var revoked = 0
    /// The deny-list could not be asked, and what was known of late was good enough.
    package var staleAllowed = 0
    /// The deny-list could not be asked, and the route lets requests through then.
    package var openAllowed = 0
    /// The deny-list could not be asked, and the request was refused.
    package var unavailable = 0

    /// All zero.
    package init() {}

    /// Adds those of another event loop.
    package mutating func add(_ other: RevocationCounts) {
        clear &+= other.clear
        revoked &+= other.revoked
        staleAllowed &+= other.staleAllowed
        openAllowed &+= other.openAllowed
        unavailable &+= other.unavailable
    }
}
