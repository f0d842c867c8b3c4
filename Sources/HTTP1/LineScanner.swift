/// Finds the end of a line and refuses every control byte on the way, eight bytes at a time.
///
/// The scanner remembers how far it came, so that a head that arrives byte by byte is looked at once.
struct LineScanner: Sendable {
    /// Where the current line begins.
    private(set) var lineStart = 0
    /// Everything before this offset is known to hold no control byte but tabs.
    private var scanned = 0

    enum Outcome: Equatable {
        /// The line is `lineStart ..< end`, and the next line begins at `end + 2`.
        case line(end: Int)
        case needMore
        case invalid
    }

    /// Looks for the end of the current line.
    @inline(__always)
    mutating func next(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        var index = scanned
        let count = bytes.count
        while index < count {
            if index &+ 8 <= count {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                if !Self.hasControlByte(word) {
                    index &+= 8
                    continue
                }
            }
            let byte = bytes[index]
            if byte >= 0x20 && byte != 0x7f || byte == 0x09 {
                index &+= 1
                continue
            }
            scanned = index
            guard byte == 0x0d else { return .invalid }
            guard index &+ 1 < count else { return .needMore }
            return bytes[index &+ 1] == 0x0a ? .line(end: index) : .invalid
        }
        scanned = index
        return .needMore
    }

    /// Goes on to the line that begins after the CR LF at `end`.
    @inline(__always)
    mutating func advance(past end: Int) {
        lineStart = end &+ 2
        scanned = lineStart
    }

    /// How many bytes of an unfinished line were looked at, its CR excluded.
    var pendingCount: Int { scanned &- lineStart }

    /// Whether any of eight bytes is below 0x20 or is 0x7f.
    ///
    /// A borrow may mark a byte above the lowest that is one, never where there is none.
    @inline(__always)
    private static func hasControlByte(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highBits: UInt64 = 0x8080_8080_8080_8080
        let belowSpace = (word &- ones &* 0x20) & ~word & highBits
        let delete = word ^ (ones &* 0x7f)
        let isDelete = (delete &- ones) & ~delete & highBits
        return belowSpace | isDelete != 0
    }
}
