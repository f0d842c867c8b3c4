/// An access token that has been verified.
///
/// There is no way to make one other than `TokenVerifier.verify`.
package struct VerifiedToken: Sendable {
    private let claims: AccessClaims

    /// `iss`.
    package let issuer: String
    /// Which of the verifier's issuers that is.
    package let issuerIndex: Int
    /// The `kid` of the key that verified it.
    package let keyID: String?
    /// The algorithm of the signature.
    package let algorithm: SignatureAlgorithm

    // Private to this file: `verify` below is the only caller.
    fileprivate init(claims: AccessClaims, issuer: String, issuerIndex: Int, key: VerificationKey) {
        self.claims = claims
        self.issuer = issuer
        self.issuerIndex = issuerIndex
        keyID = key.keyID
        algorithm = key.algorithm
    }

    /// `sub`.
    package var subject: String { claims.subject }
    /// `jti`.
    package var tokenID: String { claims.tokenID }
    /// `aud`, as a list even when it is a single string; empty only where ``audienceClient`` takes its place.
    package var audiences: [String] { claims.audiences }
    /// `client_id`, where that says whom the issuer's tokens are for.
    package var audienceClient: String? { claims.audienceClient }
    /// The scopes with one space between them; empty when there are none.
    package var scope: String { claims.scope }
    /// `client_id`, or else `azp`.
    package var clientID: String? { claims.clientID }
    /// `sid`.
    package var sessionID: String? { claims.sessionID }
    /// `iat`.
    package var issuedAt: NumericDate { claims.issuedAt }
    /// `nbf`.
    package var notBefore: NumericDate? { claims.notBefore }
    /// `exp`.
    package var expiresAt: NumericDate { claims.expiresAt }

    /// When the token counts, to be kept and asked again on each use of one that is remembered.
    package var validity: TokenValidity {
        TokenValidity(issuedAt: issuedAt, notBefore: notBefore, expiresAt: expiresAt)
    }

    /// What the clock has against the token.
    ///
    /// - Parameters:
    ///   - nowSeconds: seconds since 1970.
    ///   - leewaySeconds: how far clocks may differ, brought into 0 to 300.
    /// - Returns: `expired`, `notYetValid`, `issuedInTheFuture`, or nil.
    package func timeRejection(nowSeconds: Int64, leewaySeconds: Int64) -> TokenRejection? {
        validity.rejection(nowSeconds: nowSeconds, leewaySeconds: leewaySeconds)
    }
}

extension TokenVerifier {
    /// Verifies a token: everything, the clock included.
    ///
    /// - Parameters:
    ///   - token: the compact serialization, nothing around it.
    ///   - nowSeconds: seconds since 1970.
    /// - Returns: the token as a fact.
    /// - Throws: `TokenRejection` with the first rule broken.
    package func verify(
        _ token: UnsafeRawBufferPointer, nowSeconds: Int64
    ) throws(TokenRejection) -> VerifiedToken {
        lastIssuerIndex = nil
        var parsed = try parse(token)
        let issuerIndex = try issuerIndex(of: parsed)
        lastIssuerIndex = issuerIndex
        guard keyrings[issuerIndex].issuer.isAvailable else { throw .keysUnavailable }
        let key = try checkSignature(of: parsed, issuerIndex: issuerIndex)
        let keyring = keyrings[issuerIndex]
        if keyring.hasClaimMapping {
            try parsed.claims.apply(keyring.issuer.claims, in: parsed.payload, scanner: &scanner)
        }
        let claims = try AccessClaims(parsed.claims, in: parsed.payload, for: keyring, scanner: &scanner)
        let verified = VerifiedToken(
            claims: claims, issuer: keyring.issuer.issuer, issuerIndex: issuerIndex, key: key)
        if let rejection = verified.timeRejection(nowSeconds: nowSeconds, leewaySeconds: leewaySeconds) {
            throw rejection
        }
        return verified
    }

    /// Verifies a token given as text.
    ///
    /// - Parameters:
    ///   - token: the compact serialization, nothing around it.
    ///   - nowSeconds: seconds since 1970.
    /// - Returns: the token as a fact.
    /// - Throws: `TokenRejection` with the first rule broken.
    package func verify(_ token: String, nowSeconds: Int64) throws(TokenRejection) -> VerifiedToken {
        try [UInt8](token.utf8).withUnsafeBufferPointer { buffer throws(TokenRejection) in
            try verify(UnsafeRawBufferPointer(buffer), nowSeconds: nowSeconds)
        }
    }
}
