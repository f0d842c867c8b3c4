import COpenSSL
import Testing

@testable import LibCrypto

@Suite("Importing and exporting keys")
struct KeyImportTests {
    static let kinds: [KeyKind] = [
        .rsa(bits: 2048), .elliptic(.p256), .elliptic(.p384), .elliptic(.p521), .ed25519,
    ]

    @Test("a generated key survives PEM, and the copy signs for the original", arguments: kinds)
    func pemRoundTrip(kind: KeyKind) throws {
        let original = try PrivateKey.generate(kind)
        let text = try original.pem()
        #expect(text.starts(with: "-----BEGIN PRIVATE KEY-----\n".utf8))
        let copy = try PrivateKey(pem: text)
        #expect(copy.publicKey.parameters == original.publicKey.parameters)
        #expect(try copy.pem() == text)
        let publicText = try original.publicKey.pem()
        #expect(publicText.starts(with: "-----BEGIN PUBLIC KEY-----\n".utf8))
        let publicCopy = try PublicKey(pem: publicText)
        #expect(publicCopy.parameters == original.publicKey.parameters)
        let rebuilt = try PublicKey(publicCopy.parameters)
        #expect(try rebuilt.pem() == publicText)
        for scheme in SignatureScheme.all where scheme.accepts(rebuilt.parameters) {
            let signature = try Signer(key: copy, scheme: scheme).sign([7])
            #expect(try SignatureVerifier(key: rebuilt, scheme: scheme).isValid(signature, [7]))
        }
    }

    @Test("two generated keys differ", arguments: kinds)
    func generatedKeysDiffer(kind: KeyKind) throws {
        #expect(try PrivateKey.generate(kind).publicKey.parameters != PrivateKey.generate(kind).publicKey.parameters)
    }

    @Test("the older PEM forms of private keys are read", arguments: [KeyKind.rsa(bits: 2048), .elliptic(.p384)])
    func traditionalForms(kind: KeyKind) throws {
        let key = try PrivateKey.generate(kind)
        let text = try PEMWriter.write {
            PEM_write_bio_PrivateKey_traditional($0, key.handle.pointer, nil, nil, 0, nil, nil)
        }
        #expect(!text.starts(with: "-----BEGIN PRIVATE KEY-----".utf8))
        #expect(try PrivateKey(pem: text).publicKey.parameters == key.publicKey.parameters)
    }

    @Test("a curve block before an older key is skipped")
    func curveBlock() throws {
        #expect(try isEllipticP256(PrivateKey(pem: [UInt8](KeyFixtures.traditionalEC.utf8)).publicKey))
    }

    struct ForeignToken: Sendable {
        let publicKey: String
        let scheme: SignatureScheme
        let token: String
    }

    static let foreignTokens = [
        ForeignToken(
            publicKey: KeyFixtures.pythonP256PublicKey, scheme: .ecdsa(.p256, .sha256),
            token: KeyFixtures.pythonES256Token),
        ForeignToken(
            publicKey: KeyFixtures.pythonEd25519PublicKey, scheme: .ed25519, token: KeyFixtures.pythonEdDSAToken),
        ForeignToken(
            publicKey: KeyFixtures.pythonRSAPublicKey, scheme: .rsaPSS(.sha256), token: KeyFixtures.pythonPS256Token),
    ]

    @Test("a token signed by PyJWT verifies with the key it came with", arguments: foreignTokens)
    func foreignToken(example: ForeignToken) throws {
        let parts = example.token.split(separator: ".")
        let message = [UInt8]("\(parts[0]).\(parts[1])".utf8)
        let key = try PublicKey(pem: [UInt8](example.publicKey.utf8))
        let verifier = try SignatureVerifier(key: key, scheme: example.scheme)
        let signature = try [UInt8](base64URL: parts[2])
        #expect(verifier.isValid(signature, message))
        #expect(!verifier.isValid(signature, message.dropLast()))
    }

    @Test("private keys by Python's cryptography are read and belong to their public keys")
    func foreignPrivateKeys() throws {
        for (privateText, publicText) in [
            (KeyFixtures.pythonP256PrivateKey, KeyFixtures.pythonP256PublicKey),
            (KeyFixtures.pythonEd25519PrivateKey, KeyFixtures.pythonEd25519PublicKey),
        ] {
            let key = try PrivateKey(pem: [UInt8](privateText.utf8))
            #expect(try key.publicKey.parameters == PublicKey(pem: [UInt8](publicText.utf8)).parameters)
        }
    }

    @Test("keys of other types, curves and labels are not supported")
    func unsupported() throws {
        for text in [
            KeyFixtures.secp256k1PublicKey, KeyFixtures.x25519PublicKey, KeyFixtures.restrictedPSSPublicKey,
            KeyFixtures.explicitCurvePublicKey, KeyFixtures.pythonP256PrivateKey,
        ] {
            #expect(code { _ = try PublicKey(pem: [UInt8](text.utf8)) } == .unsupportedKey, "\(text)")
        }
        for text in [KeyFixtures.explicitCurvePrivateKey, KeyFixtures.pythonP256PublicKey] {
            #expect(code { _ = try PrivateKey(pem: [UInt8](text.utf8)) } == .unsupportedKey, "\(text)")
        }
    }

    @Test("a weak RSA key is refused, public and private")
    func weakRSA() throws {
        #expect(code { _ = try PublicKey(pem: [UInt8](KeyFixtures.rsa1024PublicKey.utf8)) } == .unacceptableKey)
        let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_rsa_keygen_bits(context, 1024) == 1,
            EVP_PKEY_generate(context, &key) == 1, let key
        else { throw TestFailure.openSSL }
        let weak = KeyHandle(adopting: key)
        let text = try PEMWriter.write { PEM_write_bio_PKCS8PrivateKey($0, weak.pointer, nil, nil, 0, nil, nil) }
        #expect(code { _ = try PrivateKey(pem: text) } == .unacceptableKey)
    }

