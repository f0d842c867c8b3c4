/// An identifier that begins with the instant it was made: 12 hexadecimal digits of milliseconds since 1970, a dash, and 128
/// random bits as 32 hexadecimal digits.
///
/// Tokens of ours carry one as `jti`, so their issue instant is known to the millisecond though `iat` has seconds. A UUIDv7
/// would have room for 74 random bits only.
package struct TimeOrderedID: Sendable, Hashable {
    /// How many random bytes there are in one.
    package static let randomByteCount = 16
    private static let instantDigitCount = 12
    private static let textByteCount = instantDigitCount + 1 + 2 * randomByteCount

    /// The instant in it, milliseconds since 1970.
    package let milliseconds: Int64
    /// The text: lower case, 45 characters.
    package let text: String

    /// Makes one of an instant and randomness.
    /// - Parameters:
    ///   - milliseconds: the instant since 1970, held to what 48 bits can say.
    ///   - randomness: ``randomByteCount`` random bytes; fewer count as zeros.
    package init(milliseconds: Int64, randomness: [UInt8]) {
        let instant = EpochMilliseconds.clamped(milliseconds)
        let bytes = (0..<6).map { UInt8(truncatingIfNeeded: instant >> (40 - 8 * $0)) }
        let padded = (randomness + [UInt8](repeating: 0, count: Self.randomByteCount)).prefix(Self.randomByteCount)
        self.milliseconds = instant
        self.text = "\(Hexadecimal.encode(bytes))-\(Hexadecimal.encode(padded))"
    }

    /// Reads one; `nil` for anything but its text.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.count == Self.textByteCount else { return nil }
        var milliseconds: Int64 = 0
        for (index, byte) in bytes.enumerated() {
            if index == Self.instantDigitCount {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Hexadecimal.digit(byte) else { return nil }
            if index < Self.instantDigitCount { milliseconds = milliseconds << 4 | Int64(digit) }
        }
        self.milliseconds = milliseconds
        self.text = text
    }

    /// The issue instant of a token, in milliseconds since 1970.
    ///
    /// A foreign token has only the start of its second, so a cut-off within that second refuses it.
    package static func issueInstant(tokenID: String, issuedAtSeconds: Int64, origin: TokenOrigin) -> Int64 {
        let second = EpochMilliseconds.ofSeconds(issuedAtSeconds)
        guard origin == .own, let identifier = TimeOrderedID(tokenID) else { return second }
        return identifier.milliseconds / 1000 == issuedAtSeconds ? identifier.milliseconds : second
    }
}
