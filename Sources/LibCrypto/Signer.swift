/// Signs with one key under one scheme.
///
/// Reusable; not for use by two threads at once.
package final class Signer {
    private enum Engine {
        case digest(DigestSigner)
        case ed25519(Ed25519Context)
    }

    private let engine: Engine

    /// Prepares the key.
    ///
    /// - Throws: `CryptoError`: `keyDoesNotFitScheme`, or `libraryFailure`.
    package init(key: PrivateKey, scheme: SignatureScheme) throws(CryptoError) {
        guard scheme.accepts(key.publicKey.parameters) else {
            throw CryptoError(.keyDoesNotFitScheme, "type or curve differ")
        }
        if let hash = scheme.hash {
            engine = .digest(try DigestSigner(key: key, scheme: scheme, hash: hash))
        } else {
            engine = .ed25519(try Ed25519Context(.sign, key: key.handle))
        }
    }

    /// Returns the signature of the message, in the form `SignatureVerifier` takes.
    ///
    /// - Throws: `CryptoError` with code `libraryFailure`.
    package func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        let signature = message.withUnsafeBytes { message in
            switch engine {
            case .digest(let signer): signer.sign(message)
            case .ed25519(let context): context.sign(message)
            }
        }
        guard let signature else { throw .fromOpenSSL(.libraryFailure, "signing") }
        OpenSSLErrorQueue.clear()
        return signature
    }
}
