import LibCrypto
import Testing

@Suite("Ed25519")
struct Ed25519Tests {
    struct Example: Sendable {
        let seed: String
        let publicKey: String
        let message: String
        let signature: String
    }

    /// RFC 8032 section 7.1, tests 1 to 3.
    static let examples = [
        Example(
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            message: "",
            signature: """
                e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
                5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
                """),
        Example(
            seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            message: "72",
            signature: """
                92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
                085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
                """),
        Example(
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            message: "af82",
            signature: """
                6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
                18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
                """),
    ]

    @Test("the examples of RFC 8032 come out", arguments: examples)
    func knownAnswers(example: Example) throws {
        let pkcs8 = try [UInt8](hex: "302e020100300506032b657004220420" + example.seed)
        let key = try PrivateKey(pem: pem(label: "PRIVATE KEY", der: pkcs8))
        #expect(try key.publicKey.parameters == .ed25519([UInt8](hex: example.publicKey)))
        let (message, signature) = try ([UInt8](hex: example.message), [UInt8](hex: example.signature))
        let signer = try Signer(key: key, scheme: .ed25519)
        let publicKey = try PublicKey(.ed25519([UInt8](hex: example.publicKey)))
        let verifier = try SignatureVerifier(key: publicKey, scheme: .ed25519)
        for _ in 0..<3 {
            #expect(try signer.sign(message) == signature)
            #expect(verifier.isValid(signature, message))
            #expect(!verifier.isValid(signature, message + [0]))
        }
    }

    @Test("a signature whose s was raised by the order is refused")
    func malleability() throws {
        let example = Self.examples[1]
        let order = try [UInt8](hex: "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed")
        let signature = try [UInt8](hex: example.signature)
        var s = [UInt8](signature.suffix(32).reversed())
        var carry = 0
        for index in s.indices.reversed() {
            carry += Int(s[index]) + Int(order[index])
            s[index] = UInt8(carry & 0xff)
            carry >>= 8
        }
        let publicKey = try PublicKey(.ed25519([UInt8](hex: example.publicKey)))
        let verifier = try SignatureVerifier(key: publicKey, scheme: .ed25519)
        let message = try [UInt8](hex: example.message)
        #expect(!verifier.isValid(signature.prefix(32) + s.reversed(), message))
        #expect(verifier.isValid(signature, message))
    }

    /// 2^255 - 19, big-endian.
    static let prime: [UInt8] = [0x7f] + [UInt8](repeating: 0xff, count: 30) + [0xed]

    @Test("points of small order are refused as keys, with either sign")
    func smallOrder() throws {
        // The y of all eight, little-endian.
        let points = try [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        ].map { try [UInt8](hex: $0) }
        for point in points {
            for sign in [0x00, 0x80] as [UInt8] {
                var encoded = point
                encoded[31] |= sign
                let error = #expect(throws: CryptoError.self) { try PublicKey(.ed25519(encoded)) }
                #expect(error?.code == .unacceptableKey)
            }
        }
    }

    @Test("every y that is not below the prime is refused, with either sign", arguments: 0..<19)
    func notCanonical(excess: Int) {
        for sign in [0x00, 0x80] as [UInt8] {
            var encoded = [UInt8](Self.prime.adding(excess).reversed())
            encoded[31] |= sign
            let error = #expect(throws: CryptoError.self) { try PublicKey(.ed25519(encoded)) }
            #expect(error?.code == .invalidKey)
        }
    }

    @Test("of the small y those on the curve are taken and the others refused")
    func onCurve() throws {
        // Worked out by Euler's criterion, apart from this code.
        let onCurve: Set = [3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 19, 21, 23]
        for y in 2..<24 {
            let encoded = [UInt8(y)] + [UInt8](repeating: 0, count: 31)
            if onCurve.contains(y) {
                #expect(try PublicKey(.ed25519(encoded)).parameters == .ed25519(encoded))
            } else {
                let error = #expect(throws: CryptoError.self) { try PublicKey(.ed25519(encoded)) }
                #expect(error?.code == .invalidKey)
            }
        }
        let belowPrime = [UInt8](Self.prime.adding(-3).reversed())
        #expect(try PublicKey(.ed25519(belowPrime)).parameters == .ed25519(belowPrime))
    }

    @Test("keys of another length are refused", arguments: [0, 1, 31, 33, 57, 64])
    func wrongLength(count: Int) {
        let error = #expect(throws: CryptoError.self) {
            try PublicKey(.ed25519([UInt8](repeating: 9, count: count)))
        }
        #expect(error?.code == .invalidKey)
    }
}
