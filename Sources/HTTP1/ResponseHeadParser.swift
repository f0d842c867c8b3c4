/// Parses response heads (RFC 9112 sections 4 to 6) as strictly as requests: an upstream may be fooled or hostile too.
///
/// Feed it all bytes from the head's first on, as often as more arrive. Call ``reset()`` before the next head.
package struct ResponseHeadParser: Sendable {
    /// The head, complete once ``parse(_:)`` has answered so.
    package private(set) var head = ResponseHead()

    private let limits: HeadLimits
    private var scanner = LineScanner()
    private var startLineEnd = -1
    private var violation: HTTPViolation?

    /// Makes a parser with limits.
    package init(limits: HeadLimits = HeadLimits()) {
        self.limits = limits
    }

    /// Makes ready for the next head; storage is kept.
    package mutating func reset() {
        head.reset()
        scanner = LineScanner()
        startLineEnd = -1
        violation = nil
    }

    /// Parses what is there.
    ///
    /// A complete head stays complete, and a refused one refused, until ``reset()``.
    /// - Parameter bytes: everything received from the head's first byte on.
    /// - Returns: whether the head is complete.
    /// - Throws: the rule that the head breaks; the connection cannot be used any more.
    package mutating func parse(
        _ bytes: UnsafeRawBufferPointer
    ) throws(HTTPViolation) -> RequestHeadParser.Progress {
        if let violation { throw violation }
        if head.byteCount > 0 { return .complete }
        do throws(HTTPViolation) {
            return try parseLines(bytes)
        } catch {
            violation = error
            throw error
        }
    }

    private mutating func parseLines(
        _ bytes: UnsafeRawBufferPointer
    ) throws(HTTPViolation) -> RequestHeadParser.Progress {
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
                    try parseStatusLine(bytes, start, end)
                } else if start == end {
                    head.byteCount = end &+ 2
                    try finish(bytes)
                    return .complete
                } else {
                    guard end &- startLineEnd <= limits.headerBytes, head.fields.count < limits.fieldCount else {
                        throw .headerSectionTooLarge
                    }
                    head.fields.append(try FieldParser.parse(bytes, from: start, to: end))
                }
            }
        }
    }

    /// Refuses an unfinished line that no further byte can mend, by the rules and in the order of a finished one: how
    /// the bytes arrive does not change the outcome.
    private func checkUnfinished(_ bytes: UnsafeRawBufferPointer) throws(HTTPViolation) {
        guard scanner.pendingCount > 0 else { return }
        if startLineEnd < 0 {
            guard Self.mayBeStatusLine(bytes.slice(0, scanner.pendingCount)) else { throw .unsupportedVersion }
            guard scanner.pendingCount <= limits.startLineBytes else { throw .startLineTooLong }
        } else {
            guard scanner.lineStart &+ scanner.pendingCount &- startLineEnd <= limits.headerBytes else {
                throw .headerSectionTooLarge
            }
        }
    }

    /// Whether the front of a line can still become `HTTP/1.x`.
    private static func mayBeStatusLine(_ front: UnsafeRawBufferPointer) -> Bool {
        let prefix: StaticString = "HTTP/1."
        for index in 0..<min(front.count, prefix.utf8CodeUnitCount) where front[index] != prefix.utf8Start[index] {
            return false
        }
        return true
    }

    private mutating func parseStatusLine(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) throws(HTTPViolation) {
        let line = bytes.slice(start, end &- start)
        guard Self.mayBeStatusLine(line) else { throw .unsupportedVersion }
        guard line.count <= limits.startLineBytes else { throw .startLineTooLong }
        guard line.count >= 12, line[8] == 0x20 else { throw .malformedStartLine }
        let version = line.slice(0, 8)
        if version.equals("HTTP/1.1") {
            head.minorVersion = 1
        } else if version.equals("HTTP/1.0") {
            head.minorVersion = 0
        } else {
            throw .unsupportedVersion
        }
        var status = 0
        for byte in line.slice(9, 3) {
            guard CharacterSet.isDigit(byte) else { throw .invalidStatus }
            status = status &* 10 &+ Int(byte &- UInt8(ascii: "0"))
        }
        guard status >= 100, status <= 599 else { throw .invalidStatus }
        head.status = status
        // The space after the code is required even without a reason, but servers that leave it out are common.
        if line.count > 12 {
            guard line[12] == 0x20 else { throw .malformedStartLine }
            head.reason = ByteRange(offset: start &+ 13, count: line.count &- 13)
        }
        startLineEnd = end &+ 2
    }

    private mutating func finish(_ bytes: UnsafeRawBufferPointer) throws(HTTPViolation) {
        var contentLength: Int?
        var isChunked = false
        var hasConnection = false
        for field in head.fields where field.name != .other && !field.traits.contains(.lookAlike) {
            switch field.name {
            case .contentLength:
                guard contentLength == nil, let length = ContentLength.parse(field.value(in: bytes)) else {
                    throw .invalidContentLength
                }
                contentLength = length
            case .transferEncoding:
                guard !isChunked, head.minorVersion == 1, field.value(in: bytes).equalsIgnoringCase("chunked") else {
                    throw .invalidTransferEncoding
                }
                isChunked = true
            case .connection: hasConnection = true
            case .date: head.hasDate = true
            default: break
            }
        }
        if isChunked {
            guard contentLength == nil else { throw .ambiguousFraming }
            head.declaredFraming = .chunked
        } else if let contentLength {
            head.declaredFraming = .length(contentLength)
        }
        var options = ConnectionOptions()
        if hasConnection {
            for index in head.fields.indices where head.fields[index].name == .connection {
                try options.apply(head.fields[index].value(in: bytes), to: &head.fields, of: bytes)
            }
        }
        head.keepsAlive = !options.close && (head.minorVersion == 1 || options.keepAlive)
        head.nominatesFields = options.nominatesFields
        if head.status == 101, options.upgrade, head.minorVersion == 1 {
            head.switchesToWebSocket = WebSocketHandshake.namesWebSocket(head.fields, bytes)
        }
    }
}
