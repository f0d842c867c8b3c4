import COpenSSL

/// Checks on an encoded Ed25519 public key (RFC 8032 section 5.1.3) that OpenSSL leaves out.
///
/// OpenSSL takes any 32 bytes and decodes them per verification, also when not canonical. Under a key of small order
/// one signature fits many messages.
enum Ed25519Point {
    static let byteCount = 32

    static func validate(_ encoded: [UInt8]) throws(CryptoError) {
        guard encoded.count == byteCount else {
            throw CryptoError(.invalidKey, "an Ed25519 key has \(encoded.count) bytes")
        }
        // Big-endian y without the sign of x.
        var y = [UInt8](encoded.reversed())
        y[0] &= 0x7f
        guard y.lexicographicallyPrecedes(fieldPrime) else {
            throw CryptoError(.invalidKey, "the Ed25519 key is not canonical")
        }
        guard !smallOrder.contains(y) else {
            throw CryptoError(.unacceptableKey, "the Ed25519 key has small order")
        }
        guard try isOnCurve(y) else {
            throw CryptoError(.invalidKey, "the Ed25519 key is not on the curve")
        }
    }

    /// The field's prime, 2^255 - 19.
    private static let fieldPrime: [UInt8] = [0x7f] + [UInt8](repeating: 0xff, count: 30) + [0xed]

    /// -121665 / 121666, d of the curve equation.
    private static let curveConstant: [UInt8] = [
        0x52, 0x03, 0x6c, 0xee, 0x2b, 0x6f, 0xfe, 0x73, 0x8c, 0xc7, 0x40, 0x79, 0x77, 0x79, 0xe8, 0x98,
        0x00, 0x70, 0x0a, 0x4d, 0x41, 0x41, 0xd8, 0xab, 0x75, 0xeb, 0x4d, 0xca, 0x13, 0x59, 0x78, 0xa3,
    ]

    /// The y of the eight points whose order divides 8: order 4, 1, 2, and twice 8.
    private static let smallOrder: [[UInt8]] = [
        [UInt8](repeating: 0, count: 32),
        [UInt8](repeating: 0, count: 31) + [1],
        [0x7f] + [UInt8](repeating: 0xff, count: 30) + [0xec],
        [
            0x05, 0xfc, 0x53, 0x6d, 0x88, 0x02, 0x38, 0xb1, 0x39, 0x33, 0xc6, 0xd3, 0x05, 0xac, 0xdf, 0xd5,
            0xf0, 0x98, 0xef, 0xf2, 0x89, 0xf4, 0xc3, 0x45, 0xb0, 0x27, 0xb2, 0xc2, 0x8f, 0x95, 0xe8, 0x26,
        ],
        [
            0x7a, 0x03, 0xac, 0x92, 0x77, 0xfd, 0xc7, 0x4e, 0xc6, 0xcc, 0x39, 0x2c, 0xfa, 0x53, 0x20, 0x2a,
            0x0f, 0x67, 0x10, 0x0d, 0x76, 0x0b, 0x3c, 0xba, 0x4f, 0xd8, 0x4d, 0x3d, 0x70, 0x6a, 0x17, 0xc7,
        ],
    ]

    /// Whether x² = (y² - 1) / (d·y² + 1) has a root, which is when numerator times denominator is a square.
    private static func isOnCurve(_ y: [UInt8]) throws(CryptoError) -> Bool {
        let context = BN_CTX_new()
        defer { BN_CTX_free(context) }
        BN_CTX_start(context)
        defer { BN_CTX_end(context) }
        // Once one fails all later ones do, so the last says whether all are there.
        let prime = BN_CTX_get(context)
        let square = BN_CTX_get(context)
        let numerator = BN_CTX_get(context)
        let denominator = BN_CTX_get(context)
        guard context != nil, denominator != nil,
            BN_bin2bn(fieldPrime, Int32(fieldPrime.count), prime) != nil,
            BN_bin2bn(curveConstant, Int32(curveConstant.count), denominator) != nil,
            BN_bin2bn(y, Int32(y.count), square) != nil,
            BN_mod_sqr(square, square, prime, context) == 1,
            BN_mod_sub(numerator, square, BN_value_one(), prime, context) == 1,
            BN_mod_mul(denominator, denominator, square, prime, context) == 1,
            BN_mod_add(denominator, denominator, BN_value_one(), prime, context) == 1,
            BN_mod_mul(numerator, numerator, denominator, prime, context) == 1
        else { throw .fromOpenSSL(.libraryFailure, "checking an Ed25519 key") }
        let symbol = BN_kronecker(numerator, prime, context)
        guard symbol >= -1 else { throw .fromOpenSSL(.libraryFailure, "checking an Ed25519 key") }
        return symbol == 1
    }
}
