import HTTP1
import Testing

@Suite("RequestHeadParser: limits and state")
struct RequestLimitTests {
    private let limits = HeadLimits(startLineBytes: 24, headerBytes: 30, fieldCount: 3)

    @Test("a start-line of the limit is taken, one byte more is refused, however it arrives")
    func startLine() {
        // "GET /" and " HTTP/1.1" are 14 bytes.
        let atLimit = "GET /\(String(repeating: "a", count: 10)) HTTP/1.1\r\nHost: a\r\n\r\n"
        let over = "GET /\(String(repeating: "a", count: 11)) HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(RequestOutcome.of(atLimit, limits: limits).view != nil)
        #expect(RequestOutcome.of("\r\n" + atLimit, limits: limits).view != nil)
        #expect(RequestOutcome.of(over, limits: limits).violation == .startLineTooLong)
        #expect(RequestOutcome.of(String(repeating: "A", count: 25), limits: limits).violation == .startLineTooLong)
        #expect(RequestOutcome.of(String(repeating: "A", count: 24) + "\r", limits: limits) == .unfinished)
        #expect(
            RequestOutcome.of(String(repeating: "A", count: 25) + "\0", limits: limits).violation == .startLineTooLong)
    }

    @Test("a header section of the limit is taken, one byte more is refused, however it arrives")
    func headerSection() {
        // "Host: a" CR LF and "X: " are 12 bytes; the last line's end does not count.
        let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        let atLimit = start + String(repeating: "x", count: 18)
        #expect(RequestOutcome.of(atLimit + "\r\n\r\n", limits: limits).view != nil)
        #expect(RequestOutcome.of(atLimit + "\r\n\r", limits: limits) == .unfinished)
        #expect(RequestOutcome.of(atLimit + "x\r\n\r\n", limits: limits).violation == .headerSectionTooLarge)
        #expect(RequestOutcome.of(atLimit + "xx", limits: limits).violation == .headerSectionTooLarge)
        #expect(RequestOutcome.of(atLimit + "x\0", limits: limits).violation == .headerSectionTooLarge)
    }

    @Test("the number of fields is bounded")
    func fieldCount() {
        let start = "GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\n"
        #expect(RequestOutcome.of(start + "\r\n", limits: limits).view?.fields.count == 3)
        #expect(RequestOutcome.of(start + "C:\r\n\r\n", limits: limits).violation == .headerSectionTooLarge)
    }

    @Test("what cannot become a request is refused at its first byte")
    func earlyRefusal() {
        #expect(RequestOutcome.of("\u{16}\u{3}\u{1}").violation == .controlByte)
        #expect(RequestOutcome.of("{").violation == .invalidMethod)
        #expect(RequestOutcome.of(" ").violation == .invalidMethod)
    }

    @Test("a refused head stays refused: the next line does not bring it back")
    func staysRefused() {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nBad Field: x\r\nGood: y\r\n\r\n".utf8)
        var parser = RequestHeadParser()
        for _ in 0..<3 {
            #expect(bytes.violation { pointer throws(HTTPViolation) in try parser.parse(pointer) } == .malformedField)
        }
    }

    @Test("a complete head stays complete: bytes of the next request do not join it")
    func staysComplete() throws {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\nX-Auth-Subject: evil\r\n\r\n".utf8)
        var parser = RequestHeadParser()
        for _ in 0..<3 {
            let progress = try bytes.withBytes { pointer throws(HTTPViolation) in try parser.parse(pointer) }
            #expect(progress == .complete && parser.head.fields.count == 1)
        }
    }

    @Test("after a reset nothing of the old head is left")
    func reset() throws {
        let first = Array(
            "POST http://b/x%2ey?z HTTP/1.0\r\nHost: a\r\nAuthorization: x\r\nX-API-Key: y\r\nContent-Length: 3\r\n\r\n"
                .utf8)
        let second = Array("OPTIONS * HTTP/1.1\r\nHost: c\r\n\r\n".utf8)
        var parser = RequestHeadParser()
        _ = try first.withBytes { pointer throws(HTTPViolation) in try parser.parse(pointer) }
        parser.reset()
        let view = try second.withBytes { pointer throws(HTTPViolation) in
            _ = try parser.parse(pointer)
            return RequestOutcome.View(parser.head, in: pointer)
        }
        #expect(RequestOutcome.complete(view) == RequestOutcome.read(second, ends: [second.count]))
    }

    @Test("a head is entered with its first byte and left with its last")
    func isInsideHead() throws {
        let bytes = Array("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var parser = RequestHeadParser()
        for end in 0...bytes.count {
            _ = try bytes.withBytes { pointer throws(HTTPViolation) in
                try parser.parse(UnsafeRawBufferPointer(rebasing: pointer[..<end]))
            }
            #expect(parser.isInsideHead == (end > 2 && end < bytes.count), "after \(end) bytes")
        }
        parser.reset()
        #expect(!parser.isInsideHead)
    }
}
