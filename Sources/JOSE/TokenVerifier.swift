/// Decides whether a compact JWS is an access token of a trusted issuer.
///
/// Loop-bound: it keeps scratch storage and prepared keys that must not be shared.
///
/// The order is syntax, issuer, algorithm, key, signature, claims, clock. Nothing a token says is acted on before its
/// signature is known to be valid, other than to find the issuer and the key that judge it.
package final class TokenVerifier {
    /// The default of the longest token, in bytes.
    package static let defaultMaximumTokenByteCount = 16 * 1024
    /// The largest leeway for differing clocks.
    package static let maximumLeewaySeconds: Int64 = 300

    let leewaySeconds: Int64
    let maximumTokenByteCount: Int
    let keyrings: [IssuerKeyring]
    var scanner: JSONScanner
    var headerMemo = HeaderMemo()
    /// The place of the issuer that the last token named; `nil` when it named none that is trusted.
    package internal(set) var lastIssuerIndex: Int?
    /// Holds a token's decoded parts one after the other, while it is looked at.
    let scratch: UnsafeMutableRawBufferPointer

    /// Prepares the keys of all issuers.
    ///
    /// - Parameters:
    ///   - issuers: whom to trust, each `iss` once.
    ///   - leewaySeconds: how far clocks may differ, 0 to 300.
    ///   - maximumTokenByteCount: the longest token looked at.
    /// - Throws: `JOSEError` with `invalidConfiguration` or `cryptography`.
    package convenience init(
        issuers: [TrustedIssuer], leewaySeconds: Int64,
        maximumTokenByteCount: Int = TokenVerifier.defaultMaximumTokenByteCount
    ) throws(JOSEError) {
        guard (0...Self.maximumLeewaySeconds).contains(leewaySeconds), maximumTokenByteCount > 0,
            Set(issuers.map { [UInt8]($0.issuer.utf8) }).count == issuers.count
        else { throw JOSEError(.invalidConfiguration) }
        var keyrings: [IssuerKeyring] = []
        for issuer in issuers {
            keyrings.append(try IssuerKeyring(issuer))
        }
        self.init(
            keyrings: keyrings, leewaySeconds: leewaySeconds, maximumTokenByteCount: maximumTokenByteCount)
    }

    /// A verifier that accepts nothing.
    package static func trustingNobody() -> TokenVerifier {
        TokenVerifier(keyrings: [], leewaySeconds: 0, maximumTokenByteCount: defaultMaximumTokenByteCount)
    }

    private init(keyrings: [IssuerKeyring], leewaySeconds: Int64, maximumTokenByteCount: Int) {
        self.keyrings = keyrings
        self.leewaySeconds = leewaySeconds
        self.maximumTokenByteCount = maximumTokenByteCount
        scanner = JSONScanner(
            limits: JSONLimits(
                maximumByteCount: maximumTokenByteCount, maximumDepth: JSONLimits.token.maximumDepth,
                maximumMemberCount: JSONLimits.token.maximumMemberCount))
        scratch = .allocate(byteCount: maximumTokenByteCount, alignment: 16)
    }

    deinit {
        scratch.deallocate()
    }

    /// Splits a token and decodes and reads its parts; says nothing about whether they are true.
    func parse(_ token: UnsafeRawBufferPointer) throws(TokenRejection) -> ParsedToken {
        guard token.count <= maximumTokenByteCount else { throw .tooLarge }
        guard let parts = CompactSerialization(token) else { throw .malformed }
        let encodedHeader = UnsafeRawBufferPointer(rebasing: token[parts.header])
        let memo = headerMemo.entry(for: encodedHeader)
        var used = 0
        let header: TokenHeader
        if let memo {
            header = memo.header
        } else {
            let headerText = try decode(encodedHeader, used: &used)
            header = try TokenHeader(headerText, scanner: &scanner)
        }
        let payload = try decode(UnsafeRawBufferPointer(rebasing: token[parts.payload]), used: &used)
        let signature = try decode(UnsafeRawBufferPointer(rebasing: token[parts.signature]), used: &used)
        return ParsedToken(
            encodedHeader: encodedHeader, header: header, memo: memo, payload: payload,
            claims: try RawClaims(payload, scanner: &scanner), signature: signature,
            signingInput: UnsafeRawBufferPointer(rebasing: token[parts.signingInput]))
    }

    /// The place of the issuer a token names, which must be the exact name of a trusted one.
    func issuerIndex(of token: ParsedToken) throws(TokenRejection) -> Int {
        guard let issuer = token.claims.issuer else { throw .missingClaim(.issuer) }
        guard case .string(let slice) = issuer else { throw .invalidClaim(.issuer) }
        let index = slice.withUTF8(in: token.payload) { name in
            keyrings.firstIndex { $0.isNamed(name) }
        }
        guard let index else { throw .unknownIssuer }
        return index
    }

    /// The key that made the signature of a token.
    ///
    /// - Throws: `wrongType`, `algorithmNotAllowed`, `unknownKey` or `badSignature`.
    func checkSignature(
        of token: ParsedToken, issuerIndex: Int
    ) throws(TokenRejection) -> VerificationKey {
        if let memo = token.memo, memo.issuerIndex == issuerIndex {
            guard memo.key.isValid(signature: token.signature, message: token.signingInput) else {
                throw .badSignature
            }
            return memo.key
        }
        let key = try keyrings[issuerIndex].key(for: token.header)
        guard key.isValid(signature: token.signature, message: token.signingInput) else { throw .badSignature }
        if token.memo == nil {
            headerMemo.insert(
                HeaderMemo.Entry(
                    encodedHeader: [UInt8](token.encodedHeader), header: token.header, issuerIndex: issuerIndex,
                    key: key))
        }
        return key
    }

    private func decode(
        _ part: UnsafeRawBufferPointer, used: inout Int
    ) throws(TokenRejection) -> UnsafeRawBufferPointer {
        let free = UnsafeMutableRawBufferPointer(rebasing: scratch[used...])
        guard let count = Base64URL.decode(part, into: free) else { throw .malformed }
        used += count
        return UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(free)[..<count])
    }
}

/// A token taken apart, valid until the verifier looks at the next one.
struct ParsedToken {
    let encodedHeader: UnsafeRawBufferPointer
    let header: TokenHeader
    let memo: HeaderMemo.Entry?
    let payload: UnsafeRawBufferPointer
    var claims: RawClaims
    let signature: UnsafeRawBufferPointer
    let signingInput: UnsafeRawBufferPointer
}
