extension Configuration {
    /// How revoked tokens are recognised.
    package struct Revocation: Sendable, Equatable {
        /// Where the deny-list is looked up.
        package var mode: RevocationMode
        /// What happens to a request when the deny-list cannot be asked; each route has its own copy.
        package var onUnavailable: OutagePolicy
    }

    /// Where the deny-list is looked up.
    package enum RevocationMode: String, Sendable, Equatable {
        /// The store is asked for each request.
        case query
        /// Nowhere: a revoked token is good until it expires.
        case off
    }

    /// What happens to a request when the deny-list cannot be asked.
    package enum OutagePolicy: String, Sendable, Equatable {
        /// It is refused with 503.
        case closed
        /// It is let through.
        case open
    }
}
