import LibCrypto

/// Who issued a token: names of other issuers' tokens are kept apart from our own.
package enum TokenOrigin: Sendable, Hashable {
    /// This gateway's own issuer.
    case own
    /// Another issuer, by what stands before the names of its tokens.
    case foreign(namePrefix: String)

    /// Another issuer, by its exact `iss`.
    ///
    /// Make it once for an issuer and not for each token: it takes a digest.
    package static func foreign(issuer: String) -> TokenOrigin {
        .foreign(namePrefix: Hexadecimal.encode(Digest.hash(Array(issuer.utf8), with: .sha256).prefix(8)) + ":")
    }
}
