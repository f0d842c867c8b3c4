import JOSE
import Proxy
import Revocation

/// What is remembered of a verified token.
final class KnownToken: KnownCredential {
    let validity: TokenValidity

    init(_ token: VerifiedToken, settings: AuthenticationSettings) {
        validity = token.validity
        let issuerAudiences = settings.issuers[token.issuerIndex].audiences
        super.init(
            scope: token.scope, identity: IdentityRenderer.render(token),
            query: Self.denyListQuery(for: token, settings: settings, forms: settings.queryForms),
            standings: settings.policies.standings {
                $0.standing(
                    audiences: token.audiences, client: token.audienceClient, issuerAudiences: issuerAudiences,
                    scope: token.scope)
            })
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
