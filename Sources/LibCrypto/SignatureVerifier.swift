/// Verifies signatures of one key under one scheme.
///
/// Reusable, with everything that does not depend on the message prepared once; not for use by two threads at once.
package final class SignatureVerifier {
    private enum Engine {
        case digest(DigestVerifier)
        case ed25519(Ed25519Context)
    }

    private let engine: Engine

    /// Prepares the key.
    ///
    /// - Throws: `CryptoError`: `keyDoesNotFitScheme`, or `libraryFailure`.
    package init(key: PublicKey, scheme: SignatureScheme) throws(CryptoError) {
        guard scheme.accepts(key.parameters) else {
            throw CryptoError(.keyDoesNotFitScheme, "type or curve differ")
        }
        if let hash = scheme.hash {
            engine = .digest(try DigestVerifier(key: key, scheme: scheme, hash: hash))
        } else {
            engine = .ed25519(try Ed25519Context(.verify, key: key.handle))
        }
    }

    /// Whether the signature is the key's on this message.
    ///
    /// An ECDSA signature is r || s, each half as wide as the curve's field; an RSA signature is as wide as the modulus.
    /// Any doubt, also a failure of OpenSSL, is a no.
    package func isValid(signature: UnsafeRawBufferPointer, message: UnsafeRawBufferPointer) -> Bool {
        let isValid =
            switch engine {
            case .digest(let verifier): verifier.isValid(signature: signature, message: message)
            case .ed25519(let context): context.isValid(signature: signature, message: message)
            }
        OpenSSLErrorQueue.clear()
        return isValid
    }
}
