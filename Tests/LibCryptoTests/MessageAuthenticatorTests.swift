import LibCrypto
import Testing

@Suite("HMAC")
struct MessageAuthenticatorTests {
    struct Example: Sendable {
        let key: [UInt8]
        let message: [UInt8]
        let hash: HashFunction
        let code: String
    }

    /// RFC 4231, test cases 1, 2, 3 and 6.
    static let examples: [Example] = {
        let short = [UInt8](repeating: 0x0b, count: 20)
        let greeting = [UInt8]("Hi There".utf8)
        let jefe = [UInt8]("Jefe".utf8)
        let question = [UInt8]("what do ya want for nothing?".utf8)
        let long = [UInt8](repeating: 0xaa, count: 131)
        let hashedFirst = [UInt8]("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
        return [
            Example(
                key: short, message: greeting, hash: .sha256,
                code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            Example(
                key: short, message: greeting, hash: .sha384,
                code: """
                    afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c
                    faea9ea9076ede7f4af152e8b2fa9cb6
                    """),
            Example(
                key: short, message: greeting, hash: .sha512,
                code: """
                    87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde
                    daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854
                    """),
            Example(
                key: jefe, message: question, hash: .sha256,
                code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            Example(
                key: [UInt8](repeating: 0xaa, count: 20), message: [UInt8](repeating: 0xdd, count: 50), hash: .sha256,
                code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            Example(
                key: long, message: hashedFirst, hash: .sha256,
                code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
            Example(
                key: long, message: hashedFirst, hash: .sha384,
                code: """
                    4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6
                    0c2ef6ab4030fe8296248df163f44952
                    """),
            Example(
                key: long, message: hashedFirst, hash: .sha512,
                code: """
                    80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352
                    6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598
                    """),
        ]
    }()

    @Test("the examples of RFC 4231 come out, each time the authenticator is used", arguments: examples)
    func knownAnswers(example: Example) throws {
        let authenticator = try MessageAuthenticator(key: example.key, hash: example.hash)
        let expected = try [UInt8](hex: example.code)
        for _ in 0..<3 {
            #expect(try authenticator.code(for: example.message) == expected)
            #expect(authenticator.isValid(expected, example.message))
            #expect(try authenticator.code(for: [UInt8]("something between".utf8)) != expected)
        }
    }

    @Test("a key as long as a block is used as it is", arguments: [(HashFunction.sha256, 64), (.sha512, 128)])
    func blockLengthKey(hash: HashFunction, blockByteCount: Int) throws {
        let key = [UInt8](repeating: 0x42, count: blockByteCount)
        let direct = try MessageAuthenticator(key: key, hash: hash).code(for: [1])
        let padded = try MessageAuthenticator(key: key.dropLast(), hash: hash).code(for: [1])
        let longer = try MessageAuthenticator(key: key + [0x42], hash: hash).code(for: [1])
        let hashed = try MessageAuthenticator(key: Digest.hash(key + [0x42], with: hash), hash: hash).code(for: [1])
        let directHashed = try MessageAuthenticator(key: Digest.hash(key, with: hash), hash: hash).code(for: [1])
        #expect(direct != padded)
        #expect(direct != directHashed)
        #expect(direct != longer)
        #expect(longer == hashed)
    }

    @Test("any changed byte of code or message is refused", arguments: HashFunction.allCases)
    func tampering(hash: HashFunction) throws {
        let authenticator = try MessageAuthenticator(key: [1, 2, 3], hash: hash)
        let message = [UInt8](0..<100)
        let code = try authenticator.code(for: message)
        for index in code.indices {
            var changed = code
            changed[index] ^= 0x01
            #expect(!authenticator.isValid(changed, message))
        }
        for index in message.indices {
            var changed = message
            changed[index] ^= 0x80
            #expect(!authenticator.isValid(code, changed))
        }
        #expect(authenticator.isValid(code, message))
    }

    @Test("a code cut short or lengthened is refused", arguments: HashFunction.allCases)
    func wrongLength(hash: HashFunction) throws {
        let authenticator = try MessageAuthenticator(key: [1, 2, 3], hash: hash)
        let code = try authenticator.code(for: [])
        for length in 0..<code.count {
            #expect(!authenticator.isValid([UInt8](code.prefix(length)), []))
        }
        #expect(!authenticator.isValid(code + [0], []))
        #expect(authenticator.isValid(code, []))
    }

    @Test("an empty key is refused")
    func emptyKey() {
        #expect(throws: CryptoError.self) { try MessageAuthenticator(key: [], hash: .sha256) }
    }
}
