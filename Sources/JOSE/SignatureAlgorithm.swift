package import LibCrypto

/// The JWS algorithms that can be allowed (RFC 7518 section 3, RFC 8037, RFC 9864).
///
/// `none` is not among them, so no configuration can allow it.
package enum SignatureAlgorithm: String, Sendable, CaseIterable {
    /// HMAC with SHA-256.
    case hs256 = "HS256"
    /// HMAC with SHA-384.
    case hs384 = "HS384"
    /// HMAC with SHA-512.
    case hs512 = "HS512"
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    case rs256 = "RS256"
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    case rs384 = "RS384"
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    case rs512 = "RS512"
    /// RSASSA-PSS with SHA-256.
    case ps256 = "PS256"
    /// RSASSA-PSS with SHA-384.
    case ps384 = "PS384"
    /// RSASSA-PSS with SHA-512.
    case ps512 = "PS512"
    /// ECDSA on P-256 with SHA-256.
    case es256 = "ES256"
    /// ECDSA on P-384 with SHA-384.
    case es384 = "ES384"
    /// ECDSA on P-521 with SHA-512.
    case es512 = "ES512"
    /// EdDSA, of which only Ed25519 is supported (RFC 8037).
    case edDSA = "EdDSA"
    /// Ed25519 by its fully specified name (RFC 9864).
    case ed25519 = "Ed25519"

    /// How signatures are made with a key pair; nil for HMAC.
    package var scheme: SignatureScheme? {
        switch self {
        case .hs256, .hs384, .hs512: nil
        case .rs256: .rsaPKCS1(.sha256)
        case .rs384: .rsaPKCS1(.sha384)
        case .rs512: .rsaPKCS1(.sha512)
        case .ps256: .rsaPSS(.sha256)
        case .ps384: .rsaPSS(.sha384)
        case .ps512: .rsaPSS(.sha512)
        case .es256: .ecdsa(.p256, .sha256)
        case .es384: .ecdsa(.p384, .sha384)
        case .es512: .ecdsa(.p521, .sha512)
        case .edDSA, .ed25519: .ed25519
        }
    }

    /// The hash of an HMAC algorithm; nil for the others.
    package var authenticationHash: HashFunction? {
        switch self {
        case .hs256: .sha256
        case .hs384: .sha384
        case .hs512: .sha512
        default: nil
        }
    }

    /// The algorithm of exactly that name; names are case-sensitive (RFC 7515 section 4.1.1).
    init?(name: UnsafeRawBufferPointer) {
        let match = Self.allCases.first { algorithm in
            name.count == algorithm.rawValue.utf8.count && name.elementsEqual(algorithm.rawValue.utf8)
        }
        guard let match else { return nil }
        self = match
    }
}
