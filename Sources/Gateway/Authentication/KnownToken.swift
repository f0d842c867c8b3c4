import JOSE
import Proxy
import Revocation

/// What is remembered of a verified token: only what cannot change while it lives.
///
/// Its times are judged again on each use, and the deny-list is asked again.
final class KnownToken {
    let validity: TokenValidity
    let scope: String
    let identity: Identity
    let query: DenyListQuery
    private let standings: [RoutePolicy.Standing]

    init(_ token: VerifiedToken, settings: AuthenticationSettings) {
        validity = token.validity
        scope = token.scope
        identity = IdentityRenderer.render(token)
        query = Self.denyListQuery(for: token, settings: settings, forms: settings.queryForms)
        let issuerAudiences = settings.issuers[token.issuerIndex].audiences
        standings = settings.policies.map {
            $0.standing(audiences: token.audiences, issuerAudiences: issuerAudiences, scope: token.scope)
        }
    }

    func standing(with policy: Int) -> RoutePolicy.Standing {
        standings[policy]
    }

    /// The question whether a token is revoked.
    static func denyListQuery(
        for token: VerifiedToken, settings: AuthenticationSettings, forms: DenyListQuery.Forms
    ) -> DenyListQuery {
        let origin = settings.origin(of: token)
        let issuedAt =
            switch origin {
            case .own:
                TimeOrderedID.issueInstant(
                    tokenID: token.tokenID, issuedAtSeconds: token.issuedAt.seconds, origin: .own)
            case .foreign:
                token.issuedAt.millisecondsRoundedDown
            }
        return DenyListQuery(
            tokenID: token.tokenID, sessionID: token.sessionID, subject: token.subject, clientID: token.clientID,
            keyID: token.keyID, origin: origin, issuedAtMilliseconds: issuedAt, keys: settings.revocationKeys,
            forms: forms)
    }
}