    @Test("an encrypted key is refused and no passphrase asked for")
    func encrypted() {
        for text in [KeyFixtures.encryptedPKCS8, KeyFixtures.encryptedTraditionalEC] {
            #expect(code { _ = try PrivateKey(pem: [UInt8](text.utf8)) } == .encryptedKey)
        }
    }

    @Test("a second key in the file is refused, white space and a comment are not")
    func oneKeyPerFile() throws {
        let text = KeyFixtures.pythonP256PublicKey
        let key = try PublicKey(pem: [UInt8](text.utf8))
        for accepted in [
            text + "\n", text + "\r\n \n\t", "the gateway's key\n" + text, text.replacing("\n", with: "\r\n"),
        ] {
            #expect(try PublicKey(pem: [UInt8](accepted.utf8)).parameters == key.parameters)
        }
        for refused in [
            text + "\n" + text + "\n", text + "\nx", text + "\n\u{0}", text + "\n" + KeyFixtures.pythonP256PrivateKey,
        ] {
            #expect(code { _ = try PublicKey(pem: [UInt8](refused.utf8)) } == .invalidKey)
        }
        let privateText = KeyFixtures.pythonP256PrivateKey + "\n"
        #expect(code { _ = try PrivateKey(pem: [UInt8]((privateText + privateText).utf8)) } == .invalidKey)
    }

    @Test(
        "a PEM file cut at any byte is refused",
        arguments: [KeyFixtures.pythonP256PublicKey, KeyFixtures.pythonEd25519PublicKey])
    func truncatedPEM(text: String) {
        let bytes = [UInt8](text.utf8)
        for count in 0..<bytes.count {
            #expect(code { _ = try PublicKey(pem: [UInt8](bytes.prefix(count))) } != nil, "\(count) bytes")
        }
    }

    @Test("DER cut short, lengthened or with a changed bit is refused")
    func damagedDER() throws {
        let original = try PublicKey(pem: [UInt8](KeyFixtures.pythonP256PublicKey.utf8))
        let der = try [UInt8](
            base64URL: KeyFixtures.pythonP256PublicKey.split(separator: "\n").dropFirst().dropLast().joined())
        #expect(try PublicKey(pem: pem(label: "PUBLIC KEY", der: der)).parameters == original.parameters)
        for count in 0..<der.count {
            #expect(code { _ = try PublicKey(pem: pem(label: "PUBLIC KEY", der: [UInt8](der.prefix(count)))) } != nil)
        }
        #expect(code { _ = try PublicKey(pem: pem(label: "PUBLIC KEY", der: der + [0])) } == .invalidKey)
        for index in der.indices {
            var changed = der
            changed[index] ^= 0x01
            #expect(code { _ = try PublicKey(pem: pem(label: "PUBLIC KEY", der: changed)) } != nil, "byte \(index)")
        }
    }

    @Test("an oversized PEM file is refused")
    func oversized() {
        let text = String(repeating: "\n", count: PEMBlock.maximumByteCount) + KeyFixtures.pythonP256PublicKey
        #expect(code { _ = try PublicKey(pem: [UInt8](text.utf8)) } == .invalidKey)
    }

    @Test("a private key whose public half is another's is refused")
    func mismatchedHalves() throws {
        let body = KeyFixtures.pythonP256PrivateKey.split(separator: "\n").dropFirst().dropLast().joined()
        var der = try [UInt8](base64URL: body)
        let point = try TestKeys.key(for: .ecdsa(.p256, .sha256)).publicKey.parameters
        guard case .elliptic(_, let x, let y) = point else { throw TestFailure.openSSL }
        der.replaceSubrange((der.count - 64)..., with: x + y)
        #expect(code { _ = try PrivateKey(pem: pem(label: "PRIVATE KEY", der: der)) } == .invalidKey)
    }

    @Test("points off the curve, at infinity and of the wrong width are refused", arguments: EllipticCurve.allCases)
    func invalidPoints(curve: EllipticCurve) throws {
        let key = try PrivateKey.generate(.elliptic(curve)).publicKey
        guard case .elliptic(_, let x, let y) = key.parameters else { throw TestFailure.openSSL }
        let zero = [UInt8](repeating: 0, count: curve.coordinateByteCount)
        let ones = [UInt8](repeating: 0xff, count: curve.coordinateByteCount)
        for (badX, badY) in [
            (zero, zero), (x, zero), (zero, y), (ones, ones), (x, x), (x, y.adding(1)), (x.adding(1), y),
            ([UInt8](x.dropFirst()), y), (x, [UInt8](y.dropLast())), ([0] + x, y), (x, [0] + y), ([], []), (x + y, []),
            (x + y.prefix(1), [UInt8](y.dropFirst())),
        ] {
            #expect(code { _ = try PublicKey(.elliptic(curve, x: badX, y: badY)) } == .invalidKey)
        }
        #expect(try PublicKey(.elliptic(curve, x: x, y: y)).parameters == key.parameters)
        for other in EllipticCurve.allCases where other != curve {
            #expect(code { _ = try PublicKey(.elliptic(other, x: x, y: y)) } == .invalidKey)
        }
    }

    private func code(_ body: () throws -> Void) -> CryptoError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? CryptoError)?.code
        }
    }

    private func isEllipticP256(_ key: PublicKey) -> Bool {
        if case .elliptic(.p256, _, _) = key.parameters { true } else { false }
    }
}
