/// A JSON number kept as it was written, so that nothing is rounded.
package struct JSONNumber: Sendable, Equatable {
    /// The number by the grammar of RFC 8259 section 6.
    package let text: String

    /// An integer.
    package init(_ value: Int64) {
        text = String(value)
    }

    /// A number the scanner has checked.
    init(checked bytes: UnsafeRawBufferPointer) {
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// The value when it is an integer of 64 bits written without fraction and exponent.
    package var int64: Int64? {
        Int64(text)
    }
}
