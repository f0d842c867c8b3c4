import JOSE

/// What becomes of a token whose `kid` its issuer's key set does not have: perhaps the issuer has just begun to use it.
struct UnknownKeyPolicy: Sendable {
    /// The sources of the issuers that publish their keys, by their place; `nil` where a file has them.
    private let sources: [KeySetDemand?]

    /// - Parameter sources: by the issuers' places.
    init(_ sources: [KeySetDemand?] = []) {
        self.sources = sources
    }

    /// Asks for the issuer's keys anew, if that may be done now.
    ///
    /// - Parameter index: the issuer's place.
    /// - Returns: `keysUnavailable` while the keys are being fetched, so that the client tries again; else `unknownKey`.
    func rejection(ofIssuer index: Int) -> TokenRejection {
        guard sources.indices.contains(index), let source = sources[index] else { return .unknownKey }
        return source.demand() ? .keysUnavailable : .unknownKey
    }
}
