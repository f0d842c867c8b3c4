/// A UUIDv7 (RFC 9562, section 5.7): its first 48 bits are the instant it was made.
///
/// Tokens of ours carry one as `jti`, so their issue instant is known to the millisecond though `iat` has seconds.
package struct TimeOrderedID: Sendable, Hashable {
    /// The instant in it, milliseconds since 1970.
    package let milliseconds: Int64
    /// The canonical text: lower case, 36 characters.
    package let text: String

    /// Makes one of an instant and randomness.
    /// - Parameters:
    ///   - milliseconds: the instant since 1970, held to what 48 bits can say.
    ///   - randomness: 10 random bytes; fewer count as zeros.
    package init(milliseconds: Int64, randomness: [UInt8]) {
        let instant = EpochMilliseconds.clamped(milliseconds)
        var bytes: [UInt8] = (0..<6).map { UInt8(truncatingIfNeeded: instant >> (40 - 8 * $0)) }
        bytes += (randomness + [UInt8](repeating: 0, count: 10)).prefix(10)
        bytes[6] = 0x70 | (bytes[6] & 0x0F)
        bytes[8] = 0x80 | (bytes[8] & 0x3F)
        let groups = [bytes[0..<4], bytes[4..<6], bytes[6..<8], bytes[8..<10], bytes[10..<16]]
        self.milliseconds = instant
        self.text = groups.map { Hexadecimal.encode($0) }.joined(separator: "-")
    }

    /// Reads one; `nil` for anything but the canonical text of a version 7, variant 2 UUID.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 36, bytes[14] == UInt8(ascii: "7") else { return nil }
        guard let variant = Hexadecimal.digit(bytes[19]), variant >> 2 == 0b10 else { return nil }
        var milliseconds: Int64 = 0
        for (index, byte) in bytes.enumerated() {
            if [8, 13, 18, 23].contains(index) {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = Hexadecimal.digit(byte) else { return nil }
            if index < 13 { milliseconds = milliseconds << 4 | Int64(digit) }
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
