import LibCrypto

/// Whom requests are counted for: 128 bits of a digest, so that no name of a client is kept or written anywhere, and no
/// two clients can be made to share a count.
package enum RateLimitKey {
    /// The key of texts, in their order; `["a", "bc"]` and `["ab", "c"]` are two.
    package static func of(_ texts: [String]) -> UInt128 {
        var bytes: [UInt8] = []
        for text in texts {
            withUnsafeBytes(of: UInt64(text.utf8.count).bigEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: text.utf8)
        }
        return of(bytes)
    }

    /// The key of a number, such as an address.
    package static func of(_ number: UInt128) -> UInt128 {
        of(withUnsafeBytes(of: number.bigEndian) { Array($0) })
    }

    private static func of(_ bytes: [UInt8]) -> UInt128 {
        Digest.hash(bytes, with: .sha256).prefix(16).reduce(0) { $0 << 8 | UInt128($1) }
    }
}
