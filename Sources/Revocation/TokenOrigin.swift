/// Who issued a token: names of other issuers' tokens are kept apart from our own.
package enum TokenOrigin: Sendable, Hashable {
    /// This gateway's own issuer.
    case own
    /// Another issuer, by its exact `iss`.
    case foreign(issuer: String)
}
