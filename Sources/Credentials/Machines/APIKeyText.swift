/// An API key as its owner holds it: `pk_<id>_<secret><checksum>`, 54 characters.
///
/// The prefix lets scanners find leaked keys, the checksum tells a mistyped or made-up one without asking anybody: it is
/// no secret and proves nothing.
package struct APIKeyText: Sendable {
    /// How long every key is.
    package static let byteCount = 3 + APIKeyID.byteCount + 1 + secretByteCount + checksumByteCount
    /// 32 characters of 62 are 190 bits.
    static let secretByteCount = 32
    static let checksumByteCount = 6
    private static let prefix = Array("pk_".utf8)
    private static let secretStart = 3 + APIKeyID.byteCount + 1
    private static let checksumStart = secretStart + secretByteCount

    /// The public part.
    package let id: APIKeyID
    /// The secret part.
    let secret: [UInt8]

    /// Whether bytes begin as keys do, which tokens of this gateway's verifier never do.
    @inlinable
    package static func isLikely(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 3 && bytes[0] == UInt8(ascii: "p") && bytes[1] == UInt8(ascii: "k")
            && bytes[2] == UInt8(ascii: "_")
    }

    /// Reads a key; `nil` for anything that was not made as one: other lengths, characters or checksums.
    package init?(parsing bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount, Self.isLikely(bytes),
            bytes[Self.secretStart - 1] == UInt8(ascii: "_")
        else { return nil }
        let id = bytes[3..<Self.secretStart - 1]
        let rest = bytes[Self.secretStart...]
        guard id.allSatisfy(SecretText.isCharacter), rest.allSatisfy(SecretText.isCharacter),
            bytes[Self.checksumStart...].elementsEqual(Self.checksum(of: bytes[..<Self.checksumStart]))
        else { return nil }
        self.id = APIKeyID(characters: id)
        secret = Array(bytes[Self.secretStart..<Self.checksumStart])
    }

    private init(id: APIKeyID, secret: [UInt8]) {
        self.id = id
        self.secret = secret
    }

    /// Makes a key.
    ///
    /// - Throws: `hashingFailed` when there is no randomness.
    package static func generate() throws(CredentialError) -> APIKeyText {
        APIKeyText(
            id: APIKeyID(characters: try SecretText.random(APIKeyID.byteCount)),
            secret: try SecretText.random(secretByteCount))
    }

    /// The whole key: to be shown once and kept nowhere.
    package var exposed: String {
        let body = Self.prefix + Array(id.text.utf8) + [UInt8(ascii: "_")] + secret
        return String(decoding: body + Self.checksum(of: body), as: UTF8.self)
    }

    /// The hash to be stored, or to be compared with the stored one.
    ///
    /// - Throws: `hashingFailed`.
    package func hash(by hasher: SecretHasher) throws(CredentialError) -> SecretHash {
        try hasher.hash(secret, of: id.text, for: .apiKey)
    }

    /// CRC-32 (ISO 3309) in six digits of base 62.
    static func checksum(of bytes: some Sequence<UInt8>) -> [UInt8] {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        var rest = ~sum
        var digits = [UInt8](repeating: 0, count: checksumByteCount)
        for index in digits.indices.reversed() {
            digits[index] = SecretText.alphabet[Int(rest % 62)]
            rest /= 62
        }
        return digits
    }
}
