/// What kind of key to generate.
package enum KeyKind: Sendable, Hashable {
    /// An RSA key with exponent 65537, of `RSAKeyLimits.generatedModulusBits`.
    case rsa(bits: Int)
    case elliptic(EllipticCurve)
    case ed25519
}
