/// The RSA keys accepted.
///
/// The upper bounds are against keys chosen to make each verification expensive.
package enum RSAKeyLimits {
    /// RFC 7518 section 3.3.
    package static let minimumModulusBits = 2048
    /// OpenSSL verifies with nothing larger.
    package static let maximumModulusBits = 16384
    /// Room for 2^32 + 1; every exponent in use fits.
    package static let maximumExponentBits = 33
    /// Sizes that are generated: beyond, it takes minutes.
    package static let generatedModulusBits = 2048...8192

    /// Checks raw big-endian numbers without leading zeros (RFC 7518 section 6.3.1).
    ///
    /// Primality of the factors cannot be seen from outside, and looking for small ones would only catch an owner who
    /// harms himself.
    static func validate(modulus: [UInt8], exponent: [UInt8]) throws(CryptoError) {
        guard let modulusHigh = modulus.first, modulusHigh != 0, let modulusLow = modulus.last else {
            throw CryptoError(.invalidKey, "the RSA modulus is empty or has a leading zero")
        }
        guard let exponentHigh = exponent.first, exponentHigh != 0, let exponentLow = exponent.last else {
            throw CryptoError(.invalidKey, "the RSA exponent is empty, zero or has a leading zero")
        }
        let modulusBits = modulus.count * 8 - modulusHigh.leadingZeroBitCount
        guard (minimumModulusBits...maximumModulusBits).contains(modulusBits) else {
            throw CryptoError(.unacceptableKey, "the RSA modulus has \(modulusBits) bits")
        }
        guard exponent.count * 8 - exponentHigh.leadingZeroBitCount <= maximumExponentBits else {
            throw CryptoError(.unacceptableKey, "the RSA exponent is too large")
        }
        guard modulusLow & 1 == 1 else { throw CryptoError(.invalidKey, "the RSA modulus is even") }
        guard exponentLow & 1 == 1, exponent != [1] else {
            throw CryptoError(.unacceptableKey, "the RSA exponent is 1 or even")
        }
    }
}
