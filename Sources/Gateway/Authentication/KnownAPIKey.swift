import Credentials
import Proxy
import Revocation

/// What is remembered of an API key after its look-up.
final class KnownAPIKey: KnownCredential {
    let id: APIKeyID
    /// Where it may be used from; empty for everywhere.
    let addresses: [NetworkRange]
    /// Seconds since 1970; `Int64.max` for never.
    let expiresAtSeconds: Int64
    /// When the look-up was; seconds of the monotonic clock.
    private(set) var confirmedAtSeconds: Int64
    /// Until when no other look-up is wanted; seconds of the monotonic clock.
    var freshUntilSeconds: Int64
    /// When its use was last passed on to be written down; seconds since 1970.
    var notedSeconds: Int64 = 0
    /// The policies that its standings are with.
    let policies: PolicySet

    /// - Parameters:
    ///   - key: the key, its secret already found right.
    ///   - settings: what the gateway knows.
    ///   - monotonicSeconds: the time of the look-up.
    init(_ key: APIKey, settings: AuthenticationSettings, monotonicSeconds: Int64) {
        id = key.id
        addresses = key.addresses.blocks.compactMap {
            NetworkRange(network: $0.network, prefixLength: $0.prefixLength)
        }
        expiresAtSeconds = key.expiresAtMilliseconds.map { $0 / 1000 } ?? .max
        confirmedAtSeconds = monotonicSeconds
        freshUntilSeconds = monotonicSeconds &+ settings.apiKeys.lifetimeSeconds
        policies = settings.policies
        // A key is no token: cut-offs, which end what was issued before them for as long as tokens live, do not end it.
        let query = DenyListQuery(
            targets: [.token(jti: key.id.tokenID)], origin: .own, issuedAtMilliseconds: key.createdAtMilliseconds,
            keys: settings.revocationKeys, forms: settings.queryForms)
        super.init(
            scope: key.scope.text, identity: IdentityRenderer.render(key, issuer: settings.apiKeys.issuer),
            query: query, standings: settings.policies.standings { $0.standing(scope: key.scope.text) })
    }

    /// The same key with the policies of another configuration.
    init(_ known: KnownAPIKey, policies: PolicySet) {
        id = known.id
        addresses = known.addresses
        expiresAtSeconds = known.expiresAtSeconds
        confirmedAtSeconds = known.confirmedAtSeconds
        freshUntilSeconds = known.freshUntilSeconds
        notedSeconds = known.notedSeconds
        self.policies = policies
        super.init(
            scope: known.scope, identity: known.identity, query: known.query,
            standings: policies.standings { $0.standing(scope: known.scope) })
    }

    /// Makes it count for nothing: a later look-up has refused it.
    func forget() {
        freshUntilSeconds = .min
        confirmedAtSeconds = .min / 2
    }

    /// Whether it may be used from an address; `nil` is the address of who has none.
    func isUsable(from address: ClientAddress?) -> Bool {
        if addresses.isEmpty { return true }
        guard let address else { return false }
        return addresses.contains { $0.contains(address) }
    }
}
