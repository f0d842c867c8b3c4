/// Character classes of HTTP's grammar as bit masks, so that a test is two instructions and touches no memory.
package enum CharacterSet {
    /// Tells whether a byte is a `tchar` (RFC 9110 section 5.6.2).
    @inline(__always)
    package static func isToken(_ byte: UInt8) -> Bool {
        contains(byte, low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe)
    }

    /// Tells whether a byte may stand in a request-target.
    ///
    /// Visible ASCII without `#` (a fragment is never sent) and `\` (which some backends take for a slash).
    /// The other characters outside RFC 3986 are let through, because browsers send them unescaped.
    @inline(__always)
    package static func isTarget(_ byte: UInt8) -> Bool {
        contains(byte, low: 0xffff_fff6_0000_0000, high: 0x7fff_ffff_efff_ffff)
    }

    /// Tells whether a byte may stand in a host name (`unreserved` or `sub-delims` of RFC 3986), the comma excepted.
    @inline(__always)
    package static func isHostName(_ byte: UInt8) -> Bool {
        contains(byte, low: 0x2bff_6fd2_0000_0000, high: 0x47ff_fffe_87ff_fffe)
    }

    /// The value of a hexadecimal digit, or `nil`.
    @inline(__always)
    package static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
        default: nil
        }
    }

    /// Tells whether a byte is an ASCII digit.
    @inline(__always)
    package static func isDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10
    }

    @inline(__always)
    private static func contains(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        guard byte < 128 else { return false }
        let mask = byte < 64 ? low : high
        return (mask &>> UInt64(byte & 63)) & 1 == 1
    }
}
