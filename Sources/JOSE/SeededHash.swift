/// A fast, seeded, non-cryptographic hash of short byte strings.
///
/// The seed is drawn per process: somebody who sends names or tokens cannot compute which of them collide.
struct SeededHash {
    private let seed: UInt64

    init(seed: UInt64 = SeededHash.processSeed) {
        self.seed = seed
    }

    /// Drawn once, so that equal bytes have equal hashes everywhere in the process.
    static let processSeed = UInt64.random(in: .min ... .max)

    /// Hashes all of `bytes`.
    func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var state = seed ^ UInt64(truncatingIfNeeded: bytes.count)
        var offset = 0
        while offset + 8 <= bytes.count {
            state = Self.fold(state ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < bytes.count {
            tail = tail << 8 | UInt64(bytes[offset])
            offset += 1
        }
        return Self.fold(state ^ tail)
    }

    @inline(__always)
    private static func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}
