import COpenSSL

/// Owns an `EVP_PKEY`.
// @unchecked: the key is never changed after it was made; OpenSSL counts references and fills its internal caches
// under the key's own lock, and documents the use of one EVP_PKEY from many threads.
final class KeyHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over the caller's reference.
    init(adopting pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        EVP_PKEY_free(pointer)
    }

    /// Length in bytes of the largest signature (for RSA: of each).
    var maximumSignatureByteCount: Int {
        Int(EVP_PKEY_get_size(pointer))
    }

    /// An integer parameter of the key as big-endian bytes: left-padded to a width, or without leading zeros.
    func integer(_ name: String, width: Int? = nil) throws(CryptoError) -> [UInt8] {
        var number: OpaquePointer?
        defer { BN_free(number) }
        guard EVP_PKEY_get_bn_param(pointer, name, &number) == 1, let number else {
            throw .fromOpenSSL(.invalidKey, "reading the key's parameter \(name)")
        }
        let byteCount = width ?? Int(BN_num_bits(number) + 7) / 8
        var bytes = [UInt8](repeating: 0, count: byteCount)
        guard BN_bn2binpad(number, &bytes, Int32(byteCount)) == Int32(byteCount) else {
            throw .fromOpenSSL(.invalidKey, "reading the key's parameter \(name)")
        }
        return bytes
    }
}
