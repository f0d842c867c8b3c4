/// What a compact JWS says about itself, to be shown or to choose who judges it: nothing in it is to be believed.
package struct UnverifiedToken: Sendable {
    /// The protected header.
    package let header: JSONObject
    /// The claims.
    package let claims: JSONObject
    /// The signature's octets.
    package let signature: [UInt8]

    /// Reads a compact serialization as strictly as the verifier does.
    ///
    /// - Parameters:
    ///   - token: the text.
    ///   - maximumByteCount: the longest token read.
    /// - Throws: `tooLarge` or `malformed`.
    package init(
        _ token: [UInt8], maximumByteCount: Int = TokenVerifier.defaultMaximumTokenByteCount
    ) throws(TokenRejection) {
        guard token.count <= maximumByteCount else { throw .tooLarge }
        let parts = token.withUnsafeBytes { text -> (header: [UInt8], payload: [UInt8], signature: [UInt8])? in
            guard let parts = CompactSerialization(text),
                let header = Base64URL.decode(UnsafeRawBufferPointer(rebasing: text[parts.header])),
                let payload = Base64URL.decode(UnsafeRawBufferPointer(rebasing: text[parts.payload])),
                let signature = Base64URL.decode(UnsafeRawBufferPointer(rebasing: text[parts.signature]))
            else { return nil }
            return (header, payload, signature)
        }
        let parser = JSONParser(limits: .token)
        guard let parts, let header = try? parser.parse(parts.header).object,
            let claims = try? parser.parse(parts.payload).object
        else { throw .malformed }
        self.header = header
        self.claims = claims
        signature = parts.signature
    }

    /// `alg` as written.
    package var algorithmName: String? { header["alg"]?.string }
    /// `kid` as written.
    package var keyID: String? { header["kid"]?.string }
    /// `iss` as written.
    package var issuer: String? { claims["iss"]?.string }
    /// `jti` as written.
    package var tokenID: String? { claims["jti"]?.string }
}
