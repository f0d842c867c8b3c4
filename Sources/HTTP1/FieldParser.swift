/// Parses field lines (RFC 9112 section 5), for heads and trailers alike.
enum FieldParser {
    /// Parses the line `start ..< end`, which the scanner has found free of control bytes.
    @inline(__always)
    static func parse(
        _ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int
    ) throws(HTTPViolation) -> HeaderField {
        var index = start
        while index < end, CharacterSet.isToken(bytes[index]) { index &+= 1 }
        let nameLength = index &- start
        guard index < end, bytes[index] == UInt8(ascii: ":"), nameLength > 0, nameLength <= Int(UInt16.max) else {
            throw .malformedField
        }
        var valueStart = index &+ 1
        var valueEnd = end
        while valueStart < valueEnd, bytes[valueStart].isWhitespace { valueStart &+= 1 }
        while valueEnd > valueStart, bytes[valueEnd &- 1].isWhitespace { valueEnd &-= 1 }
        let (name, isLookAlike) = FieldName.recognise(bytes.slice(start, nameLength))
        var traits = FieldTraits.of(name)
        if isLookAlike { traits.insert(.lookAlike) }
        return HeaderField(
            nameOffset: UInt32(truncatingIfNeeded: start), valueOffset: UInt32(truncatingIfNeeded: valueStart),
            valueLength: UInt32(truncatingIfNeeded: valueEnd &- valueStart),
            lineEnd: UInt32(truncatingIfNeeded: end &+ 2), nameLength: UInt16(truncatingIfNeeded: nameLength),
            name: name, traits: traits)
    }
}
