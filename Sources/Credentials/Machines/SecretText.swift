import LibCrypto

/// Random text for secrets: the 62 letters and digits, so that it survives every shell, form and header unquoted.
enum SecretText {
    static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    static func isCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    /// Characters of equal probability: bytes that would favour some are thrown away.
    ///
    /// - Throws: `hashingFailed` when there is no randomness.
    static func random(
        _ count: Int, randomBytes: (Int) throws(CredentialError) -> [UInt8] = PasswordHasher.systemRandomBytes
    ) throws(CredentialError) -> [UInt8] {
        var text: [UInt8] = []
        while text.count < count {
            for byte in try randomBytes(count) where byte < 248 && text.count < count {
                text.append(alphabet[Int(byte % 62)])
            }
        }
        return text
    }
}
