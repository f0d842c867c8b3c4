import GatewayConfiguration
import Proxy

/// What a route asks of a token besides being valid, with the answers to those who do not meet it made ready.
final class RoutePolicy: Sendable {
    /// How a token fares with a policy; computed once per token, because neither changes.
    enum Standing: UInt8 {
        case met, wrongAudience, scopeMissing
    }

    private let scopes: [String]
    private let acceptsAnyScope: Bool
    private let isHierarchical: Bool
    private let audiences: [String]?
    /// What happens to a request when the deny-list cannot be asked.
    let outagePolicy: Configuration.OutagePolicy
    /// Whether access tokens are taken.
    let acceptsTokens: Bool
    /// Whether API keys are taken.
    let acceptsAPIKeys: Bool
    /// The scopes wanted, as text.
    let wantedScopes: String
    /// The answer to a credential that lacks a scope.
    let scopeDenial: Denial

    /// - Parameters:
    ///   - requirement: the route's `auth`; `nil` for the bare check of a credential.
    ///   - scopes: what is wanted of the scopes: the route's own, or those of one of its methods.
    ///   - outagePolicy: what holds when the deny-list cannot be asked.
    ///   - isHierarchical: whether a held `a:*` covers every wanted scope that begins with `a:`.
    init(
        _ requirement: Configuration.TokenRequirement?, scopes: Configuration.ScopeRequirement = .init(),
        outagePolicy: Configuration.OutagePolicy, isHierarchical: Bool = false
    ) {
        self.scopes = scopes.scopes
        acceptsAnyScope = scopes.match == .any
        self.isHierarchical = isHierarchical
        audiences = requirement?.audiences
        acceptsTokens = requirement?.credentialKinds.contains(.token) ?? true
        acceptsAPIKeys = requirement?.credentialKinds.contains(.apiKey) ?? true
        self.outagePolicy = outagePolicy
        wantedScopes = scopes.scopes.joined(separator: " ")
        scopeDenial = Denial(.insufficientScope(wantedScopes), reason: "insufficient_scope")
    }

    /// The audiences that the policy names itself.
    var namedAudiences: [String] { audiences ?? [] }

    /// Judges what a token says of itself.
    ///
    /// - Parameters:
    ///   - tokenAudiences: its `aud`; empty only where the client takes its place.
    ///   - client: its `client_id`, where that says whom its issuer's tokens are for.
    ///   - issuerAudiences: what its issuer may be accepted for where the policy names nothing.
    ///   - scope: its scopes, with spaces between.
    /// - Returns: how it fares.
    func standing(
        audiences tokenAudiences: [String], client: String?, issuerAudiences: [String], scope: String
    ) -> Standing {
        let accepted = audiences ?? issuerAudiences
        func isAccepted(_ name: String) -> Bool { accepted.contains { $0.utf8.elementsEqual(name.utf8) } }
        if let client, !isAccepted(client) { return .wrongAudience }
        let mayLackAudience = client != nil && tokenAudiences.isEmpty
        guard mayLackAudience || tokenAudiences.contains(where: isAccepted) else { return .wrongAudience }
        return standing(scope: scope)
    }

    /// Judges the scopes that a credential holds, where audiences mean nothing.
    func standing(scope: String) -> Standing {
        guard !scopes.isEmpty else { return .met }
        let held = scope.utf8.split(separator: UInt8(ascii: " "))
        func holds(_ wanted: String) -> Bool { held.contains { covers($0, wanted.utf8) } }
        let isMet = acceptsAnyScope ? scopes.contains(where: holds) : scopes.allSatisfy(holds)
        return isMet ? .met : .scopeMissing
    }

    /// `analytics:*` covers `analytics:read` and `analytics:reports:read`; a `*` alone covers only itself.
    private func covers(_ held: Substring.UTF8View, _ wanted: String.UTF8View) -> Bool {
        if held.elementsEqual(wanted) { return true }
        guard isHierarchical, held.count > 2, held.suffix(2).elementsEqual(":*".utf8) else { return false }
        let prefix = held.dropLast()
        return wanted.count > prefix.count && wanted.starts(with: prefix)
    }
}
