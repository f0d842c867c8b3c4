/// Takes a request-target apart (RFC 9112 section 3.2): origin-form, absolute-form, and `*` for `OPTIONS`.
///
/// Authority-form belongs to `CONNECT`, which a gateway does not offer, and so is refused with everything else.
struct RequestTarget {
    private let range: ByteRange
    private let bytes: UnsafeRawBufferPointer

    init(_ range: ByteRange, of bytes: UnsafeRawBufferPointer) {
        self.range = range
        self.bytes = bytes
    }

    mutating func split(method: HTTPMethod, into head: inout RequestHead) throws(HTTPViolation) {
        let target = range.bytes(in: bytes)
        if target[0] == UInt8(ascii: "/") {
            splitPath(from: range.offset, into: &head)
        } else if target.count == 1, target[0] == UInt8(ascii: "*") {
            guard method == .options else { throw .invalidTarget }
            head.isAsteriskForm = true
        } else if method == .connect {
            // Well-formed or not, the answer to CONNECT is the same and is given by the proxy.
            head.path = ByteRange(offset: range.offset, count: 0)
        } else {
            try splitAbsolute(target, into: &head)
        }
    }

    private func splitAbsolute(
        _ target: UnsafeRawBufferPointer, into head: inout RequestHead
    ) throws(HTTPViolation) {
        let prefix: Int
        if target.slice(0, 7).equalsIgnoringCase("http://") {
            prefix = 7
        } else if target.slice(0, 8).equalsIgnoringCase("https://") {
            prefix = 8
        } else {
            throw .invalidTarget
        }
        var end = prefix
        while end < target.count, target[end] != UInt8(ascii: "/"), target[end] != UInt8(ascii: "?") { end &+= 1 }
        head.authority = ByteRange(offset: range.offset &+ prefix, count: end &- prefix)
        guard Authority.isValid(head.authority.bytes(in: bytes)) else { throw .invalidTarget }
        splitPath(from: range.offset &+ end, into: &head)
    }

    /// Splits path and query, and sees whether the path needs normalising.
    private func splitPath(from start: Int, into head: inout RequestHead) {
        let end = range.offset &+ range.count
        var index = start
        var plain = start < end && bytes[start] == UInt8(ascii: "/")
        var previous: UInt8 = 0
        while index < end {
            let byte = bytes[index]
            if byte == UInt8(ascii: "?") { break }
            if byte == UInt8(ascii: "%") || byte == UInt8(ascii: ";") {
                plain = false
            } else if previous == UInt8(ascii: "/"), byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") {
                plain = false
            }
            previous = byte
            index &+= 1
        }
        head.path = ByteRange(offset: start, count: index &- start)
        head.query = ByteRange(offset: index, count: end &- index)
        head.pathIsPlain = plain
    }
}
