import COpenSSL
import LibCrypto
import Testing

@Suite("OpenSSL's error queue")
struct ErrorQueueTests {
    @Test("refused signatures leave nothing behind", arguments: SignatureScheme.all)
    func afterVerification(scheme: SignatureScheme) throws {
        let key = try TestKeys.key(for: scheme)
        let signature = try Signer(key: key, scheme: scheme).sign([1])
        let verifier = try SignatureVerifier(key: key.publicKey, scheme: scheme)
        ERR_clear_error()
        for bad in [
            [], [0], [UInt8](repeating: 0, count: signature.count), [UInt8](repeating: 0x55, count: signature.count),
        ] {
            #expect(!verifier.isValid(bad, [1]))
            #expect(ERR_peek_error() == 0)
        }
        #expect(verifier.isValid(signature, [1]))
        #expect(ERR_peek_error() == 0)
    }

    @Test("refused keys leave nothing behind")
    func afterImport() throws {
        ERR_clear_error()
        let attempts: [() throws -> Void] = [
            { _ = try PublicKey(pem: []) },
            { _ = try PublicKey(pem: [UInt8]("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".utf8)) },
            { _ = try PublicKey(pem: [UInt8](KeyFixtures.secp256k1PublicKey.utf8)) },
            { _ = try PrivateKey(pem: [UInt8](KeyFixtures.encryptedPKCS8.utf8)) },
            { _ = try PrivateKey(pem: [UInt8](KeyFixtures.encryptedTraditionalEC.utf8)) },
            {
                _ = try PrivateKey(
                    pem: [UInt8]("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n".utf8))
            },
            {
                let ones = [UInt8](repeating: 1, count: 32)
                _ = try PublicKey(.elliptic(.p256, x: ones, y: ones))
            },
        ]
        for (index, attempt) in attempts.enumerated() {
            #expect(throws: CryptoError.self, "attempt \(index)") { try attempt() }
            #expect(ERR_peek_error() == 0, "attempt \(index)")
        }
    }

    @Test("OpenSSL's reason is in the error")
    func reason() throws {
        let ones = [UInt8](repeating: 1, count: 32)
        let error = #expect(throws: CryptoError.self) { try PublicKey(.elliptic(.p256, x: ones, y: ones)) }
        #expect(error?.detail.contains("point is not on curve") == true)
    }

    @Test("keys made and written leave nothing behind", arguments: [KeyKind.elliptic(.p256), .ed25519])
    func afterSuccess(kind: KeyKind) throws {
        ERR_clear_error()
        let key = try PrivateKey(pem: PrivateKey.generate(kind).pem())
        #expect(ERR_peek_error() == 0)
        _ = try PublicKey(pem: key.publicKey.pem())
        try CryptoLibrary.requireAlgorithms()
        #expect(ERR_peek_error() == 0)
    }
}
