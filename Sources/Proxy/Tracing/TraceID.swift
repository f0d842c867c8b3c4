package import NIOCore

/// What all spans of one trace have in common: 128 bits, not all zero.
package struct TraceID: Sendable, Hashable {
    /// Its first half.
    package let high: UInt64
    /// Its second half.
    package let low: UInt64

    /// Takes one that there is already.
    ///
    /// - Returns: `nil` for the identifier that stands for none.
    package init?(high: UInt64, low: UInt64) {
        guard high | low != 0 else { return nil }
        self.high = high
        self.low = low
    }

    /// Makes a new one.
    package init(random: inout some RandomNumberGenerator) {
        high = max(random.next(), 1)
        low = random.next()
    }

    /// Appends its 32 hexadecimal digits.
    package func write(to buffer: inout ByteBuffer) {
        RequestID.writeHexadecimal(high, to: &buffer)
        RequestID.writeHexadecimal(low, to: &buffer)
    }
}
