/// Brings a path into the one form that is routed, authorized and sent upstream (RFC 3986 sections 5.2.4 and 6.2.2).
///
/// Every spelling has one outcome:
/// - encoded unreserved characters are decoded, other encodings get upper-case digits;
/// - `.` and `..` segments, plain or encoded, are resolved; empty segments are merged;
/// - an encoded slash, backslash or control byte, a malformed encoding, encoded bytes that are not UTF-8 (overlong
///   forms included) and `;` are refused, because backends disagree about them.
package enum PathNormalizer {
    /// Normalises a path.
    ///
    /// - Parameter path: the bytes of an absolute path, or nothing at all for the empty path of an absolute-form.
    /// - Returns: the normal form, which begins with a slash.
    /// - Throws: ``HTTPViolation/ambiguousPath``.
    package static func normalize(_ path: UnsafeRawBufferPointer) throws(HTTPViolation) -> [UInt8] {
        guard !path.isEmpty else { return [UInt8(ascii: "/")] }
        guard path[0] == UInt8(ascii: "/") else { throw .ambiguousPath }
        return resolveSegments(try decodeUnreserved(path))
    }

    private static func decodeUnreserved(_ path: UnsafeRawBufferPointer) throws(HTTPViolation) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(path.count)
        var utf8 = UTF8Sequence()
        var index = 0
        while index < path.count {
            let byte = path[index]
            index &+= 1
            guard byte == UInt8(ascii: "%") else {
                guard byte != UInt8(ascii: ";"), byte < 0x80, utf8.isComplete else { throw .ambiguousPath }
                output.append(byte)
                continue
            }
            guard index &+ 1 < path.count, let high = CharacterSet.hexadecimalValue(path[index]),
                let low = CharacterSet.hexadecimalValue(path[index &+ 1])
            else { throw .ambiguousPath }
            index &+= 2
            let decoded = high << 4 | low
            guard utf8.take(decoded), isUnambiguous(decoded) else { throw .ambiguousPath }
            if isUnreserved(decoded) {
                output.append(decoded)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(upperCaseDigit(high))
                output.append(upperCaseDigit(low))
            }
        }
        guard utf8.isComplete else { throw .ambiguousPath }
        return output
    }

    private static func resolveSegments(_ path: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(path.count)
        let slash = UInt8(ascii: "/")
        let dot = UInt8(ascii: ".")
        var endsInDirectory = false
        for segment in path.split(separator: slash, omittingEmptySubsequences: true) {
            endsInDirectory = false
            if segment.elementsEqual([dot]) {
                endsInDirectory = true
            } else if segment.elementsEqual([dot, dot]) {
                endsInDirectory = true
                while let last = output.popLast(), last != slash {}
            } else {
                output.append(slash)
                output.append(contentsOf: segment)
            }
        }
        if output.isEmpty || endsInDirectory || path.last == slash { output.append(slash) }
        return output
    }

    /// Whether an encoded byte means the same to every backend: no slash, backslash or control byte.
    private static func isUnambiguous(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7f && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "\\")
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func upperCaseDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "A") &+ value &- 10
    }
}
