/// A public key as raw numbers, big-endian.
package enum KeyParameters: Sendable, Hashable {
    /// Both without leading zeros, within `RSAKeyLimits`.
    case rsa(modulus: [UInt8], exponent: [UInt8])
    /// An affine point, each coordinate as wide as the curve's field.
    case elliptic(EllipticCurve, x: [UInt8], y: [UInt8])
    /// The 32 bytes of RFC 8032 section 5.1.2.
    case ed25519([UInt8])

    /// Checks what OpenSSL does not; that an elliptic point lies on its curve is left to the making of the key.
    func validate() throws(CryptoError) {
        switch self {
        case .rsa(let modulus, let exponent):
            try RSAKeyLimits.validate(modulus: modulus, exponent: exponent)
        case .elliptic(let curve, let x, let y):
            guard x.count == curve.coordinateByteCount, y.count == curve.coordinateByteCount else {
                throw CryptoError(.invalidKey, "coordinates of \(x.count) and \(y.count) bytes for \(curve)")
            }
        case .ed25519(let bytes):
            try Ed25519Point.validate(bytes)
        }
    }
}
