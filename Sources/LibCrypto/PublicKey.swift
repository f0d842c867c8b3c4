import COpenSSL

/// A validated public key: whoever holds one need not check it again.
package final class PublicKey: Sendable {
    /// The key's numbers.
    package let parameters: KeyParameters
    let handle: KeyHandle

    /// Makes a key out of raw numbers.
    ///
    /// - Throws: `CryptoError`: `invalidKey` (wrong widths, leading zeros, point not on the curve, not canonical),
    ///   `unacceptableKey` (RSA outside `RSAKeyLimits`, Ed25519 point of small order).
    package init(_ parameters: KeyParameters) throws(CryptoError) {
        // OpenSSL may leave remarks even when it succeeds.
        defer { OpenSSLErrorQueue.clear() }
        try parameters.validate()
        self.parameters = parameters
        handle = try KeyHandle(publicKey: parameters)
    }

    /// Reads a `PUBLIC KEY` (SubjectPublicKeyInfo) from PEM (RFC 7468 section 13).
    ///
    /// - Throws: `CryptoError`: `unsupportedKey` for other types, curves and labels, else as `init(_:)`.
    package convenience init(pem: [UInt8]) throws(CryptoError) {
        defer { OpenSSLErrorQueue.clear() }
        let block = try PEMBlock(only: pem)
        guard block.label == "PUBLIC KEY" else { throw CryptoError(.unsupportedKey, "not a PEM public key") }
        guard let decoded = block.decode({ d2i_PUBKEY(nil, &$0, $1) }) else {
            throw .fromOpenSSL(.invalidKey, "decoding a public key")
        }
        // Rebuilt from its numbers, so that there is one kind of key and one place that judges it.
        try self.init(decoded.publicParameters())
    }

    /// The key as a `PUBLIC KEY` in PEM.
    ///
    /// - Throws: `CryptoError` with code `libraryFailure`.
    package func pem() throws(CryptoError) -> [UInt8] {
        try PEMWriter.write { PEM_write_bio_PUBKEY($0, handle.pointer) }
    }
}
