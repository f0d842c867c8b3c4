import COpenSSL
import Testing

@testable import LibCrypto

@Suite("RSA")
struct RSATests {
    @Test("the modulus must have 2048 to 16384 bits")
    func modulusSize() throws {
        for (bits, isAccepted) in [
            (1024, false), (2040, false), (2047, false), (2048, true), (2049, true),
            (4096, true), (16384, true), (16385, false), (65536, false),
        ] {
            let parameters = KeyParameters.rsa(modulus: oddNumber(bits: bits), exponent: [1, 0, 1])
            if isAccepted {
                #expect(try PublicKey(parameters).parameters == parameters)
            } else {
                let error = #expect(throws: CryptoError.self, "\(bits) bits") { try PublicKey(parameters) }
                #expect(error?.code == .unacceptableKey)
            }
        }
    }

    @Test("the exponent must be odd, at least 3 and of at most 33 bits")
    func exponents() throws {
        let modulus = oddNumber(bits: 2048)
        for exponent in [[3], [1, 0, 1], [0xff, 0xff, 0xff, 0xff], [1, 0, 0, 0, 1]] as [[UInt8]] {
            #expect(try PublicKey(.rsa(modulus: modulus, exponent: exponent)).parameters.isRSA)
        }
        let refused: [[UInt8]] = [
            [], [0], [1], [2], [1, 0, 0], [0, 3], [0, 1, 0, 1], [2, 0, 0, 0, 1],
            [1] + [UInt8](repeating: 0xff, count: 255),
        ]
        for exponent in refused {
            #expect(throws: CryptoError.self, "\(exponent)") {
                try PublicKey(.rsa(modulus: modulus, exponent: exponent))
            }
        }
    }

    @Test("an even modulus, an empty one and one with a leading zero are refused")
    func malformedModulus() {
        var even = oddNumber(bits: 2048)
        even[255] = 0xfe
        for modulus in [even, [], [0], [0] + oddNumber(bits: 2048)] {
            let error = #expect(throws: CryptoError.self) {
                try PublicKey(.rsa(modulus: modulus, exponent: [1, 0, 1]))
            }
            #expect(error?.code == .invalidKey)
        }
    }

    @Test("a PSS salt of any length but the digest's is refused", arguments: [0, 1, 20, 31, 33, 48, 64, 222])
    func saltLength(saltByteCount: Int) throws {
        let key = try TestKeys.key(for: .rsaPSS(.sha256))
        let message = [UInt8]("salt".utf8)
        let verifier = try SignatureVerifier(key: key.publicKey, scheme: .rsaPSS(.sha256))
        #expect(try !verifier.isValid(signPSS(key, message, saltByteCount: saltByteCount, mask: .sha256), message))
        #expect(try verifier.isValid(signPSS(key, message, saltByteCount: 32, mask: .sha256), message))
    }

    @Test("a PSS mask by another hash function is refused", arguments: [HashFunction.sha384, .sha512])
    func maskFunction(mask: HashFunction) throws {
        let key = try TestKeys.key(for: .rsaPSS(.sha256))
        let message = [UInt8]("mask".utf8)
        let verifier = try SignatureVerifier(key: key.publicKey, scheme: .rsaPSS(.sha256))
        #expect(try !verifier.isValid(signPSS(key, message, saltByteCount: 32, mask: mask), message))
    }

    @Test("a signature not below the modulus is refused, also when equal modulo it")
    func signatureAboveModulus() throws {
        let key = try TestKeys.key(for: .rsaPKCS1(.sha256))
        guard case .rsa(let modulus, _) = key.publicKey.parameters else { return #expect(Bool(false)) }
        let verifier = try SignatureVerifier(key: key.publicKey, scheme: .rsaPKCS1(.sha256))
        let signer = try Signer(key: key, scheme: .rsaPKCS1(.sha256))
        var tried = 0
        for index in 0..<64 {
            let message = [UInt8(index)]
            let signature = try signer.sign(message)
            var carry = 0
            var sum = signature
            for position in sum.indices.reversed() {
                carry += Int(sum[position]) + Int(modulus[position])
                sum[position] = UInt8(carry & 0xff)
                carry >>= 8
            }
            // Only sums that still fit the width say anything.
            guard carry == 0 else { continue }
            tried += 1
            #expect(!verifier.isValid(sum, message))
            #expect(verifier.isValid(signature, message))
        }
        #expect(tried > 0 || modulus[0] >= 0xf0)
        #expect(!verifier.isValid(modulus, [1]))
    }

    @Test(
        "sizes that would be weak or take minutes are not generated", arguments: [0, 512, 1024, 2047, 2052, 8200, -1])
    func generationBounds(bits: Int) {
        let error = #expect(throws: CryptoError.self) { try PrivateKey.generate(.rsa(bits: bits)) }
        #expect(error?.code == .invalidParameter)
    }

    /// Not a product of two primes, which nobody can see from outside.
    private func oddNumber(bits: Int) -> [UInt8] {
        let (whole, rest) = bits.quotientAndRemainder(dividingBy: 8)
        let head: [UInt8] = rest == 0 ? [] : [UInt8(1 << (rest - 1))]
        var number = head + [UInt8](repeating: 0xb7, count: whole)
        number[number.count - 1] |= 1
        return number
    }

    /// Signs as no conforming signer would.
    private func signPSS(
        _ key: PrivateKey,
        _ message: [UInt8],
        saltByteCount: Int,
        mask: HashFunction
    ) throws -> [UInt8] {
        let digest = Digest.hash(message, with: .sha256)
        let context = EVP_PKEY_CTX_new_from_pkey(nil, key.handle.pointer, nil)
        defer { EVP_PKEY_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 256)
        var count = signature.count
        guard EVP_PKEY_sign_init(context) == 1,
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1,
            EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1,
            EVP_PKEY_CTX_set_rsa_mgf1_md(context, mask.algorithm) == 1,
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, Int32(saltByteCount)) == 1,
            EVP_PKEY_sign(context, &signature, &count, digest, digest.count) == 1
        else { throw TestFailure.openSSL }
        return signature
    }
}

extension KeyParameters {
    fileprivate var isRSA: Bool {
        if case .rsa = self { true } else { false }
    }
}
