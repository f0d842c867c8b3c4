import COpenSSL

/// A private key whose public half is validated and known to belong to it.
package final class PrivateKey: Sendable {
    /// The public half.
    package let publicKey: PublicKey
    let handle: KeyHandle

    /// Makes a new key.
    ///
    /// RSA takes from a tenth of a second to many seconds: not for an event loop.
    ///
    /// - Throws: `CryptoError`: `invalidParameter` for RSA sizes outside `RSAKeyLimits.generatedModulusBits` or not
    ///   a multiple of 8; `libraryFailure`.
    package static func generate(_ kind: KeyKind) throws(CryptoError) -> PrivateKey {
        defer { OpenSSLErrorQueue.clear() }
        return try PrivateKey(handle: KeyHandle(generating: kind))
    }

    /// Reads one private key from PEM: `PRIVATE KEY` (PKCS#8, RFC 5958), or the older `RSA PRIVATE KEY` and
    /// `EC PRIVATE KEY`.
    ///
    /// - Throws: `CryptoError`: `encryptedKey`, `unsupportedKey`, `unacceptableKey`; `invalidKey`, also when the
    ///   public half is not the private one's.
    package convenience init(pem: [UInt8]) throws(CryptoError) {
        defer { OpenSSLErrorQueue.clear() }
        // `openssl ecparam -genkey` writes the curve in a block of its own first; the key repeats it.
        let block = try PEMBlock(only: pem, ignoring: "EC PARAMETERS")
        let decoded: KeyHandle?
        switch block.label {
        case "PRIVATE KEY": decoded = block.decode(Self.decodePKCS8)
        case "RSA PRIVATE KEY": decoded = block.decode { d2i_PrivateKey(EVP_PKEY_RSA, nil, &$0, $1) }
        case "EC PRIVATE KEY": decoded = block.decode { d2i_PrivateKey(EVP_PKEY_EC, nil, &$0, $1) }
        case "ENCRYPTED PRIVATE KEY": throw CryptoError(.encryptedKey, "the PEM block is encrypted")
        default: throw CryptoError(.unsupportedKey, "not a PEM private key")
        }
        guard let decoded else { throw .fromOpenSSL(.invalidKey, "decoding a private key") }
        try self.init(handle: decoded)
    }

    /// The key as a `PRIVATE KEY` (PKCS#8) in PEM, not encrypted: protecting it is the caller's.
    ///
    /// - Throws: `CryptoError` with code `libraryFailure`.
    package func pem() throws(CryptoError) -> [UInt8] {
        try PEMWriter.write { PEM_write_bio_PKCS8PrivateKey($0, handle.pointer, nil, nil, 0, nil, nil) }
    }

    private init(handle: KeyHandle) throws(CryptoError) {
        self.handle = handle
        publicKey = try PublicKey(handle.publicParameters())
        try verifyConsistency()
    }

    /// Signs something and verifies it: a damaged key would give worthless signatures, and from a faulty RSA or EC
    /// signature the private key can be computed.
    private func verifyConsistency() throws(CryptoError) {
        let scheme: SignatureScheme =
            switch publicKey.parameters {
            case .rsa: .rsaPKCS1(.sha256)
            case .elliptic(let curve, _, _): .ecdsa(curve, .sha256)
            case .ed25519: .ed25519
            }
        let message = [UInt8]("pairwise consistency".utf8)
        let signature: [UInt8]
        do {
            signature = try Signer(key: self, scheme: scheme).sign(message)
        } catch {
            throw CryptoError(.invalidKey, "the private key cannot sign: \(error.detail)")
        }
        let verifier = try SignatureVerifier(key: publicKey, scheme: scheme)
        let isConsistent = signature.withUnsafeBytes { signature in
            message.withUnsafeBytes { verifier.isValid(signature: signature, message: $0) }
        }
        guard isConsistent else { throw CryptoError(.invalidKey, "the private key is not the public key's") }
    }

    private static func decodePKCS8(_ next: inout UnsafePointer<UInt8>?, _ byteCount: Int) -> OpaquePointer? {
        guard let info = d2i_PKCS8_PRIV_KEY_INFO(nil, &next, byteCount) else { return nil }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        return EVP_PKCS82PKEY(info)
    }
}
