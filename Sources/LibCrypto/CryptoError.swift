/// What went wrong in a cryptographic operation; equal when the codes are.
package struct CryptoError: Error, Sendable {
    /// The kind of failure.
    package enum Code: Sendable, Hashable, CaseIterable {
        /// The key is not well-formed: unparsable, not on its curve, inconsistent.
        case invalidKey
        /// The key is well-formed but too weak, or so large that using it would be an attack on us.
        case unacceptableKey
        /// The key is of a type or curve that is not supported.
        case unsupportedKey
        /// The key is protected by a passphrase, which is never asked for.
        case encryptedKey
        /// The key does not belong to the signature scheme.
        case keyDoesNotFitScheme
        /// A parameter is outside its documented bounds.
        case invalidParameter
        /// OpenSSL failed: out of memory, no entropy, or an algorithm missing from its configuration.
        case libraryFailure
    }

    package let code: Code
    /// What exactly was refused, or OpenSSL's own words; never key material.
    package let detail: String

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// An error that carries OpenSSL's queued reasons, which are removed from its queue.
    static func fromOpenSSL(_ code: Code, _ operation: String) -> CryptoError {
        let reasons = OpenSSLErrorQueue.drain()
        return CryptoError(code, reasons.isEmpty ? operation : "\(operation): \(reasons)")
    }

    /// Constant text for the code.
    package var message: String {
        switch code {
        case .invalidKey: "the key is not valid"
        case .unacceptableKey: "the key is too weak or too large"
        case .unsupportedKey: "the key type is not supported"
        case .encryptedKey: "the key is encrypted"
        case .keyDoesNotFitScheme: "the key does not fit the signature scheme"
        case .invalidParameter: "a parameter is out of bounds"
        case .libraryFailure: "the cryptographic library failed"
        }
    }
}

extension CryptoError: Equatable {
    package static func == (left: CryptoError, right: CryptoError) -> Bool {
        left.code == right.code
    }
}

extension CryptoError: CustomStringConvertible {
    package var description: String {
        "\(message) (\(detail))"
    }
}
