import COpenSSL

/// A reusable `EVP_MD_CTX` for one hash function.
///
/// Not for use by two threads at once.
final class DigestContext {
    let hash: HashFunction
    let pointer: OpaquePointer

    init(_ hash: HashFunction) throws(CryptoError) {
        guard let pointer = EVP_MD_CTX_new() else {
            throw .fromOpenSSL(.libraryFailure, "creating a digest context")
        }
        self.hash = hash
        self.pointer = pointer
        guard let algorithm = hash.algorithm, EVP_DigestInit_ex2(pointer, algorithm, nil) == 1 else {
            throw .fromOpenSSL(.libraryFailure, "initialising \(hash)")
        }
    }

    deinit {
        EVP_MD_CTX_free(pointer)
    }

    /// Hashes the message into `output`, which must hold `hash.digestByteCount` bytes; false when OpenSSL failed.
    func digest(_ message: UnsafeRawBufferPointer, into output: UnsafeMutablePointer<UInt8>) -> Bool {
        // Without an algorithm argument the context starts over with the one it has.
        EVP_DigestInit_ex2(pointer, nil, nil) == 1 && update(message) && finish(into: output)
    }

    /// Adds bytes to the running digest.
    func update(_ bytes: UnsafeRawBufferPointer) -> Bool {
        EVP_DigestUpdate(pointer, bytes.baseAddress, bytes.count) == 1
    }

    /// Ends the running digest.
    func finish(into output: UnsafeMutablePointer<UInt8>) -> Bool {
        EVP_DigestFinal_ex(pointer, output, nil) == 1
    }

    /// Continues from the state of another context of the same hash function.
    func restore(from other: DigestContext) -> Bool {
        EVP_MD_CTX_copy_ex(pointer, other.pointer) == 1
    }
}
