import COpenSSL

/// One-shot SHA-2 digests (FIPS 180-4).
package enum Digest {
    /// Returns the digest of the bytes.
    package static func hash(_ bytes: [UInt8], with hash: HashFunction) -> [UInt8] {
        bytes.withUnsafeBytes { Digest.hash($0, with: hash) }
    }

    /// Returns the digest of the bytes.
    ///
    /// Stops the process when OpenSSL has no SHA-2 or no memory: that no input can bring about, and there is no safe
    /// value to return. `CryptoLibrary.requireAlgorithms()` rules the first out at the start.
    package static func hash(_ bytes: UnsafeRawBufferPointer, with hash: HashFunction) -> [UInt8] {
        let byteCount = hash.digestByteCount
        let algorithm = hash.algorithm
        return [UInt8](unsafeUninitializedCapacity: byteCount) { output, initializedCount in
            let hashed = EVP_Digest(bytes.baseAddress, bytes.count, output.baseAddress, nil, algorithm, nil)
            precondition(hashed == 1, "OpenSSL cannot compute SHA-2")
            initializedCount = byteCount
        }
    }
}
