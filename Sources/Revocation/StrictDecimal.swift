/// The one way an instant is written in Redis: decimal digits, no sign, no leading zero, at most 15 digits.
package enum StrictDecimal {
    /// Digits that every reader of the value, Lua among them, holds exactly.
    package static let maximumDigits = 15

    /// The number, or `nil` for anything but the strict form.
    package static func parse(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard let first = bytes.first, bytes.count <= maximumDigits else { return nil }
        if first == UInt8(ascii: "0") { return bytes.count == 1 ? 0 : nil }
        var value: Int64 = 0
        for byte in bytes {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value * 10 + Int64(digit)
        }
        return value
    }
}
