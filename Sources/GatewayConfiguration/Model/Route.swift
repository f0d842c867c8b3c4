extension Configuration {
    /// Which requests go to which upstream, and who may make them.
    package struct Route: Sendable, Equatable {
        /// What the path of a request begins with: starts with `/`, normalised.
        package var path: String
        /// The host the request must name, in lower case and without a port; `nil` means any.
        package var host: String?
        /// The methods it is for; `nil` means all, never empty.
        package var methods: [String]?
        /// The name of one of the upstreams.
        package var upstreamName: String
        /// Whether ``path`` is taken away before forwarding.
        package var stripsPrefix: Bool
        /// Who may use it.
        package var access: RouteAccess
        /// Whether the upstream gets `Authorization` and `X-API-Key`.
        package var forwardsCredentials: Bool
        /// What happens when the deny-list cannot be asked: the route's own word, or the one of `revocation`.
        package var onUnavailable: OutagePolicy
        /// How many requests one client may make; `nil` means any number.
        package var rateLimit: RateLimit?
    }

    /// Who may use a route.
    package enum RouteAccess: Sendable, Equatable {
        /// Anybody: `auth: none`.
        case anyone
        /// Whoever brings a credential that fits.
        case token(TokenRequirement)
    }

    /// How callers prove who they are.
    package enum CredentialKind: String, Sendable, Equatable {
        /// By an access token.
        case token = "jwt"
        /// By an API key.
        case apiKey = "api_key"
    }

    /// What a route asks of a credential, besides being valid.
    package struct TokenRequirement: Sendable, Equatable {
        /// The kinds of credential that are taken; never empty.
        package var credentialKinds: Set<CredentialKind> = [.token]
        /// The scopes wanted.
        package var scopes = ScopeRequirement()
        /// A token must name one of these in `aud`; `nil` means that its issuer's audiences are enough, never empty.
        package var audiences: [String]?
        /// What single methods want in the place of ``scopes``.
        package var methodScopes: [String: ScopeRequirement] = [:]
    }

    /// The scopes that a request needs.
    package struct ScopeRequirement: Sendable, Equatable {
        /// The scopes wanted; empty means none.
        package var scopes: [String] = []
        /// Whether all of ``scopes`` are needed or one is enough.
        package var match = ScopesMatch.all

        /// Wants scopes, or none.
        package init(scopes: [String] = [], match: ScopesMatch = .all) {
            self.scopes = scopes
            self.match = match
        }
    }

    /// Whether all scopes are needed or one is enough.
    package enum ScopesMatch: String, Sendable, Equatable {
        /// Each of them.
        case all
        /// At least one of them.
        case any
    }
}
