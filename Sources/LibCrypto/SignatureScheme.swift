/// A signature algorithm with everything that is fixed about it.
package enum SignatureScheme: Sendable, Hashable {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    case rsaPKCS1(HashFunction)
    /// RSASSA-PSS with MGF1 over the same hash and a salt as long as the digest (RFC 8017 section 8.1, RFC 7518
    /// section 3.5).
    case rsaPSS(HashFunction)
    /// ECDSA with the signature as r || s, each half as wide as the curve's field (RFC 7518 section 3.4).
    case ecdsa(EllipticCurve, HashFunction)
    /// Ed25519 without prehash or context (RFC 8032 section 5.1).
    case ed25519

    /// The hash applied to the message beforehand; none for Ed25519, which hashes inside.
    var hash: HashFunction? {
        switch self {
        case .rsaPKCS1(let hash), .rsaPSS(let hash), .ecdsa(_, let hash): hash
        case .ed25519: nil
        }
    }

    /// Whether a key of this type (and curve) may be used with the scheme.
    func accepts(_ parameters: KeyParameters) -> Bool {
        switch (self, parameters) {
        case (.rsaPKCS1, .rsa), (.rsaPSS, .rsa), (.ed25519, .ed25519): true
        case (.ecdsa(let wanted, _), .elliptic(let curve, _, _)): wanted == curve
        default: false
        }
    }
}
