import Proxy
import Revocation

/// What is remembered of a credential that was found good: only what cannot change while it lives.
///
/// A base class and not a protocol: the data path keeps no existentials. Whether the credential still holds is judged
/// again on each use, and the deny-list is asked again.
class KnownCredential: PermitBasis {
    final let scope: String
    final let identity: Identity
    final let query: DenyListQuery
    private final let standings: [RoutePolicy.Standing]

    init(scope: String, identity: Identity, query: DenyListQuery, standings: [RoutePolicy.Standing]) {
        self.scope = scope
        self.identity = identity
        self.query = query
        self.standings = standings
        super.init()
    }

    final func standing(with policy: Int) -> RoutePolicy.Standing {
        standings[policy]
    }
}
