import HTTP1
import Testing

@Suite("ResponseHeadParser")
struct ResponseHeadParserTests {
    private static func head(_ fields: String, line: String = "HTTP/1.1 200 OK") -> String {
        "\(line)\r\n\(fields)\(fields.isEmpty ? "" : "\r\n")\r\n"
    }

    @Test("a plain response is taken apart")
    func plainResponse() throws {
        let text = "HTTP/1.1 404 Not \u{e9} Found\r\nDate: now\r\nContent-Length: 5\r\nX-A:\tb \r\n\r\n"
        let view = try #require(ResponseOutcome.of(text + "hello").view)
        #expect(view.status == 404 && view.reason == "Not \u{e9} Found" && view.minorVersion == 1)
        #expect(view.framing == .length(5) && view.keepsAlive && view.hasDate)
        #expect(view.byteCount == text.utf8.count)
        #expect(view.fields.map(\.value) == ["now", "5", "b"])
    }

    @Test("the reason may be empty or missing")
    func reason() {
        #expect(ResponseOutcome.of(Self.head("", line: "HTTP/1.0 200 ")).view?.reason == "")
        #expect(ResponseOutcome.of(Self.head("", line: "HTTP/1.0 200")).view?.reason == "")
        #expect(ResponseOutcome.of(Self.head("", line: "HTTP/1.1 200  a ")).view?.reason == " a ")
    }

    @Test(
        "a malformed status-line is refused",
        arguments: [
            ("HTTP/1.1 99 X", HTTPViolation.invalidStatus), ("HTTP/1.1 099 X", .invalidStatus),
            ("HTTP/1.1 600 X", .invalidStatus), ("HTTP/1.1 2x0 X", .invalidStatus), ("HTTP/1.1 -20 X", .invalidStatus),
            ("HTTP/1.1 1000 X", .malformedStartLine), ("HTTP/1.1 200X", .malformedStartLine),
            ("HTTP/1.1  200 X", .invalidStatus), ("HTTP/1.1200 OK", .malformedStartLine),
            ("HTTP/1.1\t200 OK", .malformedStartLine), ("HTTP/1.1 200\tOK", .malformedStartLine),
            ("HTTP/1.1 20", .malformedStartLine), ("HTTP/1.1", .malformedStartLine),
            ("HTTP/1.2 200 OK", .unsupportedVersion),
            ("HTTP/2 200 OK", .unsupportedVersion), ("http/1.1 200 OK", .unsupportedVersion),
            ("ICY 200 OK", .unsupportedVersion), (" HTTP/1.1 200 OK", .unsupportedVersion),
            ("GET / HTTP/1.1", .unsupportedVersion), ("HTT", .malformedStartLine),
        ])
    func malformedStatusLine(line: String, violation: HTTPViolation) {
        #expect(ResponseOutcome.of(Self.head("Content-Length: 0", line: line)).violation == violation)
    }

    @Test("an empty line before the status-line is refused")
    func leadingEmptyLine() {
        #expect(ResponseOutcome.of("\r\n" + Self.head("")).violation != nil)
    }

    @Test(
        "response splitting: a line is ended by CR LF and holds no control byte",
        arguments: [
            "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 O\rK\r\n\r\n", "HTTP/1.1 200 O\0K\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: \u{1}\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n\n",
        ])
    func controlBytes(text: String) {
        #expect(ResponseOutcome.of(text).violation == .controlByte)
    }

    @Test("a malformed field line is refused", arguments: [" X: a", "X : a", "X", ": a", "X[A]: b", "X: a\r\n b"])
    func malformedFields(fields: String) {
        #expect(ResponseOutcome.of(Self.head(fields)).violation == .malformedField)
    }

