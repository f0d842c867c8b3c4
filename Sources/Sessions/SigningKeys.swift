package import JOSE

/// What the keys of a gateway do at an instant, ready for use.
package struct SigningKeys: Sendable {
    /// Signs with the current key.
    package let signer: TokenSigner
    /// The public halves of the current, the next and the previous keys, to publish; never a secret.
    package let publicKeys: JSONWebKeySet
    /// What verifies the gateway's own tokens: ``publicKeys``, and the secrets of HMAC keys.
    package let verificationKeys: JSONWebKeySet
    /// What refresh tokens are derived with.
    package let refreshKeys: RefreshKeys
    /// When this will be out of date, seconds since 1970; `nil` is never.
    package let nextChangeSeconds: Int64?
    private let ring: KeyRing?

    /// Keys that never change.
    /// - Throws: ``SessionError/signingFailed`` for a refresh key that is not 32 bytes.
    package init(signer: TokenSigner, publicKeys: JSONWebKeySet, refreshKey: [UInt8]) throws(SessionError) {
        self.init(
            signer: signer, publicKeys: publicKeys, verificationKeys: publicKeys,
            refreshKeys: try RefreshKeys(only: refreshKey), nextChangeSeconds: nil, ring: nil)
    }

    init(
        signer: TokenSigner, publicKeys: JSONWebKeySet, verificationKeys: JSONWebKeySet, refreshKeys: RefreshKeys,
        nextChangeSeconds: Int64?, ring: KeyRing?
    ) {
        self.signer = signer
        self.publicKeys = publicKeys
        self.verificationKeys = verificationKeys
        self.refreshKeys = refreshKeys
        self.nextChangeSeconds = nextChangeSeconds
        self.ring = ring
    }

    /// What the same keys do at another instant.
    package func at(_ nowSeconds: Int64) -> SigningKeys {
        ring?.keys(atSeconds: nowSeconds) ?? self
    }
}
