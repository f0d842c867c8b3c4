/// Why a token is not accepted.
///
/// Texts are constant: they hold nothing of the token.
package enum TokenRejection: Error, Hashable, Sendable {
    /// Longer than the limit.
    case tooLarge
    /// Not three parts of canonical base64url with strict JSON objects in the first two.
    case malformed
    /// `crit` or `b64` in the header: no extension is supported (RFC 7515 section 4.1.11, RFC 7797).
    case criticalHeader
    /// `typ` says that this is another kind of token (RFC 9068 section 4, RFC 8725 section 3.11).
    case wrongType
    /// `iss` is not one of the trusted issuers.
    case unknownIssuer
    /// `alg` is unknown, not allowed for the issuer, or not the one of the key.
    case algorithmNotAllowed
    /// The issuer's keys are not known at the moment, so nothing can be said about the token.
    case keysUnavailable
    /// No key of the issuer has this `kid`; or there is no `kid` and not exactly one key fits.
    case unknownKey
    /// The signature is not the key's over these bytes.
    case badSignature
    /// A required claim is missing.
    case missingClaim(RegisteredClaim)
    /// A claim has the wrong type or a value that cannot be accepted.
    case invalidClaim(RegisteredClaim)
    /// The token is bound to a key of its holder (`cnf`), which is not supported (RFC 7800).
    case senderConstrained
    /// The token is for others.
    case wrongAudience
    /// The token lives longer than its issuer may let it.
    case lifetimeTooLong
    /// `exp` has passed.
    case expired
    /// `nbf` has not come yet.
    case notYetValid
    /// `iat` has not come yet.
    case issuedInTheFuture

    /// The rejection in a few constant words.
    package var reason: String {
        switch self {
        case .tooLarge: "token too large"
        case .malformed: "malformed token"
        case .criticalHeader: "unsupported critical header"
        case .wrongType: "wrong token type"
        case .unknownIssuer: "unknown issuer"
        case .algorithmNotAllowed: "algorithm not allowed"
        case .keysUnavailable: "issuer's keys unavailable"
        case .unknownKey: "unknown key"
        case .badSignature: "bad signature"
        case .missingClaim: "missing claim"
        case .invalidClaim: "invalid claim"
        case .senderConstrained: "sender-constrained token"
        case .wrongAudience: "wrong audience"
        case .lifetimeTooLong: "lifetime too long"
        case .expired: "token expired"
        case .notYetValid: "token not yet valid"
        case .issuedInTheFuture: "token issued in the future"
        }
    }

    /// The claim at fault, for logs.
    package var claim: RegisteredClaim? {
        switch self {
        case .missingClaim(let claim), .invalidClaim(let claim): claim
        default: nil
        }
    }
}

/// The claims that are read.
package enum RegisteredClaim: String, Sendable, CaseIterable {
    /// Who issued the token (RFC 7519 section 4.1.1).
    case issuer = "iss"
    /// Whom it is about (RFC 7519 section 4.1.2).
    case subject = "sub"
    /// For whom it is (RFC 7519 section 4.1.3).
    case audience = "aud"
    /// When it ends (RFC 7519 section 4.1.4).
    case expiration = "exp"
    /// When it begins (RFC 7519 section 4.1.5).
    case notBefore = "nbf"
    /// When it was issued (RFC 7519 section 4.1.6).
    case issuedAt = "iat"
    /// Its name (RFC 7519 section 4.1.7).
    case tokenID = "jti"
    /// The key its holder must prove to have (RFC 7800).
    case confirmation = "cnf"
    /// What it permits (RFC 8693 section 4.2, RFC 9068 section 2.2.3).
    case scope
    /// What it permits, as some issuers spell it.
    case scopeList = "scp"
    /// The client it was issued to (RFC 9068 section 2.2).
    case clientID = "client_id"
    /// The client it was issued to, as OpenID Connect spells it.
    case authorizedParty = "azp"
    /// The session it belongs to (OpenID Connect back-channel logout section 2.1).
    case sessionID = "sid"
}
