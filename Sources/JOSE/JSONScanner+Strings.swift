/// Strings: escapes, surrogate pairs and UTF-8.
extension JSONScanner {
    /// Reads a string whose opening quote is at `position`.
    mutating func scanString() throws(JSONError) -> JSONStringSlice {
        position += 1
        let start = position
        var hasEscapes = false
        while true {
            skipPlainCharacters()
            guard let byte = peek() else { throw failure(.syntax) }
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return JSONStringSlice(start: start, end: position - 1, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try scanEscape()
            case 0..<0x20:
                throw failure(.syntax)
            case 0x80...:
                try scanMultibyteCharacter()
            default:
                position += 1
            }
        }
    }

    /// Passes over ASCII that needs no attention, eight bytes at a time.
    @inline(__always)
    private mutating func skipPlainCharacters() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highBits: UInt64 = 0x8080_8080_8080_8080
        while position + 8 <= end {
            let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quotes = word ^ (ones &* 0x22)
            let backslashes = word ^ (ones &* 0x5C)
            // Each term sets the top bit of a byte that is a control character, a quote, a backslash or not ASCII. A
            // borrow can only set bits above a byte that is truly one of them, so the lowest set bit is always right.
            let special =
                (word &- ones &* 0x20) & ~word
                | (quotes &- ones) & ~quotes
                | (backslashes &- ones) & ~backslashes
                | word
            let marks = special & highBits
            if marks != 0 {
                position += marks.trailingZeroBitCount / 8
                return
            }
            position += 8
        }
    }

    private mutating func scanEscape() throws(JSONError) {
        guard position + 1 < end else { throw failure(.syntax) }
        switch text[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            guard let value = Self.hexadecimal(in: text, at: position + 2, before: end) else { throw failure(.syntax) }
            if value & 0xF800 == 0xD800 {
                try scanLowSurrogate(after: value)
            }
            position += 6
        default:
            throw failure(.syntax)
        }
    }

    /// Checks that a high surrogate is followed by a low one, and passes over the first of the two escapes.
    private mutating func scanLowSurrogate(after high: UInt32) throws(JSONError) {
        guard high & 0xFC00 == 0xD800, position + 7 < end, text[position + 6] == UInt8(ascii: "\\"),
            text[position + 7] == UInt8(ascii: "u"),
            let low = Self.hexadecimal(in: text, at: position + 8, before: end), low & 0xFC00 == 0xDC00
        else { throw failure(.loneSurrogate) }
        position += 6
    }

    /// The value of four hexadecimal digits.
    static func hexadecimal(in text: UnsafeRawBufferPointer, at start: Int, before end: Int) -> UInt32? {
        guard start + 4 <= end else { return nil }
        var value: UInt32 = 0
        for index in start..<start + 4 {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }

    /// Passes over one character of two to four bytes (RFC 3629 section 4).
    private mutating func scanMultibyteCharacter() throws(JSONError) {
        let lead = text[position]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw failure(.invalidUTF8)
        }
        guard position + length <= end, second.contains(text[position + 1]) else { throw failure(.invalidUTF8) }
        for offset in 2..<max(length, 2) where text[position + offset] & 0xC0 != 0x80 {
            throw failure(.invalidUTF8)
        }
        position += length
    }
}
