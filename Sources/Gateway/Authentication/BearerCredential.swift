import HTTP1

/// What a request brings to say who it is (RFC 6750 section 2.1, RFC 9110 section 11.4).
enum BearerCredential {
    /// Nothing that this gateway understands: no `Authorization`, or one of another scheme.
    case none
    /// More than one credential, or a `Bearer` without a token.
    case malformed
    /// The bytes after `Bearer` and its spaces; the verifier judges them.
    case token(UnsafeRawBufferPointer)
    /// The value of `X-API-Key`.
    case apiKey(UnsafeRawBufferPointer)

    /// Finds the credential of a request.
    ///
    /// Tokens in the query or the body are not looked for (RFC 9700 section 4.3.2).
    @inline(__always)
    static func find(in head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> BearerCredential {
        let count = head.authorizationCount &+ head.apiKeyCount
        guard count > 0 else { return .none }
        guard count == 1 else { return .malformed }
        guard let value = head.value(of: .authorization, in: bytes) else {
            return head.value(of: .apiKey, in: bytes).map { .apiKey($0) } ?? .none
        }
        guard value.slice(0, 6).equalsIgnoringCase("bearer") else { return .none }
        guard value.count > 6 else { return .malformed }
        // `Bearerx…` is another scheme; after the scheme come one or more spaces.
        if CharacterSet.isToken(value[6]) { return .none }
        var start = 6
        while start < value.count, value[start] == 0x20 { start &+= 1 }
        return .token(value.slice(start, value.count &- start))
    }
}
