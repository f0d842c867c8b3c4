import Proxy

extension Problem {
    /// The client did not say who it is, or not rightly (RFC 6749 section 5.2).
    static let invalidClient = Problem(
        status: 401, error: "invalid_client", description: "the client must prove who it is",
        challenge: "Basic realm=\"\(realm)\"")
    /// There are two ways of saying who the client is (RFC 6749 section 2.3).
    static let twoClientAuthentications = invalidRequest("the client says who it is in more than one way")
    /// The client may not use this grant (RFC 6749 section 5.2).
    static let unauthorizedClient = Problem(
        status: 400, error: "unauthorized_client", description: "the client may not use this grant")
    /// Nobody may (RFC 6749 section 5.2).
    static let unsupportedGrantType = Problem(
        status: 400, error: "unsupported_grant_type", description: "the grant is not offered here")
    /// The clients cannot be read right now.
    static let clientsUnavailable = Problem(
        status: 503, error: "temporarily_unavailable", description: "clients cannot be checked right now; try again",
        retryAfterSeconds: 1)
    /// It cannot be found out whether a token is revoked, and nobody is told a guess.
    static let standingUnavailable = Problem(
        status: 503, error: "temporarily_unavailable", description: "the token cannot be checked right now; try again",
        retryAfterSeconds: 1)
    /// The token was given to another client (RFC 6749 section 5.2).
    static let otherClientsToken = badGrant("the token was issued to another client")

    /// What was presented does not entitle to tokens, by the rules of the token endpoint (RFC 6749 section 5.2).
    static func badGrant(_ description: String) -> Problem {
        Problem(status: 400, error: "invalid_grant", description: description)
    }
}
