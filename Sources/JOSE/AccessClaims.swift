/// The claims of an access token, judged by everything but the clock.
struct AccessClaims: Sendable {
    let subject: String
    let tokenID: String
    /// `aud`; empty where there is none, which only tokens for a client may do without.
    let audiences: [String]
    /// The client that the token is for; nil where `aud` alone says whom it is for.
    let audienceClient: String?
    let scope: String
    let clientID: String?
    let sessionID: String?
    let issuedAt: NumericDate
    let notBefore: NumericDate?
    let expiresAt: NumericDate

    /// Judges the claims of a token whose signature is valid.
    ///
    /// - Parameters:
    ///   - raw: the claims.
    ///   - text: the payload they lie in.
    ///   - keyring: the issuer's rules.
    ///   - scanner: a scanner whose storage can be used.
    /// - Throws: the first rule broken.
    init(
        _ raw: RawClaims, in text: UnsafeRawBufferPointer, for keyring: IssuerKeyring, scanner: inout JSONScanner
    ) throws(TokenRejection) {
        guard raw.confirmation == nil else { throw .senderConstrained }
        let reader = ClaimReader(text: text)
        expiresAt = try reader.date(raw.expiration, .expiration)
        // A token that does not say when it was issued could escape "all tokens issued until now are revoked".
        issuedAt = try reader.date(raw.issuedAt, .issuedAt)
        notBefore = try reader.optionalDate(raw.notBefore, .notBefore)
        guard expiresAt > issuedAt else { throw .invalidClaim(.expiration) }
        if let notBefore, notBefore >= expiresAt { throw .invalidClaim(.notBefore) }
        if let limit = keyring.issuer.maximumLifetimeSeconds, expiresAt.isLater(than: issuedAt, byMoreThan: limit) {
            throw .lifetimeTooLong
        }
        switch keyring.issuer.audienceClaim {
        case .audience: audienceClient = nil
        case .clientID: audienceClient = try reader.identifier(raw.unmappedClientID, .clientID)
        }
        if let audienceClient {
            guard keyring.accepts([audienceClient]) else { throw .wrongAudience }
        }
        if audienceClient != nil, raw.audience == nil {
            audiences = []
        } else {
            audiences = try reader.audiences(raw.audience, scanner: &scanner)
            guard keyring.accepts(audiences) else { throw .wrongAudience }
        }
        subject = try reader.identifier(raw.subject, .subject)
        tokenID = try reader.identifier(raw.tokenID, .tokenID)
        if raw.clientID != nil {
            clientID = try reader.identifier(raw.clientID, .clientID)
        } else {
            clientID = try reader.optionalIdentifier(raw.authorizedParty, .authorizedParty)
        }
        sessionID = try reader.optionalIdentifier(raw.sessionID, .sessionID)
        scope =
            raw.scope != nil
            ? try reader.scope(raw.scope, .scope, scanner: &scanner)
            : try reader.scope(raw.scopeList, .scopeList, scanner: &scanner)
    }
}
