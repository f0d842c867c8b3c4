/// The three parts of a compact JWS (RFC 7515 section 7.1), as places in its text.
struct CompactSerialization {
    /// The protected header, in base64url.
    let header: Range<Int>
    /// The payload, in base64url.
    let payload: Range<Int>
    /// The signature, in base64url.
    let signature: Range<Int>

    /// Nil unless the text has exactly two dots with something before the first and after the second.
    init?(_ token: UnsafeRawBufferPointer) {
        let dot = UInt8(ascii: ".")
        guard let first = firstIndex(of: dot, in: token, from: 0), first > 0,
            let second = firstIndex(of: dot, in: token, from: first + 1), second + 1 < token.count,
            firstIndex(of: dot, in: token, from: second + 1) == nil
        else { return nil }
        header = 0..<first
        payload = first + 1..<second
        signature = second + 1..<token.count
    }

    /// What is signed: header and payload as sent, with the dot between them.
    var signingInput: Range<Int> { header.lowerBound..<payload.upperBound }
}
