import COpenSSL

/// The OpenSSL this process runs on.
package enum CryptoLibrary {
    /// OpenSSL's version text, for diagnostics.
    package static var version: String {
        String(cString: OpenSSL_version(OPENSSL_VERSION))
    }

    /// Checks that every algorithm needed can be had, so that a crippled OpenSSL configuration stops the start with
    /// a message and not the first request.
    ///
    /// - Throws: `CryptoError` with code `libraryFailure`.
    package static func requireAlgorithms() throws(CryptoError) {
        for hash in HashFunction.allCases where hash.algorithm == nil {
            throw .fromOpenSSL(.libraryFailure, "fetching \(hash)")
        }
        for name in ["RSA", "EC", "ED25519"] {
            guard let context = EVP_PKEY_CTX_new_from_name(nil, name, nil) else {
                throw .fromOpenSSL(.libraryFailure, "fetching \(name)")
            }
            EVP_PKEY_CTX_free(context)
        }
        guard let scrypt = EVP_KDF_fetch(nil, "SCRYPT", nil) else {
            throw .fromOpenSSL(.libraryFailure, "fetching scrypt")
        }
        EVP_KDF_free(scrypt)
        OpenSSLErrorQueue.clear()
    }
}
