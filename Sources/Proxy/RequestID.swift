package import NIOCore

/// What one request is called in logs, answers and at the upstream: the client's `X-Request-Id` when it is
/// well-formed, else 128 random bits in hexadecimal.
package struct RequestID: Sendable, Equatable {
    private var high: UInt64 = 0
    private var low: UInt64 = 0
    private var given: ByteBuffer?

    /// Makes one of random bits.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Takes over the client's own, if it is 1 to 128 characters of `A-Z a-z 0-9 . _ ~ + / = : -`.
    package init?(given value: UnsafeRawBufferPointer) {
        guard (1...128).contains(value.count), value.allSatisfy(Self.isAllowed) else { return nil }
        given = ByteBuffer(bytes: value)
    }

    /// Appends the identifier.
    package func write(to buffer: inout ByteBuffer) {
        if var given {
            buffer.writeBuffer(&given)
        } else {
            Self.writeHexadecimal(high, to: &buffer)
            Self.writeHexadecimal(low, to: &buffer)
        }
    }

    /// Appends the identifier to a line.
    func write(to line: inout LineWriter) {
        if let given {
            given.withUnsafeReadableBytes { line.write($0) }
        } else {
            Self.writeHexadecimal(high, to: &line)
            Self.writeHexadecimal(low, to: &line)
        }
    }

    /// The identifier as text.
    package var text: String {
        var buffer = ByteBuffer()
        write(to: &buffer)
        return String(buffer: buffer)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "-")...UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "+"),
            UInt8(ascii: "="):
            true
        default: false
        }
    }

    /// Sixteen digits as two integers: each nibble is spread into a byte and turned into its digit, all at once.
    static func writeHexadecimal(_ value: UInt64, to buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(
            digits(UInt32(truncatingIfNeeded: value >> 32)), digits(UInt32(truncatingIfNeeded: value)))
    }

    private static func writeHexadecimal(_ value: UInt64, to line: inout LineWriter) {
        line.write(bigEndian: digits(UInt32(truncatingIfNeeded: value >> 32)))
        line.write(bigEndian: digits(UInt32(truncatingIfNeeded: value)))
    }

    private static func digits(_ value: UInt32) -> UInt64 {
        var spread = UInt64(value)
        spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff
        spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff
        spread = (spread | spread << 4) & 0x0f0f_0f0f_0f0f_0f0f
        let aboveNine = ((spread &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        return spread &+ 0x3030_3030_3030_3030 &+ aboveNine &* 0x27
    }
}
