import NIOCore
import NIOHPACK

/// Frames and header blocks by hand, so that a test can send what no library would.
enum HTTP2Wire {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    enum Kind: UInt8 {
        case data, headers, priority, reset, settings, push, ping, goAway, windowUpdate, continuation
        case unknown = 0x16
    }

    static let endStream: UInt8 = 1
    static let acknowledgement: UInt8 = 1
    static let endHeaders: UInt8 = 4
    static let padded: UInt8 = 8
    static let priority: UInt8 = 32

    static func frame(
        _ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = [], length: Int? = nil
    ) -> [UInt8] {
        let length = length ?? payload.count
        return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), kind.rawValue, flags]
            + number(stream) + payload
    }

    static func number(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 255), UInt8(value >> 8 & 255), UInt8(value & 255)]
    }

    static func settings(_ values: [(UInt16, UInt32)] = []) -> [UInt8] {
        frame(.settings, values.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 255)] + number($0.1) })
    }

    static func windowUpdate(_ increment: UInt32, stream: UInt32 = 0) -> [UInt8] {
        frame(.windowUpdate, stream: stream, number(increment))
    }

    static func reset(_ stream: UInt32, code: UInt32 = 8) -> [UInt8] {
        frame(.reset, stream: stream, number(code))
    }

    static func ping(_ data: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]) -> [UInt8] { frame(.ping, data) }

    static func data(_ stream: UInt32, _ body: [UInt8], ends: Bool = false) -> [UInt8] {
        frame(.data, flags: ends ? endStream : 0, stream: stream, body)
    }

    /// Each field as a literal without indexing and with a new name: whatever bytes, as they are.
    static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0] + string($0.0) + string($0.1) }
    }

    static func string(_ text: String) -> [UInt8] {
        integer(text.utf8.count, prefixBits: 7) + Array(text.utf8)
    }

    static func integer(_ value: Int, prefixBits: Int) -> [UInt8] {
        let limit = 1 << prefixBits - 1
        if value < limit { return [UInt8(value)] }
        var bytes = [UInt8(limit)]
        var rest = value - limit
        while rest >= 128 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// Whether a header block has a field that both ends are to remember (RFC 7541 section 6.2.1).
    static func entersTable(_ block: [UInt8]) -> Bool {
        var rest = block[...]
        func number(_ bits: Int) -> Int {
            let limit = 1 << bits - 1
            var value = Int(rest.removeFirst()) & limit
            guard value == limit else { return value }
            var shift = 0
            while let byte = rest.popFirst() {
                value += Int(byte & 127) << shift
                shift += 7
                if byte < 128 { break }
            }
            return value
        }
        while let first = rest.first {
            if first & 0xc0 == 0x40 { return true }
            if first & 0x80 != 0 {
                _ = number(7)
            } else if first & 0xe0 == 0x20 {
                _ = number(5)
            } else {
                for _ in 0..<(number(4) == 0 ? 2 : 1) {
                    let length = number(7)
                    rest = rest.dropFirst(length)
                }
            }
        }
        return false
    }

    /// The pseudo-header fields of a request.
    static func request(
        _ method: String = "GET", _ path: String = "/public", scheme: String = "http", authority: String? = "a"
    ) -> [(String, String)] {
        [(":method", method), (":scheme", scheme), (":path", path)] + (authority.map { [(":authority", $0)] } ?? [])
    }

    static func headers(
        _ stream: UInt32, _ fields: [(String, String)] = request(), ends: Bool = true, endsHeaders: Bool = true
    ) -> [UInt8] {
        headers(stream, block: block(fields), ends: ends, endsHeaders: endsHeaders)
    }

    static func headers(_ stream: UInt32, block: [UInt8], ends: Bool = true, endsHeaders: Bool = true) -> [UInt8] {
        frame(.headers, flags: (ends ? endStream : 0) | (endsHeaders ? endHeaders : 0), stream: stream, block)
    }
}