    @Test(
        "ambiguous framing is refused",
        arguments: [
            ("Content-Length: 5\r\nContent-Length: 5", HTTPViolation.invalidContentLength),
            ("Content-Length: 5\r\nContent-Length: 6", .invalidContentLength),
            ("Content-Length: 5, 5", .invalidContentLength),
            ("Content-Length: +5", .invalidContentLength), ("Content-Length:", .invalidContentLength),
            ("Content-Length: 9007199254740992", .invalidContentLength),
            ("Transfer-Encoding: chunked, chunked", .invalidTransferEncoding),
            ("Transfer-Encoding: gzip, chunked", .invalidTransferEncoding),
            ("Transfer-Encoding: gzip", .invalidTransferEncoding), ("Transfer-Encoding:", .invalidTransferEncoding),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .invalidTransferEncoding),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5", .ambiguousFraming),
            ("Content-Length: 5\r\nConnection: Content-Length", .invalidConnection),
        ])
    func ambiguousFraming(fields: String, violation: HTTPViolation) {
        #expect(ResponseOutcome.of(Self.head(fields)).violation == violation)
    }

    @Test("chunked in HTTP/1.0 is refused")
    func chunkedInHTTP10() {
        let text = Self.head("Transfer-Encoding: chunked", line: "HTTP/1.0 200 OK")
        #expect(ResponseOutcome.of(text).violation == .invalidTransferEncoding)
    }

    @Test("without a framing field the body ends with the connection")
    func declaredFraming() {
        #expect(ResponseOutcome.of(Self.head("")).view?.framing == .untilClose)
        #expect(ResponseOutcome.of(Self.head("Transfer-Encoding: Chunked")).view?.framing == .chunked)
        #expect(ResponseOutcome.of(Self.head("Content_Length: 5")).view?.framing == .untilClose)
    }

    @Test("HEAD, 1xx, 204 and 304 have no body whatever the fields say")
    func bodilessResponses() {
        var head = ResponseHead()
        head.declaredFraming = .length(5)
        for status in 100...599 {
            head.status = status
            let isBodiless = status < 200 || status == 204 || status == 304
            #expect(head.framing(for: .get) == (isBodiless ? BodyFraming.none : .length(5)))
            #expect(head.framing(for: .head) == BodyFraming.none)
        }
    }

    @Test("Connection decides whether the upstream's connection goes on, and names what is not passed on")
    func connection() throws {
        #expect(ResponseOutcome.of(Self.head("Connection: close")).view?.keepsAlive == false)
        #expect(ResponseOutcome.of(Self.head("", line: "HTTP/1.0 200 OK")).view?.keepsAlive == false)
        #expect(
            ResponseOutcome.of(Self.head("Connection: keep-alive", line: "HTTP/1.0 200 OK")).view?.keepsAlive == true)
        let view = try #require(ResponseOutcome.of(Self.head("X-Hop: 1\r\nConnection: x-hop\r\nX-End: 2")).view)
        #expect(view.fields.map(\.traits) == [.hopByHop, .hopByHop, []])
    }

    @Test("limits are exact, however the head arrives")
    func limits() {
        let limits = HeadLimits(startLineBytes: 20, headerBytes: 10, fieldCount: 2)
        let atLimit = "HTTP/1.1 200 1234567\r\nX: 4567890\r\n\r\n"
        #expect(ResponseOutcome.of(atLimit, limits: limits).view != nil)
        #expect(ResponseOutcome.of("HTTP/1.1 200 12345678\r\n\r\n", limits: limits).violation == .startLineTooLong)
        #expect(ResponseOutcome.of("HTTP/1.1 200 12345678", limits: limits).violation == .startLineTooLong)
        #expect(
            ResponseOutcome.of("HTTP/1.1 200 \r\nX: 45678901\r\n\r\n", limits: limits).violation
                == .headerSectionTooLarge)
        #expect(ResponseOutcome.of("HTTP/1.1 200 \r\nX: 45678901", limits: limits).violation == .headerSectionTooLarge)
        #expect(ResponseOutcome.of("HTTP/1.1 200 \r\nA:\r\nB:\r\n\r\n", limits: limits).view?.fields.count == 2)
        #expect(
            ResponseOutcome.of("HTTP/1.1 200 \r\nA:\r\nB:\r\nC:\r\n\r\n", limits: limits).violation
                == .headerSectionTooLarge)
    }

    @Test(
        "what cannot become a response is refused at its first byte", arguments: ["h", "\u{15}", "<", "HTTP/2", "\r\r"])
    func earlyRefusal(text: String) {
        #expect(ResponseOutcome.of(text).violation != nil)
    }

    @Test("a refused head stays refused, a complete one complete, until a reset")
    func state() throws {
        let bad = Array("HTTP/1.1 200 OK\r\nBad Field: x\r\nGood: y\r\n\r\n".utf8)
        let good = Array("HTTP/1.1 200 OK\r\nA: b\r\n\r\nC: d\r\n\r\n".utf8)
        var parser = ResponseHeadParser()
        for _ in 0..<2 {
            #expect(bad.violation { pointer throws(HTTPViolation) in try parser.parse(pointer) } == .malformedField)
        }
        parser.reset()
        for _ in 0..<2 {
            let progress = try good.withBytes { pointer throws(HTTPViolation) in try parser.parse(pointer) }
            #expect(progress == .complete && parser.head.fields.count == 1)
        }
    }
}
