import JOSE
import Proxy
import Revocation

/// Everything the authenticators of all event loops need to know, as values.
struct AuthenticationSettings: Sendable {
    /// An issuer, with the audiences its tokens are accepted for where a route names none.
    struct Issuer: Sendable {
        var trusted: TrustedIssuer
        var audiences: [String]
        var origin: TokenOrigin
    }

    /// What concerns API keys.
    struct APIKeys: Sendable {
        /// How many keys each event loop remembers.
        var entriesPerLoop = 0
        /// How long a look-up holds.
        var lifetimeSeconds: Int64 = 0
        /// What `X-Auth-Issuer` says: owners of keys are subjects of this gateway's own tokens.
        var issuer = ""
    }

    var issuers: [Issuer]
    var leewaySeconds: Int64
    /// The policies that routes name by index.
    var policies: PolicySet
    /// How many tokens each event loop remembers.
    var cacheEntriesPerLoop: Int
    var apiKeys = APIKeys()
    var revocationKeys: RevocationKeys
    /// Which form of the deny-list question is kept with a token.
    var queryForms: DenyListQuery.Forms
    /// Whether the deny-list is asked at all.
    var asksDenyList: Bool
    /// How old what is known may be where a route goes by that in an outage.
    var staleGraceNanoseconds: Int64 = 0

    func origin(of token: VerifiedToken) -> TokenOrigin {
        // By name: the place among the issuers may have changed since it was verified.
        issuers.first { $0.trusted.issuer == token.issuer }?.origin ?? .foreign(issuer: token.issuer)
    }

    /// The issuers with the keys known at start, to be kept up to date.
    ///
    /// - Throws: `JOSEError` when a key cannot be used.
    func makeTrustStore() throws(JOSEError) -> TrustStore {
        try TrustStore(issuers: issuers.map(\.trusted), leewaySeconds: leewaySeconds)
    }
}
