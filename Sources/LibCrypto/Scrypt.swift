import COpenSSL

/// The scrypt password-based key derivation function (RFC 7914).
package enum Scrypt {
    /// The longest output, in bytes.
    package static let maximumByteCount = 1024

    /// Derives 1 to `maximumByteCount` bytes from a password.
    ///
    /// Takes tens of milliseconds on purpose: not for an event loop. A password and the same with zero bytes after it
    /// give the same result (HMAC pads its key with them), so callers must not let zero bytes into a password.
    ///
    /// - Throws: `CryptoError`: `invalidParameter` outside the bounds, `libraryFailure` when memory is short.
    package static func derive(
        password: [UInt8],
        salt: [UInt8],
        parameters: ScryptParameters,
        byteCount: Int
    ) throws(CryptoError) -> [UInt8] {
        try parameters.validate()
        guard (1...maximumByteCount).contains(byteCount) else {
            throw CryptoError(.invalidParameter, "scrypt output of \(byteCount) bytes asked for")
        }
        var output = [UInt8](repeating: 0, count: byteCount)
        let derived = password.withUnsafeBytes { password in
            EVP_PBE_scrypt(
                password.baseAddress?.assumingMemoryBound(to: CChar.self),
                password.count,
                salt,
                salt.count,
                UInt64(parameters.cost),
                UInt64(parameters.blockSize),
                UInt64(parameters.parallelization),
                UInt64(ScryptParameters.maximumMemoryByteCount),
                &output,
                byteCount
            )
        }
        guard derived == 1 else { throw .fromOpenSSL(.libraryFailure, "deriving with scrypt") }
        return output
    }
}
