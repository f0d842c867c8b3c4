/// Checks that encoded bytes form well-formed UTF-8 (Unicode table 3-7): no overlong forms, no surrogates.
struct UTF8Sequence {
    private var pending = 0
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xbf

    /// Whether no sequence is unfinished.
    var isComplete: Bool { pending == 0 }

    /// Takes one byte; `false` when it cannot stand here.
    mutating func take(_ byte: UInt8) -> Bool {
        if pending > 0 {
            guard byte >= lowest, byte <= highest else { return false }
            pending &-= 1
            lowest = 0x80
            highest = 0xbf
            return true
        }
        switch byte {
        case 0x00...0x7f: return true
        case 0xc2...0xdf: pending = 1
        case 0xe0: (pending, lowest) = (2, 0xa0)
        case 0xe1...0xec, 0xee...0xef: pending = 2
        case 0xed: (pending, highest) = (2, 0x9f)
        case 0xf0: (pending, lowest) = (3, 0x90)
        case 0xf1...0xf3: pending = 3
        case 0xf4: (pending, highest) = (3, 0x8f)
        default: return false
        }
        return true
    }
}
