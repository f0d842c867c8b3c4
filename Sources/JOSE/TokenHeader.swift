/// What the protected header of a token says (RFC 7515 section 4), as far as it is heard.
///
/// Keys and addresses of keys in the header (`jwk`, `jku`, `x5u`, `x5c`) are passed over like any unknown member: who
/// writes a token does not choose the key that judges it.
struct TokenHeader {
    /// `alg`; nil when it names no supported algorithm, `none` included.
    let algorithm: SignatureAlgorithm?
    /// `kid` as UTF-8.
    let keyID: [UInt8]?
    /// Whether `typ` is the one of access tokens (RFC 9068 section 2.1), not just absent or `JWT`.
    let isTypedAccessToken: Bool

    /// Reads a decoded header.
    ///
    /// - Parameters:
    ///   - text: the JSON text.
    ///   - scanner: a scanner whose storage can be used.
    /// - Throws: `malformed`, `criticalHeader`, `wrongType`.
    init(_ text: UnsafeRawBufferPointer, scanner: inout JSONScanner) throws(TokenRejection) {
        var algorithmName: JSONRawValue?
        var keyIDValue: JSONRawValue?
        var type: JSONRawValue?
        var hasExtension = false
        try scanner.scanMembers(of: text) { name, value throws(TokenRejection) in
            name.withUTF8(in: text) { bytes in
                if haveEqualBytes(bytes, "alg") {
                    algorithmName = value
                } else if haveEqualBytes(bytes, "kid") {
                    keyIDValue = value
                } else if haveEqualBytes(bytes, "typ") {
                    type = value
                } else if haveEqualBytes(bytes, "crit") || haveEqualBytes(bytes, "b64") {
                    hasExtension = true
                }
            }
        }
        guard !hasExtension else { throw .criticalHeader }
        guard case .string(let algorithmSlice) = algorithmName else { throw .malformed }
        algorithm = algorithmSlice.withUTF8(in: text) { SignatureAlgorithm(name: $0) }
        keyID = try Self.keyID(of: keyIDValue, in: text)
        isTypedAccessToken = try Self.isTypedAccessToken(type, in: text)
    }

    private static func keyID(
        of value: JSONRawValue?, in text: UnsafeRawBufferPointer
    ) throws(TokenRejection) -> [UInt8]? {
        guard let value else { return nil }
        guard case .string(let slice) = value else { throw .malformed }
        return slice.withUTF8(in: text) { [UInt8]($0) }
    }

    /// Media types compare without regard to case and may leave out `application/` (RFC 7515 section 4.1.9).
    private static func isTypedAccessToken(
        _ value: JSONRawValue?, in text: UnsafeRawBufferPointer
    ) throws(TokenRejection) -> Bool {
        guard let value else { return false }
        guard case .string(let slice) = value else { throw .wrongType }
        return try slice.withUTF8(in: text) { bytes -> Result<Bool, TokenRejection> in
            if ["at+jwt", "application/at+jwt"].contains(where: { haveEqualBytesIgnoringCase(bytes, $0) }) {
                return .success(true)
            }
            if ["jwt", "application/jwt"].contains(where: { haveEqualBytesIgnoringCase(bytes, $0) }) {
                return .success(false)
            }
            return .failure(.wrongType)
        }.get()
    }
}
