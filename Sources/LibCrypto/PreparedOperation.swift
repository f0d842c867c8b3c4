import COpenSSL

/// An `EVP_PKEY_CTX` set up once to sign or verify digests under an RSA or ECDSA scheme, and then reused.
///
/// Not for use by two threads at once.
final class PreparedOperation {
    enum Purpose { case sign, verify }

    let context: OpaquePointer
    // The context holds its own reference; this one says so in Swift.
    private let key: KeyHandle

    /// - Throws: `CryptoError` with code `libraryFailure`.
    init(_ purpose: Purpose, key: KeyHandle, scheme: SignatureScheme) throws(CryptoError) {
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key.pointer, nil) else {
            throw .fromOpenSSL(.libraryFailure, "creating a key context")
        }
        self.context = context
        self.key = key
        let isStarted =
            switch purpose {
            case .sign: EVP_PKEY_sign_init(context)
            case .verify: EVP_PKEY_verify_init(context)
            }
        guard isStarted == 1, Self.configure(context, for: scheme) else {
            throw .fromOpenSSL(.libraryFailure, "preparing a key context")
        }
        OpenSSLErrorQueue.clear()
    }

    deinit {
        EVP_PKEY_CTX_free(context)
    }

    private static func configure(_ context: OpaquePointer, for scheme: SignatureScheme) -> Bool {
        switch scheme {
        case .rsaPKCS1(let hash):
            return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
                && EVP_PKEY_CTX_set_signature_md(context, hash.algorithm) == 1
        case .rsaPSS(let hash):
            // When verifying, too, this salt length means exactly the digest's: no other is taken.
            return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
                && EVP_PKEY_CTX_set_signature_md(context, hash.algorithm) == 1
                && EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash.algorithm) == 1
                && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1
        case .ecdsa(_, let hash):
            return EVP_PKEY_CTX_set_signature_md(context, hash.algorithm) == 1
        case .ed25519:
            return false
        }
    }
}
