package import JOSE

/// The keys of a key directory, ready for use.
package struct SigningKeys: Sendable {
    /// Signs with the current key.
    package let signer: TokenSigner
    /// The public halves of the current, the next and the previous keys: to publish, and to verify with.
    package let publicKeys: JSONWebKeySet
    /// The secret refresh tokens are derived with; 32 bytes.
    package let refreshKey: [UInt8]

    /// Gathers keys.
    package init(signer: TokenSigner, publicKeys: JSONWebKeySet, refreshKey: [UInt8]) {
        self.signer = signer
        self.publicKeys = publicKeys
        self.refreshKey = refreshKey
    }
}
