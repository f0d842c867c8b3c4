import LibCrypto

/// One key prepared for one algorithm.
///
/// Loop-bound, as what it holds is.
final class VerificationKey {
    private enum Method {
        case signature(SignatureVerifier)
        case authentication(MessageAuthenticator)
    }

    /// The only algorithm this is good for.
    let algorithm: SignatureAlgorithm
    /// `kid`, when the key has one.
    let keyID: String?
    /// `kid` as UTF-8: identifiers are equal by bytes, not by Unicode's canonical equivalence.
    let keyIDBytes: [UInt8]?
    private let method: Method

    /// Prepares `key` for `algorithm`, which it must fit.
    init(_ key: JSONWebKey, algorithm: SignatureAlgorithm) throws(JOSEError) {
        self.algorithm = algorithm
        keyID = key.keyID
        keyIDBytes = key.keyID.map { [UInt8]($0.utf8) }
        method = try Self.method(for: key.material, algorithm: algorithm)
    }

    /// Whether the signature is this key's over the message.
    func isValid(signature: UnsafeRawBufferPointer, message: UnsafeRawBufferPointer) -> Bool {
        switch method {
        case .signature(let verifier): verifier.isValid(signature: signature, message: message)
        case .authentication(let authenticator): authenticator.isValid(code: signature, message: message)
        }
    }

    private static func method(
        for material: JSONWebKey.Material, algorithm: SignatureAlgorithm
    ) throws(JOSEError) -> Method {
        do throws(CryptoError) {
            switch (material, algorithm.scheme, algorithm.authenticationHash) {
            case (.publicKey(let key), .some(let scheme), _):
                return .signature(try SignatureVerifier(key: key, scheme: scheme))
            case (.symmetric(let secret), _, .some(let hash)):
                return .authentication(try MessageAuthenticator(key: secret, hash: hash))
            default:
                break
            }
        } catch {
            throw JOSEError(.cryptography)
        }
        throw JOSEError(.algorithmMismatch)
    }
}
