import HTTP1
import Testing

@Suite("ChunkedDecoder")
struct ChunkedDecoderTests {
    @Test("chunks are joined, and what follows the last is left alone")
    func chunks() {
        let text = "5\r\nhello\r\n1\r\n \r\n00A\r\n0123456789\r\n0\r\n\r\n"
        #expect(BodyOutcome.of(text + "GET /").text == "hello 0123456789")
        #expect(BodyOutcome.of(text + "GET /") == BodyOutcome.of(text))
        #expect(BodyOutcome.of("0\r\n\r\n").text == "")
        #expect(BodyOutcome.of("2\r\n\r\n\r\n0\r\n\r\n").text == "\r\n")
    }

    @Test(
        "a malformed size is refused",
        arguments: [
            "\r\n", " 5\r\n", "5 \r\n", "\t5\r\n", "-5\r\n", "+5\r\n", "0x5\r\n", "g\r\n", "5\n", "5\r\r", "5\rh",
            "5 ;a\r\n",
            ";a\r\n", "5\0\r\n", "5,5\r\n", "5\u{a0}\r\n", "\u{665}\r\n", "_5\r\n",
        ])
    func malformedSize(text: String) {
        #expect(BodyOutcome.of(text).violation == .malformedChunk)
    }

    @Test("a size is at most 2^53 - 1 and 16 digits: none wraps around")
    func largestSize() {
        #expect(BodyOutcome.of("1fffffffffffff\r\nx") == .unfinished(body: [UInt8(ascii: "x")]))
        #expect(BodyOutcome.of("001fffffffffffff\r\nx") == .unfinished(body: [UInt8(ascii: "x")]))
        for size in [
            "20000000000000", "ffffffffffffffff", "10000000000000005", "00000000000000005", "8000000000000000",
        ] {
            #expect(BodyOutcome.of("\(size)\r\n").violation == .malformedChunk)
        }
    }

    @Test(
        "chunk data that runs over or ends without CR LF is refused",
        arguments: [
            "5\r\nhelloXX\r\n", "5\r\nhelloX", "5\r\nhello\n", "5\r\nhello\rX", "5\r\nhello0\r\n\r\n", "1\r\nab",
        ])
    func spill(text: String) {
        #expect(BodyOutcome.of(text).violation == .malformedChunk)
    }

    @Test(
        "a truncated body does not end",
        arguments: ["5\r\nhel", "5\r\nhello\r\n", "0", "0\r\n", "0\r\n\r", "0\r\nX: y\r\n", ""])
    func truncated(text: String) {
        guard case .unfinished = BodyOutcome.of(text) else {
            Issue.record("\(text.debugDescription) ended or was refused")
            return
        }
    }

    @Test(
        "extensions within the grammar are dropped",
        arguments: [";a", ";a=b", "; a=b;c", ";a=\"b;\\\"\"", ";a=\"\u{e9}\t\"", ";a=\"\"", ";\ta"])
    func extensions(text: String) {
        #expect(BodyOutcome.of("1\(text)\r\nx\r\n0\(text)\r\n\r\n").text == "x")
    }

    @Test(
        "extensions outside of it are refused",
        arguments: [
            ";", "; ", ";;", ";=", ";a=", ";a =b", ";a= b", ";a=b c", ";a=\"b\"c", ";a=\"b", ";a=\"\n\"", ";a=\"\\\n\"",
            ";a\n",
            ";a=\"\0\"", ";a\0", ";a\rX", ";\u{e9}", ";a=\"\r\n5",
        ])
    func malformedExtensions(text: String) {
        #expect(BodyOutcome.of("1\(text)\r\nx\r\n0\r\n\r\n").violation == .malformedChunk)
    }

    @Test("extensions of all chunks together are bounded")
    func extensionLimit() {
        let name = String(repeating: "a", count: ChunkedDecoder.extensionByteLimit - 1)
        func outcome(_ text: String) -> BodyOutcome {
            BodyOutcome.read(Array(text.utf8), framing: .chunked, ends: [text.utf8.count])
        }
        // The CR that ends an extension is counted with it.
        #expect(outcome("1;\(name)\r\nx\r\n0\r\n\r\n").violation == nil)
        #expect(outcome("1;\(name)a\r\nx\r\n0\r\n\r\n").violation == .malformedChunk)
        #expect(outcome("1;\(name)\r\nx\r\n1;a\r\nx\r\n0\r\n\r\n").violation == .malformedChunk)
    }

    @Test(
        "trailer lines are checked and shown, split anywhere",
        arguments: ["X: y\r\n", "X:\r\nContent-Length: 5\r\n", "X: \u{e9}\t\r\nHost: evil\r\n"])
    func trailers(text: String) {
        let body = "1\r\nx\r\n0\r\n\(text)\r\n"
        #expect(
            BodyOutcome.of(body + "rest")
                == .ended(body: [UInt8(ascii: "x")], wireCount: body.utf8.count, trailers: Array(text.utf8)))
    }

    @Test(
        "a malformed trailer is refused",
        arguments: [
            " X: y\r\n", "X: y\r\n z\r\n", "X\r\n", ": y\r\n", "X : y\r\n", "X: y\n", "X: \0\r\n", "X: y\rz", "\n",
            "\rX",
        ])
    func malformedTrailers(text: String) {
        #expect(BodyOutcome.of("0\r\n\(text)\r\n").violation == .malformedTrailer)
    }

    @Test("the trailer section is bounded")
    func trailerLimit() {
        let field = "X: \(String(repeating: "y", count: 11))\r\n"
        func isTaken(_ limit: Int) -> Bool {
            var decoder = ChunkedDecoder(trailerByteLimit: limit)
            let bytes = Array("0\r\n\(field)\r\n".utf8)
            return (try? bytes.withBytes { pointer throws(HTTPViolation) in try decoder.next(pointer) }) != nil
        }
        #expect(isTaken(16) && !isTaken(15) && !isTaken(0))
    }

    @Test("a refused body stays refused, and an ended one takes nothing more")
    func staysRefused() throws {
        var decoder = ChunkedDecoder()
        for text in ["5\n", "\n", "5\r\nhello"] {
            #expect(
                Array(text.utf8).violation { pointer throws(HTTPViolation) in try decoder.next(pointer) }
                    == .malformedChunk)
        }
        var body = BodyDecoder(.chunked)
        for text in ["5\rX", "0\r\n\r\n", "5\r\nhello"] {
            #expect(
                Array(text.utf8).violation { pointer throws(HTTPViolation) in try body.next(pointer) }
                    == .malformedChunk)
        }
        #expect(!body.hasEnded && !body.endsWithConnection)
        var ended = ChunkedDecoder()
        let last = Array("0\r\n\r\n".utf8)
        _ = try last.withBytes { pointer throws(HTTPViolation) in try ended.next(pointer) }
        #expect(ended.hasEnded)
        #expect(last.violation { pointer throws(HTTPViolation) in try ended.next(pointer) } == .malformedChunk)
    }
}
