/// What a login or a refresh gives out.
package struct IssuedTokens: Sendable, Hashable {
    /// The access token (RFC 9068).
    package let accessToken: String
    /// How long it lives from its issue, seconds.
    package let expiresInSeconds: Int64
    /// The refresh token.
    package let refreshToken: String
    /// How long it may stay unused, seconds.
    package let refreshExpiresInSeconds: Int64
    /// The access token's scope, `""` for none.
    package let scope: String
    /// The session.
    package let sessionID: String
    /// The session's subject.
    package let subject: String
}

/// An access token without a session, as the client credentials grant gives (RFC 6749, section 4.4).
package struct IssuedAccessToken: Sendable, Hashable {
    /// The access token (RFC 9068).
    package let accessToken: String
    /// How long it lives from its issue, seconds.
    package let expiresInSeconds: Int64
    /// Its scope, `""` for none.
    package let scope: String
}
