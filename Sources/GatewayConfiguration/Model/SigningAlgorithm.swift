extension Configuration {
    /// A signature algorithm by its JOSE name (RFC 7518, RFC 8037, RFC 9864).
    package enum SigningAlgorithm: String, Sendable, Equatable, CaseIterable {
        case hs256 = "HS256"
        case hs384 = "HS384"
        case hs512 = "HS512"
        case rs256 = "RS256"
        case rs384 = "RS384"
        case rs512 = "RS512"
        case ps256 = "PS256"
        case ps384 = "PS384"
        case ps512 = "PS512"
        case es256 = "ES256"
        case es384 = "ES384"
        case es512 = "ES512"
        case edDSA = "EdDSA"
        case ed25519 = "Ed25519"

        /// Whether the verifier holds the same key as the signer.
        package var isSymmetric: Bool {
            switch self {
            case .hs256, .hs384, .hs512: true
            default: false
            }
        }
    }
}
