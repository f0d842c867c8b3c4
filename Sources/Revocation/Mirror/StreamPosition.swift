/// The id of a stream's entry: when it was written by the clock of Redis, and its number within that millisecond.
package struct StreamPosition: Sendable, Hashable, Comparable {
    /// Milliseconds since 1970.
    package let milliseconds: UInt64
    /// The number.
    package let sequence: UInt64

    /// The position before every entry.
    package static let start = StreamPosition(milliseconds: 0, sequence: 0)

    /// Makes one of its parts.
    package init(milliseconds: UInt64, sequence: UInt64) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// Reads `milliseconds-sequence`; `nil` for anything else.
    package init?(_ text: some Collection<UInt8>) {
        guard let dash = text.firstIndex(of: UInt8(ascii: "-")) else { return nil }
        guard let milliseconds = Self.number(text[..<dash]), let sequence = Self.number(text[dash...].dropFirst())
        else { return nil }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    /// As Redis writes it.
    package var text: String { "\(milliseconds)-\(sequence)" }

    /// The earlier one is less.
    package static func < (left: StreamPosition, right: StreamPosition) -> Bool {
        (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
    }

    private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        guard (1...20).contains(digits.count) else { return nil }
        var number: UInt64 = 0
        for byte in digits {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (product, first) = number.multipliedReportingOverflow(by: 10)
            let (sum, second) = product.addingReportingOverflow(UInt64(digit))
            guard !first, !second else { return nil }
            number = sum
        }
        return number
    }
}
