import HTTP1
import NIOCore

/// What holds for every field of HTTP/2 (RFC 9113 section 8.2), in heads and in trailers.
enum HTTP2Field {
    /// Checks that a name is a token without capitals, and not one that only HTTP/1.1 connections have.
    static func checkName(_ name: String) throws(HTTP2Violation) {
        guard !name.isEmpty else { throw .fieldName }
        for byte in name.utf8 {
            guard CharacterSet.isToken(byte), byte.lowercasedASCII == byte else { throw .fieldName }
        }
        switch name {
        case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade": throw .connectionField
        default: break
        }
    }

    /// Checks that a value could not be more than one value, nor lose a byte, on the line of an HTTP/1.1 head.
    ///
    /// What was not UTF-8 reached us with replacement characters in it. Nobody can tell any more what it was, so it is
    /// refused instead of being passed on as something else.
    static func checkValue(_ value: String) throws(HTTP2Violation) {
        let bytes = value.utf8
        guard let first = bytes.first, let last = bytes.last else { return }
        guard !first.isWhitespace, !last.isWhitespace else { throw .fieldValue }
        var beforePrevious: UInt8 = 0
        var previous: UInt8 = 0
        for byte in bytes {
            guard byte >= 0x20 && byte != 0x7f || byte == 0x09 else { throw .fieldValue }
            guard beforePrevious != 0xef || previous != 0xbf || byte != 0xbd else { throw .fieldValue }
            beforePrevious = previous
            previous = byte
        }
    }

    /// The value of `content-length`: digits only, at most 2^53 - 1 as in HTTP/1.1.
    static func contentLength(_ value: String) -> Int? {
        guard !value.isEmpty, value.utf8.count <= 16, value.utf8.allSatisfy(CharacterSet.isDigit) else { return nil }
        return Int(value).flatMap { $0 < 1 << 53 ? $0 : nil }
    }

    /// Writes a field line.
    static func write(_ name: String, _ value: String, to buffer: inout ByteBuffer) {
        buffer.writeString(name)
        buffer.writeStaticString(": ")
        buffer.writeString(value)
        buffer.writeStaticString("\r\n")
    }
}
