package import NIOCore

/// What one span is called within its trace: 64 bits, not all zero.
package struct SpanID: Sendable, Hashable {
    /// The bits.
    package let bits: UInt64

    /// Takes one that there is already.
    ///
    /// - Returns: `nil` for the identifier that stands for none.
    package init?(bits: UInt64) {
        guard bits != 0 else { return nil }
        self.bits = bits
    }

    /// Makes a new one of the system's random bits.
    package static func random() -> SpanID { SpanID(nonZero: .random(in: 1...UInt64.max)) }

    private init(nonZero bits: UInt64) {
        self.bits = bits
    }

    /// Makes a new one.
    package init(random: inout some RandomNumberGenerator) {
        bits = max(random.next(), 1)
    }

    /// Appends its 16 hexadecimal digits.
    package func write(to buffer: inout ByteBuffer) {
        RequestID.writeHexadecimal(bits, to: &buffer)
    }
}
