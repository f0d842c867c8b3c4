import NIOCore
import RedisClient

/// A command that is encoded once; only the digits of the client's key in it change.
struct CommandTemplate {
    private static let placeholder = String(repeating: "@", count: 32)

    private var buffer: ByteBuffer
    private let offset: Int

    /// Encodes the command; `nil` when it cannot be encoded.
    ///
    /// - Parameters:
    ///   - front: its arguments before the key's name.
    ///   - keyPrefix: what the key's name begins with; without `@`.
    ///   - back: its arguments after it.
    init?(_ front: [String], keyPrefix: String, _ back: [String]) {
        buffer = RedisCommand.encode(front + [keyPrefix + Self.placeholder] + back)
        let view = buffer.readableBytesView
        let placeholder = Array(Self.placeholder.utf8)
        guard let range = view.firstRange(of: placeholder) else { return nil }
        offset = range.lowerBound
    }

    /// The command for one client: 32 digits of lower-case hexadecimal.
    ///
    /// Nothing is allocated as long as nobody keeps the result.
    mutating func command(for key: UInt128) -> ByteBuffer {
        for word in 0..<4 {
            let part = UInt32(truncatingIfNeeded: key >> UInt128(96 &- 32 &* word))
            buffer.setInteger(Self.digits(part), at: offset &+ 8 &* word)
        }
        return buffer
    }

    /// Eight digits, as the bytes of a big-endian number.
    static func digits(_ value: UInt32) -> UInt64 {
        // Spreads the half-bytes over eight bytes, then turns each into its digit, all at once.
        var bytes = UInt64(value)
        bytes = (bytes | bytes << 16) & 0x0000_FFFF_0000_FFFF
        bytes = (bytes | bytes << 8) & 0x00FF_00FF_00FF_00FF
        bytes = (bytes | bytes << 4) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = ((bytes &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        return bytes &+ 0x3030_3030_3030_3030 &+ letters &* 39
    }
}
