package import LibCrypto
import Synchronization

/// Signs tokens (RFC 7515 section 7.1), such as access tokens (RFC 9068).
///
/// For the control plane: may be shared.
package final class TokenSigner: Sendable {
    private enum Method {
        case signature(Signer)
        case authentication(MessageAuthenticator)

        func make(over message: [UInt8]) throws(CryptoError) -> [UInt8] {
            switch self {
            case .signature(let signer):
                return try signer.sign(message)
            case .authentication(let authenticator):
                let code = message.withUnsafeBytes { bytes in
                    Result { () throws(CryptoError) in try authenticator.code(for: bytes) }
                }
                return try code.get()
            }
        }
    }

    /// The algorithm of the signatures.
    package let algorithm: SignatureAlgorithm
    /// The `kid` in the headers.
    package let keyID: String
    // Contexts are for one user at a time; making a signature takes microseconds, so waiting costs less than contexts.
    private let method: Mutex<Method>
    /// The encoded header of access tokens, which is the same in each.
    private let accessTokenHeader: String
    private static let accessTokenType = "at+jwt"

    /// A signer with a key pair.
    ///
    /// - Parameters:
    ///   - key: the key pair.
    ///   - keyID: its `kid`, by convention the thumbprint.
    ///   - algorithm: an algorithm the key fits.
    /// - Throws: `JOSEError` with `unusableKey`, `algorithmMismatch` or `cryptography`.
    package init(key: PrivateKey, keyID: String, algorithm: SignatureAlgorithm) throws(JOSEError) {
        try Self.check(.publicKey(key.publicKey), keyID, algorithm)
        guard let scheme = algorithm.scheme else { throw JOSEError(.algorithmMismatch) }
        do throws(CryptoError) {
            method = Mutex(.signature(try Signer(key: key, scheme: scheme)))
        } catch {
            throw JOSEError(.cryptography)
        }
        self.algorithm = algorithm
        self.keyID = keyID
        accessTokenHeader = Self.header(Self.accessTokenType, keyID, algorithm)
    }

    /// A signer with a secret (HMAC).
    ///
    /// - Parameters:
    ///   - secret: at least as long as the hash.
    ///   - keyID: its `kid`; not a digest of the secret.
    ///   - algorithm: an HMAC algorithm.
    /// - Throws: `JOSEError` with `unusableKey`, `algorithmMismatch` or `cryptography`.
    package init(secret: [UInt8], keyID: String, algorithm: SignatureAlgorithm) throws(JOSEError) {
        try Self.check(.symmetric(secret), keyID, algorithm)
        guard let hash = algorithm.authenticationHash else { throw JOSEError(.algorithmMismatch) }
        do throws(CryptoError) {
            method = Mutex(.authentication(try MessageAuthenticator(key: secret, hash: hash)))
        } catch {
            throw JOSEError(.cryptography)
        }
        self.algorithm = algorithm
        self.keyID = keyID
        accessTokenHeader = Self.header(Self.accessTokenType, keyID, algorithm)
    }

    /// Signs claims.
    ///
    /// Equal claims give equal signing input: members keep the order they are given in.
    ///
    /// - Parameters:
    ///   - type: `typ`, `at+jwt` for access tokens.
    ///   - claims: the claims in order, each name once.
    /// - Returns: the compact serialization.
    /// - Throws: `JOSEError` with `duplicateClaim` or `cryptography`.
    package func sign(type: String, claims: [(String, JSONValue)]) throws(JOSEError) -> String {
        // A token has a dozen claims: comparing them all is cheaper than a set of their names.
        for (index, claim) in claims.enumerated() {
            let isKnown = claims[..<index].contains { $0.0.utf8.elementsEqual(claim.0.utf8) }
            guard !isKnown else { throw JOSEError(.duplicateClaim) }
        }
        let header = type == Self.accessTokenType ? accessTokenHeader : Self.header(type, keyID, algorithm)
        let signingInput = header + "." + Base64URL.encode(JSONWriter.bytes(of: .object(claims)))
        let signature = try signature(over: [UInt8](signingInput.utf8))
        return signingInput + "." + Base64URL.encode(signature)
    }

    private func signature(over message: [UInt8]) throws(JOSEError) -> [UInt8] {
        do throws(CryptoError) {
            return try method.withLock { method throws(CryptoError) in try method.make(over: message) }
        } catch {
            throw JOSEError(.cryptography)
        }
    }

    private static func header(_ type: String, _ keyID: String, _ algorithm: SignatureAlgorithm) -> String {
        let header = JSONValue.object([
            ("alg", .string(algorithm.rawValue)), ("typ", .string(type)), ("kid", .string(keyID)),
        ])
        return Base64URL.encode(JSONWriter.bytes(of: header))
    }

    private static func check(
        _ material: JSONWebKey.Material, _ keyID: String, _ algorithm: SignatureAlgorithm
    ) throws(JOSEError) {
        do throws(KeyRefusal) {
            _ = try JSONWebKey(material: material, keyID: keyID, algorithm: algorithm)
        } catch {
            throw JOSEError(error == .algorithmMismatch ? .algorithmMismatch : .unusableKey, refusal: error)
        }
    }
}
