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
    private let audiences: [String]?
    /// What happens to a request when the deny-list cannot be asked.
    let outagePolicy: Configuration.OutagePolicy
    /// The scopes wanted, as text.
    let wantedScopes: String
    /// The answer to a token that lacks a scope.
    let scopeDenial: Denial

    /// - Parameters:
    ///   - requirement: the route's `auth`; `nil` for the bare token check.
    ///   - outagePolicy: what holds when the deny-list cannot be asked.
    init(_ requirement: Configuration.TokenRequirement?, outagePolicy: Configuration.OutagePolicy) {
        scopes = requirement?.scopes ?? []
        acceptsAnyScope = requirement?.scopesMatch == .any
        audiences = requirement?.audiences
        self.outagePolicy = outagePolicy
        wantedScopes = scopes.joined(separator: " ")
        scopeDenial = Denial(.insufficientScope(wantedScopes), reason: "insufficient_scope")
    }

    /// The audiences that the policy names itself.
    var namedAudiences: [String] { audiences ?? [] }

    /// Judges what a token says of itself.
    ///
    /// - Parameters:
    ///   - tokenAudiences: its `aud`.
    ///   - issuerAudiences: what its issuer may be accepted for where the policy names nothing.
    ///   - scope: its scopes, with spaces between.
    /// - Returns: how it fares.
    func standing(audiences tokenAudiences: [String], issuerAudiences: [String], scope: String) -> Standing {
        let accepted = audiences ?? issuerAudiences
        guard tokenAudiences.contains(where: accepted.contains) else { return .wrongAudience }
        guard !scopes.isEmpty else { return .met }
        let held = scope.utf8.split(separator: UInt8(ascii: " "))
        func holds(_ wanted: String) -> Bool { held.contains { $0.elementsEqual(wanted.utf8) } }
        let isMet = acceptsAnyScope ? scopes.contains(where: holds) : scopes.allSatisfy(holds)
        return isMet ? .met : .scopeMissing
    }
}
