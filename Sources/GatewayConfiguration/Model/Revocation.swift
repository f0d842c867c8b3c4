extension Configuration {
    /// How revoked tokens are recognised.
    package struct Revocation: Sendable, Equatable {
        /// Where the deny-list is looked up.
        package var mode: RevocationMode
        /// What happens to a request when the deny-list cannot be asked; each route has its own copy.
        package var onUnavailable: OutagePolicy
        /// How old what is known may be for ``OutagePolicy/stale``.
        package var staleGraceMilliseconds: Int64 = 60_000
        /// How old what is known may be for ``RevocationMode/mirror``.
        package var mirrorStalenessMilliseconds: Int64 = 2_000
        /// How many replicas must have a revocation before it is answered.
        package var minimumReplicas = 0
        /// Who must have it besides.
        package var acknowledgement = RevocationAcknowledgement.store
        /// What happens when revocations are lost that nobody knows.
        package var onDataLoss = DataLossPolicy.alert
    }

    /// Where the deny-list is looked up.
    package enum RevocationMode: String, Sendable, Equatable {
        /// The store is asked for each request.
        case query
        /// In memory, while that is fresh; else the store is asked.
        case mirror
        /// Nowhere: a revoked token is good until it expires.
        case off
    }

    /// What happens to a request when the deny-list cannot be asked.
    package enum OutagePolicy: String, Sendable, Equatable {
        /// It is refused with 503.
        case closed
        /// What was last known decides, for a while; then it is refused with 503.
        case stale
        /// It is let through.
        case open
    }

    /// Who must have a revocation before it is answered.
    package enum RevocationAcknowledgement: String, Sendable, Equatable {
        /// The store.
        case store = "redis"
        /// Every node that answers from its mirror.
        case nodes
    }

    /// What happens when the store has lost revocations that no running node knows.
    package enum DataLossPolicy: String, Sendable, Equatable {
        /// The operator is told.
        case alert
        /// Every token issued before is refused, too.
        case refuseOlder = "refuse_older"
    }
}
