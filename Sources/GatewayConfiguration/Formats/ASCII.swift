/// Character classes of the specifications, asked of one byte.
extension UInt8 {
    var isASCIIDigit: Bool { self >= 0x30 && self <= 0x39 }

    var isASCIILetter: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7A }

    /// Upper-case or lower-case hexadecimal digit.
    var hexadecimalValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }

    /// What RFC 3986 section 2.3 calls unreserved.
    var isUnreserved: Bool {
        isASCIILetter || isASCIIDigit || self == 0x2D || self == 0x2E || self == 0x5F || self == 0x7E
    }

    func isOne(of characters: StaticString) -> Bool {
        characters.withUTF8Buffer { $0.contains(self) }
    }
}

extension String {
    /// The number, when the text is one to `maximumDigits` decimal digits without a needless leading zero.
    func decimalNumber(maximumDigits: Int) -> Int64? {
        let digits = utf8
        guard !digits.isEmpty, digits.count <= maximumDigits, digits.allSatisfy(\.isASCIIDigit) else { return nil }
        guard digits.count == 1 || digits.first != 0x30 else { return nil }
        return Int64(self)
    }

    /// Whether there are characters that would move the cursor or break the line on a terminal.
    var hasControlCharacters: Bool {
        unicodeScalars.contains { scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028
                || scalar.value == 0x2029
        }
    }
}
