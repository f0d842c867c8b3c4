/// A bcrypt hash from another system: `$2a$`, `$2b$` or `$2y$`, the cost, 22 characters of salt and 31 of hash.
///
/// Such hashes are imported and checked, never made: a successful sign-in replaces one by scrypt.
package struct BcryptHash: Sendable, Hashable {
    /// The costs that are accepted; 14 takes about a second of one core, and each step more doubles it.
    package static let costs = 4...14

    /// bcrypt looks at no more bytes of a password than these.
    package static let maximumPasswordByteCount = 72

    /// How much of the text is the setting: everything but the hash itself.
    static let settingByteCount = 29

    /// How long the text is.
    static let textByteCount = 60

    /// The base-2 logarithm of the number of rounds.
    package let cost: Int

    /// The hash in its usual form, 60 bytes of ASCII.
    let text: [UInt8]

    /// Reads a bcrypt hash; one with unused bits set is refused, for bcrypt itself would never give it back.
    ///
    /// - Parameter text: The hash in its usual form.
    /// - Throws: `invalidPasswordHash`.
    init(parsing text: String.UTF8View) throws(CredentialError) {
        let bytes = Array(text.prefix(Self.textByteCount + 1))
        guard bytes.count == Self.textByteCount,
            bytes[0] == UInt8(ascii: "$"), bytes[1] == UInt8(ascii: "2"),
            [UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "y")].contains(bytes[2]),
            bytes[3] == UInt8(ascii: "$"), bytes[6] == UInt8(ascii: "$"),
            let tens = Self.digit(bytes[4]), let ones = Self.digit(bytes[5])
        else { throw CredentialError(.invalidPasswordHash, detail: "not a bcrypt hash") }
        guard Self.costs.contains(tens * 10 + ones) else {
            throw CredentialError(.invalidPasswordHash, detail: "bcrypt cost out of bounds")
        }
        // 16 bytes in 22 characters leave four bits unused, 23 bytes in 31 characters two.
        guard bytes[7...].allSatisfy({ Self.value(of: $0) != nil }),
            let lastOfSalt = Self.value(of: bytes[28]), lastOfSalt & 0b1111 == 0,
            let lastOfHash = Self.value(of: bytes[59]), lastOfHash & 0b11 == 0
        else { throw CredentialError(.invalidPasswordHash, detail: "salt or hash is not bcrypt's base64") }
        self.cost = tens * 10 + ones
        self.text = bytes
    }

    /// Version, cost and salt: what bcrypt needs to compute the hash again.
    var setting: [UInt8] { Array(text.prefix(Self.settingByteCount)) }

    private static func digit(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
    }

    /// The value of a character in bcrypt's alphabet: `./A-Za-z0-9`.
    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "."): 0
        case UInt8(ascii: "/"): 1
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A") + 2
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 28
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 54
        default: nil
        }
    }
}
