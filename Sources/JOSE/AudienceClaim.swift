/// Which claim of an issuer's tokens says whom they are for.
package enum AudienceClaim: Sendable, Hashable {
    /// `aud` (RFC 7519 section 4.1.3).
    case audience
    /// `client_id`, of issuers whose access tokens have no `aud`; where there is one, it must be right, too.
    ///
    /// ID tokens have no `client_id` (OpenID Connect Core section 2), so it keeps them out, as `azp` would not.
    case clientID
}
