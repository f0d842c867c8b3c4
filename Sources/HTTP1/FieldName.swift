/// The field names that the gateway itself reads, writes or removes.
///
/// A name is recognised once, while its line is parsed; everything later compares small integers.
package enum FieldName: UInt8, Sendable {
    case other
    case host, contentLength, transferEncoding, expect
    case connection, keepAlive, proxyConnection, te, trailer, upgrade, proxyAuthorization, proxyAuthenticate
    case http2Settings
    case authorization, apiKey
    case forwarded, forwardedFor, forwardedProto, forwardedHost, realIP, requestID
    case forwardedMethod, forwardedURI, originalMethod, originalURL
    /// Another `X-Forwarded-*` or `X-Original-*`, or `X-Rewrite-URL`: backends believe them too.
    case otherForwarding
    /// One of the `X-Auth-*` identity fields.
    case identity
    case date, server, maxForwards, cookie

    /// Recognises a field name in any spelling that a backend could take for it.
    ///
    /// - Returns: the name, and whether the spelling is only a look-alike (`Content_Length`, `X.Auth~Subject`).
    @inline(__always)
    static func recognise(_ name: UnsafeRawBufferPointer) -> (field: FieldName, isLookAlike: Bool) {
        let field = find(name)
        guard field != .other else { return (.other, false) }
        for byte in name where byte != UInt8(ascii: "-") && !byte.isAlphanumericASCII {
            return (field, true)
        }
        return (field, false)
    }

    private static func find(_ name: UnsafeRawBufferPointer) -> FieldName {
        @inline(__always)
        func match(_ text: StaticString, _ field: FieldName) -> FieldName? {
            name.equalsLoosely(text) ? field : nil
        }
        let found: FieldName? =
            switch name.count {
            case 2: match("te", .te)
            case 4: match("host", .host) ?? match("date", .date)
            case 6: match("expect", .expect) ?? match("server", .server) ?? match("cookie", .cookie)
            case 7: match("upgrade", .upgrade) ?? match("trailer", .trailer)
            case 9: match("x-api-key", .apiKey) ?? match("x-real-ip", .realIP) ?? match("forwarded", .forwarded)
            case 10: match("connection", .connection) ?? match("keep-alive", .keepAlive)
            case 12:
                match("x-request-id", .requestID) ?? match("x-auth-scope", .identity)
                    ?? match("max-forwards", .maxForwards)
            case 13:
                match("authorization", .authorization) ?? match("x-auth-issuer", .identity)
                    ?? match("x-auth-method", .identity) ?? match("x-rewrite-url", .otherForwarding)
            case 14:
                match("content-length", .contentLength) ?? match("x-auth-subject", .identity)
                    ?? match("x-original-url", .originalURL) ?? match("http2-settings", .http2Settings)
            case 15:
                match("x-forwarded-for", .forwardedFor) ?? match("x-forwarded-uri", .forwardedURI)
                    ?? match("x-auth-token-id", .identity)
            case 16:
                match("x-forwarded-host", .forwardedHost) ?? match("x-auth-client-id", .identity)
                    ?? match("proxy-connection", .proxyConnection)
            case 17:
                match("transfer-encoding", .transferEncoding) ?? match("x-forwarded-proto", .forwardedProto)
                    ?? match("x-original-method", .originalMethod) ?? match("x-auth-session-id", .identity)
            case 18: match("x-forwarded-method", .forwardedMethod) ?? match("proxy-authenticate", .proxyAuthenticate)
            case 19: match("proxy-authorization", .proxyAuthorization)
            default: nil
            }
        return found ?? (isOtherForwarding(name) ? .otherForwarding : .other)
    }

    private static func isOtherForwarding(_ name: UnsafeRawBufferPointer) -> Bool {
        name.slice(0, 12).equalsLoosely("x-forwarded-") || name.slice(0, 11).equalsLoosely("x-original-")
    }
}
