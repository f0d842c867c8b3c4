import COpenSSL

/// Verifies RSA and ECDSA signatures: a digest, then a key operation, both in contexts made once.
final class DigestVerifier {
    private let operation: PreparedOperation
    private let digestContext: DigestContext
    private let digest: UnsafeMutablePointer<UInt8>
    private let der: UnsafeMutablePointer<UInt8>
    private let form: SignatureForm

    private enum SignatureForm {
        /// RSA: as wide as the modulus.
        case modulusWide(byteCount: Int)
        /// ECDSA: r || s, each as wide as the curve's order.
        case concatenated(order: [UInt8])
    }

    init(key: PublicKey, scheme: SignatureScheme, hash: HashFunction) throws(CryptoError) {
        operation = try PreparedOperation(.verify, key: key.handle, scheme: scheme)
        digestContext = try DigestContext(hash)
        if case .elliptic(let curve, _, _) = key.parameters {
            let order = try key.handle.integer(OSSL_PKEY_PARAM_EC_ORDER, width: curve.coordinateByteCount)
            form = .concatenated(order: order)
        } else {
            form = .modulusWide(byteCount: key.handle.maximumSignatureByteCount)
        }
        digest = .allocate(capacity: hash.digestByteCount)
        digest.initialize(repeating: 0, count: hash.digestByteCount)
        der = .allocate(capacity: ECDSASignature.maximumDERByteCount)
        der.initialize(repeating: 0, count: ECDSASignature.maximumDERByteCount)
    }

    deinit {
        digest.deallocate()
        der.deallocate()
    }

    func isValid(signature: UnsafeRawBufferPointer, message: UnsafeRawBufferPointer) -> Bool {
        switch form {
        case .modulusWide(let byteCount):
            guard signature.count == byteCount, let bytes = signature.baseAddress else { return false }
            return matches(bytes.assumingMemoryBound(to: UInt8.self), byteCount, message)
        case .concatenated(let order):
            guard let byteCount = ECDSASignature.encode(signature, order: order, into: der) else { return false }
            return matches(der, byteCount, message)
        }
    }

    private func matches(
        _ signature: UnsafePointer<UInt8>,
        _ byteCount: Int,
        _ message: UnsafeRawBufferPointer
    ) -> Bool {
        // EVP_PKEY_verify says 0 or less for anything but a good signature.
        digestContext.digest(message, into: digest)
            && EVP_PKEY_verify(operation.context, signature, byteCount, digest, digestContext.hash.digestByteCount) == 1
    }
}
