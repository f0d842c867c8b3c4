import Credentials
import JOSE
import Proxy

extension Problem {
    /// The realm of every challenge.
    static let realm = "portcullis"

    /// There is no credential (RFC 6750 section 3: then the challenge has no error).
    static let noCredential = Problem(
        status: 401, error: "unauthorized", description: "a bearer token is needed",
        challenge: "Bearer realm=\"\(realm)\"")
    /// There are two credentials, or a malformed one.
    static let malformedCredential = Problem(
        status: 400, error: "invalid_request", description: "exactly one well-formed credential is needed",
        challenge: "Bearer realm=\"\(realm)\", error=\"invalid_request\"")
    /// The route takes API keys only.
    static let apiKeyNeeded = Problem(
        status: 401, error: "unauthorized", description: "an API key is needed",
        challenge: "Bearer realm=\"\(realm)\"")
    /// The key is good, but not from where the request comes.
    static let addressNotAllowed = Problem(
        status: 403, error: "access_denied", description: "the API key may not be used from this address")
    /// The key is not remembered, and the accounts cannot be read.
    static let apiKeysUnavailable = Problem(
        status: 503, error: "temporarily_unavailable", description: "API keys cannot be checked right now",
        retryAfterSeconds: 1)
    /// The token was revoked.
    static let tokenRevoked = invalidToken("token revoked")
    /// The deny-list cannot be asked, and nobody gets in on a guess.
    static let denyListUnavailable = Problem(
        status: 503, error: "temporarily_unavailable", description: "revocation cannot be checked right now",
        retryAfterSeconds: 1)

    /// The keys of the token's issuer are not known at the moment: a good token must not be called a bad one.
    static let issuerUnavailable = Problem(
        status: 503, error: "temporarily_unavailable", description: "the issuer's keys cannot be had right now",
        retryAfterSeconds: 1)

    /// The client has made more requests than the route's limit allows (RFC 6585 section 4).
    static func tooManyRequests(retryAfterSeconds: Int) -> Problem {
        Problem(
            status: 429, error: "too_many_requests", description: "the limit of requests is reached; try again later",
            retryAfterSeconds: retryAfterSeconds)
    }

    /// The token is not accepted (RFC 6750 section 3.1).
    static func invalidToken(_ description: String) -> Problem {
        Problem(
            status: 401, error: "invalid_token", description: description,
            challenge: "Bearer realm=\"\(realm)\", error=\"invalid_token\", error_description=\"\(description)\"")
    }

    /// The token is good, but not for this (RFC 6750 section 3.1).
    static func insufficientScope(_ scope: String) -> Problem {
        Problem(
            status: 403, error: "insufficient_scope", description: "the token lacks a scope that this route needs",
            challenge: "Bearer realm=\"\(realm)\", error=\"insufficient_scope\", scope=\"\(scope)\"")
    }
}

extension Problem {
    /// The answer to a token that the verifier refuses, or cannot judge.
    init(_ rejection: TokenRejection) {
        self = rejection == .keysUnavailable ? .issuerUnavailable : .invalidToken(rejection.reason)
    }
}

extension Denial {
    static let noCredential = Denial(.noCredential, reason: "no_credential")
    static let malformedCredential = Denial(.malformedCredential, reason: "malformed_credential")
    static let tokenRevoked = Denial(.tokenRevoked, reason: "revoked")
    static let denyListUnavailable = Denial(.denyListUnavailable, reason: "deny_list_unavailable")
    static let apiKeyNeeded = Denial(.apiKeyNeeded, reason: "api_key_needed")
    static let malformedAPIKey = Denial(.invalidToken("malformed API key"), reason: "malformed_api_key")
    static let expiredAPIKey = Denial(.invalidToken("API key expired"), reason: "expired")
    static let addressNotAllowed = Denial(.addressNotAllowed, reason: "address_not_allowed")
    static let apiKeysUnavailable = Denial(.apiKeysUnavailable, reason: "api_keys_unavailable")
    static let wrongAudience = Denial(.invalidToken(TokenRejection.wrongAudience.reason), reason: "wrong_audience")

    /// The answer to a token that the verifier refuses; what it tells is a few constant words.
    init(_ rejection: TokenRejection) {
        self.init(Problem(rejection), reason: rejection.logReason)
    }
}

extension Denial {
    /// The answer to an API key that the store refuses.
    init(_ verdict: APIKeyVerdict) {
        switch verdict {
        case .unknown, .valid: self.init(.invalidToken("unknown API key"), reason: "unknown_api_key")
        case .revoked: self.init(.invalidToken("API key revoked"), reason: "revoked")
        case .expired: self = .expiredAPIKey
        case .ownerDisabled: self.init(.invalidToken("the API key's owner is disabled"), reason: "owner_disabled")
        }
    }
}

extension TokenRejection {
    /// The rejection as one word for logs and metrics.
    fileprivate var logReason: StaticString {
        switch self {
        case .tooLarge: "token_too_large"
        case .malformed: "malformed_token"
        case .criticalHeader: "critical_header"
        case .wrongType: "wrong_type"
        case .unknownIssuer: "unknown_issuer"
        case .algorithmNotAllowed: "algorithm_not_allowed"
        case .keysUnavailable: "keys_unavailable"
        case .unknownKey: "unknown_key"
        case .badSignature: "bad_signature"
        case .missingClaim: "missing_claim"
        case .invalidClaim: "invalid_claim"
        case .senderConstrained: "sender_constrained"
        case .wrongAudience: "wrong_audience"
        case .lifetimeTooLong: "lifetime_too_long"
        case .expired: "expired"
        case .notYetValid: "not_yet_valid"
        case .issuedInTheFuture: "issued_in_the_future"
        }
    }
}
