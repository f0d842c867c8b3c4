/// Parses request heads (RFC 9112 sections 2 to 6) strictly: what two readers could read in two ways is refused.
///
/// Feed it all bytes from the head's first on, as often as more arrive; it does not look at a byte twice. The result
/// lies in ``head``, whose offsets count from the first byte fed. Call ``reset()`` before the next head.
package struct RequestHeadParser: Sendable {
    /// The head, complete once ``parse(_:)`` has answered so.
    package private(set) var head = RequestHead()

    /// The limits; may be exchanged at any time, also within a head.
    package var limits: HeadLimits
    private var scanner = LineScanner()
    private var startLineEnd = -1
    private var sawEmptyLine = false
    private var violation: HTTPViolation?

    /// How far parsing came.
    package enum Progress: Equatable, Sendable {
        /// More bytes are needed.
        case needMore
        /// The head is complete.
        case complete
    }

    /// Makes a parser with limits.
    package init(limits: HeadLimits = HeadLimits()) {
        self.limits = limits
    }

    /// Makes ready for the next head; storage is kept.
    package mutating func reset() {
        head.reset()
        scanner = LineScanner()
        startLineEnd = -1
        sawEmptyLine = false
        violation = nil
    }

    /// Whether bytes of a head have been seen that is not complete.
    package var isInsideHead: Bool {
        head.byteCount == 0 && (startLineEnd >= 0 || scanner.pendingCount > 0)
    }

    /// Parses what is there.
    ///
    /// A complete head stays complete, and a refused one refused, until ``reset()``.
    /// - Parameter bytes: everything received from the head's first byte on.
    /// - Returns: whether the head is complete.
    /// - Throws: the rule that the head breaks; the connection cannot be used any more.
    package mutating func parse(_ bytes: UnsafeRawBufferPointer) throws(HTTPViolation) -> Progress {
        if let violation { throw violation }
        if head.byteCount > 0 { return .complete }
        do throws(HTTPViolation) {
            return try parseLines(bytes)
        } catch {
            violation = error
            throw error
        }
    }

    private mutating func parseLines(_ bytes: UnsafeRawBufferPointer) throws(HTTPViolation) -> Progress {
        while true {
            switch scanner.next(bytes) {
            case .invalid:
                try checkUnfinished(bytes)
                throw .controlByte
            case .needMore:
                try checkUnfinished(bytes)
                return .needMore
            case .line(let end):
                let start = scanner.lineStart
                scanner.advance(past: end)
                if startLineEnd < 0 {
                    try parseStartLine(bytes, start, end)
                } else if start == end {
                    head.byteCount = end &+ 2
                    try finish(bytes)
                    return .complete
                } else {
                    try parseField(bytes, start, end)
                }
            }
        }
    }

    /// Refuses an unfinished line that no further byte can mend, by the rules and in the order of a finished one: how
    /// the bytes arrive does not change the outcome.
    private func checkUnfinished(_ bytes: UnsafeRawBufferPointer) throws(HTTPViolation) {
        guard scanner.pendingCount > 0 else { return }
        if startLineEnd < 0 {
            // What cannot become a method is refused before the line ends: TLS on a plain port, stray text.
            guard CharacterSet.isToken(bytes[scanner.lineStart]) else { throw .invalidMethod }
            guard scanner.pendingCount <= limits.startLineBytes else { throw .startLineTooLong }
        } else {
            guard scanner.lineStart &+ scanner.pendingCount &- startLineEnd <= limits.headerBytes else {
                throw .headerSectionTooLarge
            }
        }
    }

    private mutating func parseStartLine(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) throws(HTTPViolation) {
        if start == end {
            // RFC 9112 section 2.2: one empty line before the request-line is ignored.
            guard !sawEmptyLine else { throw .malformedStartLine }
            sawEmptyLine = true
            return
        }
        guard CharacterSet.isToken(bytes[start]) else { throw .invalidMethod }
        guard end &- start <= limits.startLineBytes else { throw .startLineTooLong }
        var index = start &+ 1
        while index < end, CharacterSet.isToken(bytes[index]) { index &+= 1 }
        guard index &- start <= 32 else { throw .invalidMethod }
        guard index < end, bytes[index] == 0x20 else { throw .invalidMethod }
        head.methodRange = ByteRange(offset: start, count: index &- start)
        head.method = HTTPMethod(head.methodRange.bytes(in: bytes))
        index &+= 1

        let targetStart = index
        let targetEnd = try scanTarget(bytes, targetStart, end)
        guard targetEnd > targetStart, end &- targetEnd == 9, bytes[targetEnd] == 0x20 else {
            throw .malformedStartLine
        }
        let version = bytes.slice(targetEnd &+ 1, 8)
        if version.equals("HTTP/1.1") {
            head.minorVersion = 1
        } else if version.equals("HTTP/1.0") {
            head.minorVersion = 0
        } else {
            throw .unsupportedVersion
        }
        head.target = ByteRange(offset: targetStart, count: targetEnd &- targetStart)
        startLineEnd = end &+ 2
        var target = RequestTarget(head.target, of: bytes)
        try target.split(method: head.method, into: &head)
    }

    /// Finds the end of the target, whose parts ``RequestTarget`` looks at.
    private func scanTarget(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) throws(HTTPViolation) -> Int {
        var index = start
        while index < end {
            let byte = bytes[index]
            if byte == 0x20 { return index }
            guard CharacterSet.isTarget(byte) else { throw .invalidTarget }
            index &+= 1
        }
        throw .malformedStartLine
    }

    private mutating func parseField(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) throws(HTTPViolation) {
        guard end &- startLineEnd <= limits.headerBytes, head.fields.count < limits.fieldCount else {
            throw .headerSectionTooLarge
        }
        head.fields.append(try FieldParser.parse(bytes, from: start, to: end))
    }

    private mutating func finish(_ bytes: UnsafeRawBufferPointer) throws(HTTPViolation) {
        var summary = RequestFieldSummary()
        for field in head.fields where field.name != .other && !field.traits.contains(.lookAlike) {
            try summary.note(field, in: bytes)
        }
        try summary.conclude(&head, bytes)
    }
}
