import HTTP1
import NIOCore
import NIOHPACK

/// The header block of a request (RFC 9113 section 8.3), judged so that it can be written as one HTTP/1.1 head.
///
/// HPACK carries any byte. Here it is made sure that none of them ends a line, begins one, or changes the framing of
/// the head that is written; the parser of HTTP/1.1 then judges that head like any other.
struct HTTP2RequestHead {
    /// How the body is framed in HTTP/1.1.
    let framing: BodyFraming
    /// Whether the answer has no body because the method is `HEAD`.
    let isHead: Bool
    private let block: HPACKHeaders
    private let method: String
    private let target: String
    private let authority: String?
    private let cookieCount: Int

    /// Judges a header block.
    ///
    /// - Parameters:
    ///   - block: the fields in the order sent.
    ///   - endsStream: whether no body follows.
    /// - Throws: the rule that the block breaks.
    init(_ block: HPACKHeaders, endsStream: Bool) throws(HTTP2Violation) {
        var pseudo = PseudoFields()
        var host: String?
        var contentLength: Int?
        var cookieCount = 0
        var inFields = false
        for (name, value, _) in block {
            try HTTP2Field.checkValue(value)
            if name.utf8.first == UInt8(ascii: ":") {
                guard !inFields else { throw .pseudoField }
                try pseudo.take(name, value)
                continue
            }
            inFields = true
            try HTTP2Field.checkName(name)
            switch name {
            case "host":
                guard host == nil else { throw .authority }
                host = value
            case "content-length":
                guard contentLength == nil, let length = HTTP2Field.contentLength(value) else { throw .contentLength }
                contentLength = length
            case "cookie": cookieCount += 1
            case "te": guard value == "trailers" else { throw .connectionField }
            default: break
            }
        }
        let parts = try pseudo.check()
        method = parts.method
        isHead = parts.method == "HEAD"
        target = parts.target
        authority = try Self.agree(parts.authority, host)
        if endsStream {
            guard contentLength ?? 0 == 0 else { throw .contentLength }
            framing = contentLength.map { .length($0) } ?? .none
        } else {
            framing = contentLength.map { .length($0) } ?? .chunked
        }
        self.block = block
        self.cookieCount = cookieCount
    }

    /// RFC 9113 section 8.3.1: the two say the same, or one of them is not there.
    private static func agree(_ authority: String?, _ host: String?) throws(HTTP2Violation) -> String? {
        guard let authority, let host else { return authority ?? host }
        guard authority.utf8.elementsEqual(host.utf8, by: { $0.lowercasedASCII == $1.lowercasedASCII }) else {
            throw .authority
        }
        return authority
    }

    /// Writes the head as HTTP/1.1: for one request, after which nothing follows.
    func write(to buffer: inout ByteBuffer) {
        buffer.writeString(method)
        buffer.writeStaticString(" ")
        buffer.writeString(target)
        buffer.writeStaticString(" HTTP/1.1\r\n")
        if let authority { HTTP2Field.write("host", authority, to: &buffer) }
        for (name, value, _) in block where name.utf8.first != UInt8(ascii: ":") {
            switch name {
            case "host", "content-length", "cookie": break
            default: HTTP2Field.write(name, value, to: &buffer)
            }
        }
        if cookieCount > 0 { writeCookies(to: &buffer) }
        HeadWriter.writeFraming(framing, to: &buffer)
        buffer.writeStaticString("Connection: close\r\n\r\n")
    }

    /// RFC 9113 section 8.2.3: crumbs become one field again.
    private func writeCookies(to buffer: inout ByteBuffer) {
        buffer.writeStaticString("cookie: ")
        var isFirst = true
        for (name, value, _) in block where name == "cookie" {
            if !isFirst { buffer.writeStaticString("; ") }
            isFirst = false
            buffer.writeString(value)
        }
        buffer.writeStaticString("\r\n")
    }
}

/// The fields whose names begin with a colon.
private struct PseudoFields {
    private var method: String?
    private var scheme: String?
    private var path: String?
    private var authority: String?

    mutating func take(_ name: String, _ value: String) throws(HTTP2Violation) {
        switch name {
        case ":method":
            guard method == nil else { throw .pseudoField }
            method = value
        case ":scheme":
            guard scheme == nil else { throw .pseudoField }
            scheme = value
        case ":path":
            guard path == nil else { throw .pseudoField }
            path = value
        case ":authority":
            guard authority == nil else { throw .pseudoField }
            authority = value
        default:
            // `:status` belongs to answers, and `:protocol` to extended CONNECT, which is not offered.
            throw .pseudoField
        }
    }

    func check() throws(HTTP2Violation) -> (method: String, target: String, authority: String?) {
        guard let method else { throw .pseudoField }
        guard !method.isEmpty, method.utf8.allSatisfy(CharacterSet.isToken) else { throw .method }
        if let authority {
            guard !authority.isEmpty, authority.utf8.allSatisfy(Self.isVisible) else { throw .authority }
        }
        if method == "CONNECT" {
            // Its answer is the exchange's to give; here it only has to be a CONNECT (RFC 9113 section 8.5).
            guard scheme == nil, path == nil, let authority else { throw .pseudoField }
            return (method, authority, authority)
        }
        guard let scheme, let path else { throw .pseudoField }
        guard scheme == "http" || scheme == "https" else { throw .scheme }
        guard path.utf8.first == UInt8(ascii: "/") || path == "*" && method == "OPTIONS" else { throw .path }
        guard path.utf8.allSatisfy(Self.isVisible) else { throw .path }
        return (method, path, authority)
    }

    private static func isVisible(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f
    }
}
