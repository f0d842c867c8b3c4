/// Where the claims that matter lie in a decoded payload: strict JSON, but nothing judged yet.
struct RawClaims {
    var issuer: JSONRawValue?
    var subject: JSONRawValue?
    var audience: JSONRawValue?
    var expiration: JSONRawValue?
    var notBefore: JSONRawValue?
    var issuedAt: JSONRawValue?
    var tokenID: JSONRawValue?
    var confirmation: JSONRawValue?
    var scope: JSONRawValue?
    var scopeList: JSONRawValue?
    var clientID: JSONRawValue?
    /// `client_id` also where an issuer calls the client something else.
    var unmappedClientID: JSONRawValue?
    var authorizedParty: JSONRawValue?
    var sessionID: JSONRawValue?

    /// Finds the claims in a decoded payload.
    ///
    /// - Parameters:
    ///   - text: the JSON text.
    ///   - scanner: a scanner whose storage can be used.
    /// - Throws: `malformed`.
    init(_ text: UnsafeRawBufferPointer, scanner: inout JSONScanner) throws(TokenRejection) {
        var claims = RawClaims()
        try scanner.scanMembers(of: text) { name, value throws(TokenRejection) in
            name.withUTF8(in: text) { claims.set(value, for: $0) }
        }
        self = claims
    }

    private init() {}

    private mutating func set(_ value: JSONRawValue, for name: UnsafeRawBufferPointer) {
        if name.count == 3 {
            setShort(value, for: name)
        } else if haveEqualBytes(name, "scope") {
            scope = value
        } else if haveEqualBytes(name, "client_id") {
            clientID = value
            unmappedClientID = value
        }
    }

    private mutating func setShort(_ value: JSONRawValue, for name: UnsafeRawBufferPointer) {
        if haveEqualBytes(name, "iss") {
            issuer = value
        } else if haveEqualBytes(name, "sub") {
            subject = value
        } else if haveEqualBytes(name, "aud") {
            audience = value
        } else if haveEqualBytes(name, "exp") {
            expiration = value
        } else if haveEqualBytes(name, "nbf") {
            notBefore = value
        } else if haveEqualBytes(name, "iat") {
            issuedAt = value
        } else if haveEqualBytes(name, "jti") {
            tokenID = value
        } else if haveEqualBytes(name, "cnf") {
            confirmation = value
        } else if haveEqualBytes(name, "sid") {
            sessionID = value
        } else if haveEqualBytes(name, "scp") {
            scopeList = value
        } else if haveEqualBytes(name, "azp") {
            authorizedParty = value
        }
    }
}
