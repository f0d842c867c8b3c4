/// Reads JSON (RFC 8259) as a sequence of events and refuses everything else: the one place where strictness lives.
///
/// It builds nothing and does not recurse. Depth is a counter and a bit per level, so no input can overflow the stack.
/// The text must outlive the scan.
struct JSONScanner {
    /// One step through a text.
    enum Event {
        case beginObject
        case endObject
        case beginArray
        case endArray
        case name(JSONStringSlice)
        case string(JSONStringSlice)
        case number(Range<Int>)
        case bool(Bool)
        case null
        case endOfText
    }

    private enum Expectation {
        case value
        case elementOrArrayEnd
        case nameOrObjectEnd
        case separatorOrEnd
    }

    private(set) var text = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The next byte to look at.
    var position = 0
    private let limits: JSONLimits
    /// Where the text, or the part to read, ends.
    private(set) var end = 0
    private var depth = 0
    private var objectLevels: UInt64 = 0
    private var expectation = Expectation.value
    private var names = JSONNameStack()

    init(limits: JSONLimits) {
        self.limits = limits
    }

    /// Starts on a new text, or on one value within it.
    ///
    /// - Parameters:
    ///   - text: the text; slices and ranges in events are offsets into it.
    ///   - range: the part to read; all of it when nil.
    /// - Throws: `JSONError` with `tooLarge`.
    mutating func start(_ text: UnsafeRawBufferPointer, range: Range<Int>? = nil) throws(JSONError) {
        self.text = text
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? text.count
        depth = 0
        objectLevels = 0
        expectation = .value
        names.removeAll()
        guard end - position <= limits.maximumByteCount else { throw failure(.tooLarge) }
    }

    /// The next event.
    ///
    /// After `endOfText` nothing more comes.
    mutating func next() throws(JSONError) -> Event {
        skipWhitespace()
        switch expectation {
        case .value:
            return try scanValue()
        case .elementOrArrayEnd:
            if peek() == UInt8(ascii: "]") { return closeContainer() }
            return try scanValue()
        case .nameOrObjectEnd:
            if peek() == UInt8(ascii: "}") { return closeContainer() }
            return try scanName()
        case .separatorOrEnd:
            return try scanAfterValue()
        }
    }

    private mutating func scanAfterValue() throws(JSONError) -> Event {
        guard depth > 0 else {
            guard position == end else { throw failure(.syntax) }
            return .endOfText
        }
        let isObject = isInObject
        switch peek() {
        case UInt8(ascii: ","):
            position += 1
            skipWhitespace()
            return isObject ? try scanName() : try scanValue()
        case UInt8(ascii: "}") where isObject, UInt8(ascii: "]") where !isObject:
            return closeContainer()
        default:
            throw failure(.syntax)
        }
    }

    private mutating func scanName() throws(JSONError) -> Event {
        guard peek() == UInt8(ascii: "\"") else { throw failure(.syntax) }
        let name = try scanString()
        if let code = names.insert(name, in: text, depth: depth, maximumCount: limits.maximumMemberCount) {
            throw failure(code)
        }
        skipWhitespace()
        guard peek() == UInt8(ascii: ":") else { throw failure(.syntax) }
        position += 1
        expectation = .value
        return .name(name)
    }

    private mutating func scanValue() throws(JSONError) -> Event {
        guard let byte = peek() else { throw failure(.syntax) }
        switch byte {
        case UInt8(ascii: "\""):
            expectation = .separatorOrEnd
            return .string(try scanString())
        case UInt8(ascii: "{"):
            try openContainer(isObject: true)
            return .beginObject
        case UInt8(ascii: "["):
            try openContainer(isObject: false)
            return .beginArray
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            expectation = .separatorOrEnd
            return .number(try scanNumber())
        case UInt8(ascii: "t"):
            try scanLiteral("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try scanLiteral("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try scanLiteral("null")
            return .null
        default:
            throw failure(.syntax)
        }
    }

    private mutating func openContainer(isObject: Bool) throws(JSONError) {
        guard depth < limits.maximumDepth else { throw failure(.tooDeep) }
        depth += 1
        objectLevels = objectLevels << 1 | (isObject ? 1 : 0)
        position += 1
        expectation = isObject ? .nameOrObjectEnd : .elementOrArrayEnd
    }

    private mutating func closeContainer() -> Event {
        let isObject = isInObject
        if isObject { names.closeObject(atDepth: depth) }
        depth -= 1
        objectLevels >>= 1
        position += 1
        expectation = .separatorOrEnd
        return isObject ? .endObject : .endArray
    }

    private var isInObject: Bool { objectLevels & 1 == 1 }

    private mutating func scanLiteral(_ literal: StaticString) throws(JSONError) {
        let count = literal.utf8CodeUnitCount
        guard end - position >= count,
            haveEqualBytes(UnsafeRawBufferPointer(rebasing: text[position..<position + count]), literal)
        else { throw failure(.syntax) }
        position += count
        expectation = .separatorOrEnd
    }

    private mutating func scanNumber() throws(JSONError) -> Range<Int> {
        let start = position
        if peek() == UInt8(ascii: "-") { position += 1 }
        if peek() == UInt8(ascii: "0") {
            position += 1
        } else {
            try scanDigits()
        }
        if peek() == UInt8(ascii: ".") {
            position += 1
            try scanDigits()
        }
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
            position += 1
            if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            try scanDigits()
        }
        return start..<position
    }

    private mutating func scanDigits() throws(JSONError) {
        let start = position
        while let byte = peek(), byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        guard position > start else { throw failure(.syntax) }
    }

    @inline(__always)
    private mutating func skipWhitespace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// The next byte, or nil at the end.
    @inline(__always)
    func peek() -> UInt8? {
        position < end ? text[position] : nil
    }

    /// An error at the current place.
    func failure(_ code: JSONError.Code) -> JSONError {
        JSONError(code: code, offset: position)
    }
}
