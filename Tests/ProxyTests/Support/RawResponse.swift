/// An answer as a plain client reads it.
struct RawResponse {
    var status: Int
    var fields: [(name: String, value: String)]
    var body: [UInt8]
    /// The lines after the last chunk.
    var trailers: [String] = []
    /// Whether the body's own framing said that it is over; false when the connection broke off before.
    var isComplete: Bool
    var head: String

    var text: String { String(decoding: body, as: UTF8.self) }

    func all(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    subscript(_ name: String) -> String? { all(name).first }

    /// - Returns: the answer and its length, or `nil` when more bytes are needed.
    static func parse(_ bytes: [UInt8], isHead: Bool, atEnd: Bool) throws -> (RawResponse, Int)? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return nil }
        let head = String(decoding: bytes[..<(end - 4)], as: UTF8.self)
        var lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        let first = lines.removeFirst()
        guard first.hasPrefix("HTTP/1.1 "), let status = Int(first.dropFirst(9).prefix(3)) else {
            throw RawClient.Failure.malformed(String(first))
        }
        let fields = try lines.map { line -> (name: String, value: String) in
            guard let colon = line.firstIndex(of: ":") else { throw RawClient.Failure.malformed(String(line)) }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            return (String(line[..<colon]), String(value))
        }
        var response = RawResponse(status: status, fields: fields, body: [], isComplete: true, head: head)
        if isHead || status < 200 || status == 204 || status == 304 { return (response, end) }
        let rest = Array(bytes[end...])
        if response["transfer-encoding"] == "chunked" {
            let (body, trailers, used) = try chunks(rest)
            response.body = body
            response.trailers = trailers
            response.isComplete = used != nil
            if used == nil && !atEnd { return nil }
            return (response, end + (used ?? rest.count))
        }
        if let length = response["content-length"] {
            guard let count = Int(length) else { throw RawClient.Failure.malformed(length) }
            response.isComplete = rest.count >= count
            if !response.isComplete && !atEnd { return nil }
            response.body = Array(rest.prefix(count))
            return (response, end + response.body.count)
        }
        guard atEnd else { return nil }
        response.body = rest
        return (response, bytes.count)
    }

    /// - Returns: the data, the trailer lines, and how many bytes the whole took, `nil` while the end is missing.
    static func chunks(_ bytes: [UInt8]) throws -> (body: [UInt8], trailers: [String], used: Int?) {
        var body: [UInt8] = []
        var trailers: [String] = []
        var index = 0
        while true {
            guard let end = bytes[index...].firstRange(of: [0x0d, 0x0a]) else { return (body, [], nil) }
            let line = String(decoding: bytes[index..<end.lowerBound], as: UTF8.self)
            guard let size = Int(line, radix: 16) else { throw RawClient.Failure.malformed("chunk size \(line)") }
            index = end.upperBound
            if size == 0 {
                while let end = bytes[index...].firstRange(of: [0x0d, 0x0a]) {
                    let line = String(decoding: bytes[index..<end.lowerBound], as: UTF8.self)
                    index = end.upperBound
                    if line.isEmpty { return (body, trailers, index) }
                    trailers.append(line)
                }
                return (body, trailers, nil)
            }
            guard bytes.count >= index + size + 2 else {
                body += bytes[index..<min(bytes.count, index + size)]
                return (body, [], nil)
            }
            body += bytes[index..<(index + size)]
            guard bytes[index + size] == 0x0d, bytes[index + size + 1] == 0x0a else {
                throw RawClient.Failure.malformed("chunk end")
            }
            index += size + 2
        }
    }
}
