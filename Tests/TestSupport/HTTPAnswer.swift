import Foundation

/// An answer as a strict client reads it: whatever a client might be confused by is a fault.
package struct HTTPAnswer: Sendable {
    /// What is wrong with an answer, or with waiting for one.
    package enum Fault: Error {
        /// The bytes are not an HTTP answer; the text says which rule is broken and shows the bytes.
        case malformed(String)
        /// Nothing complete came before the deadline; the text is what had come.
        case timedOut(String)
        /// The connection ended before an answer was complete; the text is what had come.
        case closed(String)
    }

    /// The status code.
    package let status: Int
    /// The fields in order.
    package let fields: [(name: String, value: String)]
    /// The body, chunks put together.
    package let body: [UInt8]

    /// The body as text.
    package var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as a JSON object; empty when it is none.
    package var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
    }

    /// A member of the body's JSON object that is a string.
    package func member(_ name: String) -> String? { json[name] as? String }

    /// The values of a field, whose name compares without regard to case.
    package func values(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    /// The value of a field that is there exactly once.
    package func field(_ name: String) -> String? {
        let found = values(name)
        return found.count == 1 ? found[0] : nil
    }

    /// Head and body as text, for searching.
    package var everything: String {
        fields.map { "\($0.name): \($0.value)\n" }.joined() + text
    }

    /// Reads one final answer from the start of bytes; interim answers before it are passed over.
    /// - Parameters:
    ///   - bytes: what was received.
    ///   - isHead: whether the request was a `HEAD`, whose answer has no body.
    ///   - hasEnded: whether the connection has ended.
    /// - Returns: the answer and how many bytes it took; `nil` while it is not complete.
    /// - Throws: ``Fault``.
    package static func read(
        _ bytes: [UInt8], isHead: Bool, hasEnded: Bool
    ) throws -> (answer: HTTPAnswer, byteCount: Int)? {
        var start = 0
        while true {
            guard let head = try AnswerHead(bytes, from: start) else { return nil }
            if (100..<200).contains(head.status) {
                start = head.end
                continue
            }
            guard let body = try head.body(bytes, isHead: isHead, hasEnded: hasEnded) else { return nil }
            let answer = HTTPAnswer(status: head.status, fields: head.fields, body: body.content)
            return (answer, body.end)
        }
    }
}

/// Start line and fields of an answer, taken apart by the rules of RFC 9112.
private struct AnswerHead {
    let status: Int
    let fields: [(name: String, value: String)]
    /// Where the body begins.
    let end: Int

    init?(_ bytes: [UInt8], from start: Int) throws {
        guard let blank = Self.endOfHead(bytes, from: start) else { return nil }
        let text = String(decoding: bytes[start..<blank], as: UTF8.self)
        func malformed(_ rule: String) -> HTTPAnswer.Fault { .malformed("\(rule): \(text)") }
        var lines = text.components(separatedBy: "\r\n")
        guard !text.replacingOccurrences(of: "\r\n", with: "").contains(where: { $0 == "\r" || $0 == "\n" }) else {
            throw malformed("a bare CR or LF")
        }
        let startLine = lines.removeFirst()
        guard let match = startLine.wholeMatch(of: /HTTP\/1\.1 ([1-5][0-9][0-9]) ([\x20-\x7e]*)/),
            let status = Int(match.1)
        else { throw malformed("status line") }
        var fields: [(name: String, value: String)] = []
        for line in lines {
            guard let match = line.wholeMatch(of: /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*/) else {
                throw malformed("field line")
            }
            fields.append((String(match.1), String(match.2)))
        }
        self.status = status
        self.fields = fields
        end = blank + 4
    }

    /// The content and the end of the body; `nil` while it is not complete.
    func body(_ bytes: [UInt8], isHead: Bool, hasEnded: Bool) throws -> (content: [UInt8], end: Int)? {
        func values(_ name: String) -> [String] { fields.filter { $0.name.lowercased() == name }.map(\.value) }
        let lengths = values("content-length")
        let codings = values("transfer-encoding")
        guard lengths.count + codings.count <= 1 else { throw HTTPAnswer.Fault.malformed("two framings: \(fields)") }
        if isHead || status == 204 || status == 304 { return ([], end) }
        if let length = lengths.first {
            guard let count = Int(length), count >= 0 else { throw HTTPAnswer.Fault.malformed("length \(length)") }
            return bytes.count >= end + count ? (Array(bytes[end..<end + count]), end + count) : nil
        }
        if let coding = codings.first {
            guard coding == "chunked" else { throw HTTPAnswer.Fault.malformed("coding \(coding)") }
            return try Self.chunks(bytes, from: end)
        }
        return hasEnded ? (Array(bytes[end...]), bytes.count) : nil
    }

    private static func endOfHead(_ bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= start + 4 else { return nil }
        return (start...(bytes.count - 4)).first {
            bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13 && bytes[$0 + 3] == 10
        }
    }

    private static func chunks(_ bytes: [UInt8], from start: Int) throws -> (content: [UInt8], end: Int)? {
        var content: [UInt8] = []
        var index = start
        while true {
            guard let lineEnd = bytes[index...].firstIndex(of: 10) else { return nil }
            guard lineEnd > index, bytes[lineEnd - 1] == 13,
                let count = Int(String(decoding: bytes[index..<lineEnd - 1], as: UTF8.self), radix: 16), count >= 0
            else { throw HTTPAnswer.Fault.malformed("chunk size") }
            guard bytes.count >= lineEnd + 1 + count + 2 else { return nil }
            let dataEnd = lineEnd + 1 + count
            guard bytes[dataEnd] == 13, bytes[dataEnd + 1] == 10 else { throw HTTPAnswer.Fault.malformed("chunk end") }
            if count == 0 { return (content, dataEnd + 2) }
            content += bytes[lineEnd + 1..<dataEnd]
            index = dataEnd + 2
        }
    }
}
