/// The work factors of scrypt (RFC 7914 section 2).
package struct ScryptParameters: Sendable, Hashable {
    /// The most memory one derivation may take, in bytes.
    package static let maximumMemoryByteCount = 256 << 20
    /// The most memory traffic one derivation may cause, in bytes: it bounds the time, whatever the parallelization.
    package static let maximumWorkByteCount = 1 << 30

    /// N, the CPU and memory cost: a power of two.
    package let cost: Int
    /// The parameter r: blocks of 128 · r bytes.
    package let blockSize: Int
    /// The parameter p: independent passes, run one after the other.
    package let parallelization: Int

    /// Parameters as given, possibly read from storage; `validate()` and `Scrypt.derive` judge them.
    package init(cost: Int, blockSize: Int, parallelization: Int) {
        self.cost = cost
        self.blockSize = blockSize
        self.parallelization = parallelization
    }

    /// Checks the rules of RFC 7914 and the bounds on memory and work.
    ///
    /// - Throws: `CryptoError` with code `invalidParameter`.
    package func validate() throws(CryptoError) {
        // Each factor is bounded before any are multiplied, so nothing below overflows.
        let largest = Self.maximumMemoryByteCount / 128
        guard cost >= 2, cost <= largest, cost & (cost - 1) == 0 else {
            throw CryptoError(.invalidParameter, "scrypt cost must be a power of two from 2 to \(largest)")
        }
        guard (1...largest).contains(blockSize), (1...largest).contains(parallelization) else {
            throw CryptoError(.invalidParameter, "scrypt factors must be from 1 to \(largest)")
        }
        // N < 2^(128 r / 8)
        guard blockSize >= 4 || cost < 1 << (16 * blockSize) else {
            throw CryptoError(.invalidParameter, "scrypt cost is too large for the block size")
        }
        guard cost + 2 + parallelization <= Self.maximumMemoryByteCount / (128 * blockSize) else {
            throw CryptoError(.invalidParameter, "scrypt would need too much memory")
        }
        guard cost * parallelization <= Self.maximumWorkByteCount / (128 * blockSize) else {
            throw CryptoError(.invalidParameter, "scrypt would take too long")
        }
    }
}
