/// A revocation's name as 128 bits: what the mirror looks tokens up by.
///
/// The hash is SipHash-2-4-128 under a key drawn for this process, so that nobody who chooses names can make two of them
/// meet, or crowd one place of the table. Two names that met by chance would be refused together, never let through.
package struct RevocationDigest: Sendable, Hashable {
    /// The first half; never zero, which means an empty place.
    let high: UInt64
    /// The second half.
    let low: UInt64

    /// What revokes everything.
    static let all = RevocationDigest(.all, origin: .own)

    private static let processKey = (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max))

    /// Digests a kind and an identifier as it stands in the names of keys.
    init(kind: RevocationKind, identifier: some Collection<UInt8>) {
        var bytes = Array(kind.rawValue.utf8)
        bytes.reserveCapacity(bytes.count + 1 + identifier.count)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(contentsOf: identifier)
        self = bytes.withUnsafeBytes { RevocationDigest(name: $0) }
    }

    /// Digests a kind, a colon and an identifier.
    init(name: UnsafeRawBufferPointer) {
        self = Self.hash(name, key: Self.processKey)
    }

    /// Digests what revokes a token.
    package init(_ target: RevocationTarget, origin: TokenOrigin) {
        let identifier = target.kind == .all ? "" : RevocationKeys.identifier(target.name, origin: origin)
        self.init(kind: target.kind, identifier: identifier.utf8)
    }

    private init(_ first: UInt64, _ second: UInt64) {
        high = first == 0 ? 1 : first
        low = second
    }

    /// SipHash-2-4 with an output of 128 bits (Aumasson and Bernstein, "SipHash: a fast short-input PRF").
    static func hash(_ bytes: UnsafeRawBufferPointer, key: (UInt64, UInt64)) -> RevocationDigest {
        var state = SipState(key)
        let whole = bytes.count & ~7
        for offset in stride(from: 0, to: whole, by: 8) {
            state.absorb(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        for offset in whole..<bytes.count { last |= UInt64(bytes[offset]) << UInt64(8 * (offset - whole)) }
        state.absorb(last)
        let (first, second) = state.finish()
        return RevocationDigest(first, second)
    }
}

private struct SipState {
    private var v0, v1, v2, v3: UInt64

    init(_ key: (UInt64, UInt64)) {
        v0 = key.0 ^ 0x736f_6d65_7073_6575
        v1 = key.1 ^ 0x646f_7261_6e64_6f6d ^ 0xee
        v2 = key.0 ^ 0x6c79_6765_6e65_7261
        v3 = key.1 ^ 0x7465_6462_7974_6573
    }

    mutating func absorb(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    mutating func finish() -> (UInt64, UInt64) {
        v2 ^= 0xee
        for _ in 0..<4 { round() }
        let first = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xdd
        for _ in 0..<4 { round() }
        return (first, v0 ^ v1 ^ v2 ^ v3)
    }

    private mutating func round() {
        v0 &+= v1
        v2 &+= v3
        v1 = Self.rotate(v1, 13) ^ v0
        v3 = Self.rotate(v3, 16) ^ v2
        v0 = Self.rotate(v0, 32)
        v2 &+= v1
        v0 &+= v3
        v1 = Self.rotate(v1, 17) ^ v2
        v3 = Self.rotate(v3, 21) ^ v0
        v2 = Self.rotate(v2, 32)
    }

    private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
        word << count | word >> (64 - count)
    }
}
