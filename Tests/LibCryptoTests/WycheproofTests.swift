import LibCrypto
import Testing

@Suite(
    "Wycheproof",
    .enabled(if: WycheproofVectors.isPresent, "NOT RUN: the vectors are absent, set PORTCULLIS_VECTORS"))
struct WycheproofTests {
    struct SignatureFile: Sendable, CustomTestStringConvertible {
        let name: String
        let scheme: SignatureScheme
        let caseCount: Int

        var testDescription: String { name }
    }

    static let signatureFiles: [SignatureFile] = [
        SignatureFile(name: "rsa_signature_2048_sha256_test.json", scheme: .rsaPKCS1(.sha256), caseCount: 259),
        SignatureFile(name: "rsa_signature_3072_sha384_test.json", scheme: .rsaPKCS1(.sha384), caseCount: 259),
        SignatureFile(name: "rsa_signature_4096_sha512_test.json", scheme: .rsaPKCS1(.sha512), caseCount: 259),
        SignatureFile(name: "rsa_pss_2048_sha256_mgf1_32_test.json", scheme: .rsaPSS(.sha256), caseCount: 108),
        SignatureFile(name: "rsa_pss_4096_sha512_mgf1_64_test.json", scheme: .rsaPSS(.sha512), caseCount: 179),
        SignatureFile(
            name: "ecdsa_secp256r1_sha256_p1363_test.json", scheme: .ecdsa(.p256, .sha256), caseCount: 262),
        SignatureFile(
            name: "ecdsa_secp384r1_sha384_p1363_test.json", scheme: .ecdsa(.p384, .sha384), caseCount: 280),
        SignatureFile(
            name: "ecdsa_secp521r1_sha512_p1363_test.json", scheme: .ecdsa(.p521, .sha512), caseCount: 318),
        SignatureFile(name: "ed25519_test.json", scheme: .ed25519, caseCount: 151),
    ]

    /// What the files leave open (`acceptable`), and how it is decided here.
    static let decisions: [String: (isAccepted: Bool, reason: String)] = [
        "MissingNull": (false, "RFC 8017 appendix A.2.4 has the NULL; encoding and comparing leaves no room")
    ]

    @Test("signatures are judged as the files say", arguments: signatureFiles)
    func signatures(file: SignatureFile) throws {
        var verifiers: [[UInt8]: SignatureVerifier] = [:]
        var count = 0
        for vector in try WycheproofVectors.cases(of: file.name) {
            let pem = try vector.publicKeyPEM
            let verifier = try verifiers[pem] ?? SignatureVerifier(key: PublicKey(pem: pem), scheme: file.scheme)
            verifiers[pem] = verifier
            let isValid = try verifier.isValid(vector.bytes("sig"), vector.bytes("msg"))
            #expect(try isValid == isExpected(vector), "case \(vector.identifier): \(vector.comment)")
            count += 1
        }
        #expect(count == file.caseCount)
    }

    @Test(
        "codes are judged as the files say, truncated ones always refused",
        arguments: [("hmac_sha256_test.json", HashFunction.sha256), ("hmac_sha512_test.json", .sha512)])
    func codes(file: String, hash: HashFunction) throws {
        var (full, truncated) = (0, 0)
        for vector in try WycheproofVectors.cases(of: file) {
            let authenticator = try MessageAuthenticator(key: vector.bytes("key"), hash: hash)
            let (message, tag) = try (vector.bytes("msg"), vector.bytes("tag"))
            let isExpected = try isExpected(vector)
            if try #require(vector.group["tagSize"] as? Int) == hash.digestByteCount * 8 {
                #expect(authenticator.isValid(tag, message) == isExpected, "case \(vector.identifier)")
                full += 1
            } else {
                #expect(!authenticator.isValid(tag, message), "case \(vector.identifier)")
                let matches = try authenticator.code(for: message).starts(with: tag)
                #expect(matches == isExpected, "case \(vector.identifier)")
                truncated += 1
            }
        }
        #expect(full == 87)
        #expect(truncated == 87)
    }

    private func isExpected(_ vector: WycheproofVectors.Case) throws -> Bool {
        switch vector.result {
        case "valid": return true
        case "invalid": return false
        default:
            let flags = try #require(vector.flags)
            return try #require(flags.compactMap { Self.decisions[$0] }.first).isAccepted
        }
    }
}
