/// An issuer's rules and its keys, each prepared for the algorithms it fits and the issuer may use.
///
/// Loop-bound.
final class IssuerKeyring {
    /// The rules.
    let issuer: TrustedIssuer
    /// Whether its tokens have names of their own for claims.
    let hasClaimMapping: Bool
    private let issuerBytes: [UInt8]
    private let audienceBytes: [[UInt8]]
    private let keys: [VerificationKey]

    /// Prepares the keys of an issuer.
    ///
    /// - Parameter issuer: its rules.
    /// - Throws: `JOSEError` with `invalidConfiguration` or `cryptography`.
    init(_ issuer: TrustedIssuer) throws(JOSEError) {
        guard !issuer.issuer.isEmpty, !issuer.audiences.isEmpty, !issuer.audiences.contains(""),
            !issuer.algorithms.isEmpty, issuer.maximumLifetimeSeconds ?? 1 > 0,
            issuer.claims.isSensible
        else { throw JOSEError(.invalidConfiguration) }
        self.issuer = issuer
        hasClaimMapping = issuer.claims != .standard
        issuerBytes = [UInt8](issuer.issuer.utf8)
        audienceBytes = issuer.audiences.map { [UInt8]($0.utf8) }
        var keys: [VerificationKey] = []
        for key in issuer.keys.keys {
            for algorithm in SignatureAlgorithm.allCases
            where issuer.algorithms.contains(algorithm) && key.fits(algorithm) {
                keys.append(try VerificationKey(key, algorithm: algorithm))
            }
        }
        self.keys = keys
    }

    /// Whether these are exactly the bytes of the issuer's name.
    func isNamed(_ name: UnsafeRawBufferPointer) -> Bool {
        issuerBytes.withUnsafeBytes { haveEqualBytes($0, name) }
    }

    /// Whether one of the audiences is one the issuer's tokens must be for, byte by byte.
    func accepts(_ audiences: [String]) -> Bool {
        audiences.contains { audience in
            audienceBytes.contains { $0.elementsEqual(audience.utf8) }
        }
    }

    /// The one key that may judge a token with this header.
    ///
    /// A `kid` must be known; there is no falling back to other keys. Without `kid`, exactly one key must fit `alg`.
    ///
    /// - Parameter header: the token's header.
    /// - Returns: the key, prepared for the header's algorithm.
    /// - Throws: `wrongType`, `algorithmNotAllowed` or `unknownKey`.
    func key(for header: TokenHeader) throws(TokenRejection) -> VerificationKey {
        guard header.isTypedAccessToken || !issuer.requireType else { throw .wrongType }
        guard let algorithm = header.algorithm, issuer.algorithms.contains(algorithm) else {
            throw .algorithmNotAllowed
        }
        guard let keyID = header.keyID else { return try onlyKey(for: algorithm) }
        let named = keys.filter { $0.keyIDBytes == keyID }
        guard !named.isEmpty else { throw .unknownKey }
        guard let key = named.first(where: { $0.algorithm == algorithm }) else { throw .algorithmNotAllowed }
        return key
    }

    private func onlyKey(for algorithm: SignatureAlgorithm) throws(TokenRejection) -> VerificationKey {
        let fitting = keys.filter { $0.algorithm == algorithm }
        guard fitting.count == 1 else { throw .unknownKey }
        return fitting[0]
    }
}
