import Revocation
import Testing

@Suite("Names in Redis")
struct RevocationKeysTests {
    private let keys = RevocationKeys(prefix: "p:")

    @Test("own names are the documented ones")
    func ownNames() {
        #expect(keys.tokenKey(jti: "a b") == "p:revoked:jti:a b")
        #expect(keys.sessionKey("s") == "p:revoked:sid:s")
        #expect(keys.subjectKey("alice") == "p:revoked:sub:alice")
        #expect(keys.clientKey("web") == "p:revoked:client:web")
        #expect(keys.keyKey(kid: "k1") == "p:revoked:kid:k1")
        #expect(keys.allKey == "p:revoked:all")
        #expect(keys.stream == "p:revocations")
        #expect(keys.epoch == "p:epoch")
    }

    @Test("an identifier of 128 bytes stays, one of 129 becomes its digest")
    func longIdentifiers() {
        let longest = String(repeating: "a", count: 128)
        #expect(keys.subjectKey(longest) == "p:revoked:sub:\(longest)")
        #expect(
            keys.subjectKey(longest + "a")
                == "p:revoked:sub:c12cb024a2e5551cca0e08fce8f1c5e314555cc3fef6329ee994a3db752166ae"
        )
    }

    @Test(
        "an identifier with a byte outside printable ASCII becomes its digest",
        arguments: [
            ("\n", "01ba4719c80b6fe911b091a7c05124b64eeece964e09c058ef8f9805daca546b"),
            ("é", "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"),
            ("\u{7F}", "620bfdaa346b088fb49998d92f19a7eaf6bfc2fb0aee015753966da1028cb731"),
        ]
    )
    func oddIdentifiers(identifier: String, digest: String) {
        #expect(keys.tokenKey(jti: identifier) == "p:revoked:jti:\(digest)")
    }

    @Test("another issuer's identifiers come behind 16 digits of its digest, and all behind none")
    func foreignNames() {
        let origin = TokenOrigin.foreign(issuer: "https://idp.example")
        #expect(keys.subjectKey("alice", origin: origin) == "p:revoked:sub:512a336b79b57eb3:alice")
        #expect(keys.key(of: .all, origin: origin) == "p:revoked:all")
        #expect(keys.sessionCutoffKey(of: .subject("alice"), origin: origin) == nil)
    }
}

@Suite("Strict decimals")
struct StrictDecimalTests {
    private func parse(_ text: String) -> Int64? {
        Array(text.utf8).withUnsafeBytes { StrictDecimal.parse($0) }
    }

    @Test("digits are read", arguments: [("0", 0), ("7", 7), ("1700000000000", 1_700_000_000_000)])
    func accepted(text: String, value: Int64) {
        #expect(parse(text) == value)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", " 1", "1 ", "+1", "-1", "01", "00", "1.0", "1e3", "0x1", "1\n", "１", "1000000000000000", "/", ":",
        ]
    )
    func refused(text: String) {
        #expect(parse(text) == nil)
    }
}

@Suite("Time-ordered identifiers")
struct TimeOrderedIDTests {
    @Test("twelve digits are the instant, all others are random")
    func form() {
        let text = "017f22e279b0-00112233445566778899aabbccddeeff"
        #expect(TimeOrderedID(text)?.milliseconds == 1_645_557_742_000)
        let randomness: [UInt8] = (0..<16).map { $0 * 0x11 }
        #expect(TimeOrderedID(milliseconds: 1_645_557_742_000, randomness: randomness).text == text)
    }

    @Test("what is made is read back")
    func roundTrip() {
        for milliseconds: Int64 in [0, 1, 999, 1_700_000_000_123, EpochMilliseconds.latest] {
            let made = TimeOrderedID(milliseconds: milliseconds, randomness: [UInt8](repeating: 0xFF, count: 16))
            #expect(TimeOrderedID(made.text) == made)
            #expect(made.milliseconds == milliseconds)
        }
    }

    @Test(
        "other text is refused",
        arguments: [
            "", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "017f22e279b000112233445566778899aabbccddeeff00",
            "017F22e279b0-00112233445566778899aabbccddeeff", "017f22e279b0_00112233445566778899aabbccddeeff",
            "017f22e279b0-00112233445566778899aabbccddeef", "017f22e279b0-00112233445566778899aabbccddeefg",
            "017f22e279b0-00112233445566778899aabbccddeeff\n",
        ]
    )
    func refused(text: String) {
        #expect(TimeOrderedID(text) == nil)
    }

    @Test("an instant counts only in a token of ours and in the second of iat")
    func issueInstant() {
        let identifier = TimeOrderedID(milliseconds: 1_700_000_000_123, randomness: []).text
        func instant(_ seconds: Int64, _ origin: TokenOrigin) -> Int64 {
            TimeOrderedID.issueInstant(tokenID: identifier, issuedAtSeconds: seconds, origin: origin)
        }
        #expect(instant(1_700_000_000, .own) == 1_700_000_000_123)
        #expect(instant(1_700_000_001, .own) == 1_700_000_001_000)
        #expect(instant(1_700_000_000, .foreign(issuer: "i")) == 1_700_000_000_000)
        #expect(instant(.max, .own) == EpochMilliseconds.latest)
        #expect(instant(.min, .own) == 0)
    }
}
