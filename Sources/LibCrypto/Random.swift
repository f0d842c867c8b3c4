import COpenSSL

/// Bytes from OpenSSL's random generator, which the kernel seeds.
package enum Random {
    /// The most bytes one call gives.
    package static let maximumByteCount = 1 << 20

    /// Returns unpredictable bytes.
    ///
    /// - Parameter count: how many, from 0 to `maximumByteCount`.
    /// - Returns: that many bytes.
    /// - Throws: `CryptoError`: `invalidParameter`, or `libraryFailure` when the generator cannot be seeded.
    package static func bytes(_ count: Int) throws(CryptoError) -> [UInt8] {
        guard (0...maximumByteCount).contains(count) else {
            throw CryptoError(.invalidParameter, "\(count) random bytes asked for")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        guard count == 0 || RAND_bytes(&bytes, Int32(count)) == 1 else {
            throw .fromOpenSSL(.libraryFailure, "generating random bytes")
        }
        return bytes
    }
}
