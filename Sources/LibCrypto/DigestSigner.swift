import COpenSSL

/// Signs with RSA and ECDSA: a digest, then a key operation, both in contexts made once.
final class DigestSigner {
    private let operation: PreparedOperation
    private let digestContext: DigestContext
    private let maximumByteCount: Int
    /// For ECDSA, whose DER is turned into r || s.
    private let curve: EllipticCurve?

    init(key: PrivateKey, scheme: SignatureScheme, hash: HashFunction) throws(CryptoError) {
        operation = try PreparedOperation(.sign, key: key.handle, scheme: scheme)
        digestContext = try DigestContext(hash)
        maximumByteCount = key.handle.maximumSignatureByteCount
        if case .ecdsa(let curve, _) = scheme {
            self.curve = curve
        } else {
            curve = nil
        }
    }

    func sign(_ message: UnsafeRawBufferPointer) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: digestContext.hash.digestByteCount)
        guard digestContext.digest(message, into: &digest) else { return nil }
        var signature = [UInt8](repeating: 0, count: maximumByteCount)
        var byteCount = signature.count
        guard EVP_PKEY_sign(operation.context, &signature, &byteCount, digest, digest.count) == 1,
            byteCount <= signature.count
        else { return nil }
        signature.removeLast(signature.count - byteCount)
        guard let curve else { return signature }
        return ECDSASignature.decode(der: signature, coordinateByteCount: curve.coordinateByteCount)
    }
}
