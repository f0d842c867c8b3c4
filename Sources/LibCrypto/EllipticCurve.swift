/// The NIST curves of JOSE's ECDSA algorithms (RFC 7518 section 3.4).
package enum EllipticCurve: Sendable, Hashable, CaseIterable {
    case p256, p384, p521

    /// Length in bytes of one coordinate, and of each half of a raw signature.
    package var coordinateByteCount: Int {
        switch self {
        case .p256: 32
        case .p384: 48
        case .p521: 66
        }
    }

    /// The name OpenSSL reports and accepts.
    var groupName: String {
        switch self {
        case .p256: "prime256v1"
        case .p384: "secp384r1"
        case .p521: "secp521r1"
        }
    }
}
