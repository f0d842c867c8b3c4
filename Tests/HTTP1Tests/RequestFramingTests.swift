import HTTP1
import Testing

/// Request smuggling: every message whose end two readers could see in two places is refused.
@Suite("RequestHeadParser: framing")
struct RequestFramingTests {
    private func outcome(_ fields: String, version: String = "1.1") -> RequestOutcome {
        RequestOutcome.of(RequestHeadParserTests.head(fields, line: "POST / HTTP/\(version)"))
    }

    @Test(
        "a Content-Length that is not one decimal number in range is refused",
        arguments: [
            "", "+5", "-5", "5,5", "5, 5", "5 5", "0x5", "5.0", "5e0", "five", "5\u{a0}", "\u{b2}", "9007199254740992",
            "18446744073709551621", "99999999999999999999", "000000000000000000000000000000005", "5;", "\"5\"",
        ])
    func invalidContentLength(value: String) {
        #expect(outcome("Content-Length: \(value)").violation == .invalidContentLength)
    }

    @Test("leading zeros and white space around a Content-Length change nothing")
    func validContentLength() {
        #expect(outcome("Content-Length: 005").view?.framing == .length(5))
        #expect(outcome("Content-Length:5").view?.framing == .length(5))
        #expect(outcome("content-LENGTH:\t 5 \t").view?.framing == .length(5))
        #expect(outcome("Content-Length: 0").view?.framing == .length(0))
        #expect(outcome("Content-Length: 9007199254740991").view?.framing == .length((1 << 53) - 1))
        #expect(outcome("").view?.framing == BodyFraming.none)
    }

    @Test("a second Content-Length is refused, even the same one")
    func twoContentLengths() {
        #expect(outcome("Content-Length: 5\r\nContent-Length: 6").violation == .invalidContentLength)
        #expect(outcome("Content-Length: 5\r\ncontent-length: 5").violation == .invalidContentLength)
    }

    @Test("CL.TE and TE.CL: both framings in one message are refused")
    func bothFramings() {
        #expect(outcome("Content-Length: 5\r\nTransfer-Encoding: chunked").violation == .ambiguousFraming)
        #expect(outcome("Transfer-Encoding: chunked\r\nContent-Length: 5").violation == .ambiguousFraming)
        #expect(outcome("Transfer-Encoding: chunked\r\nContent-Length: 0").violation == .ambiguousFraming)
    }

    @Test(
        "TE.TE: a Transfer-Encoding that is not exactly chunked is refused",
        arguments: [
            "", "xchunked", "chunkedx", "chunked, identity", "identity, chunked", "identity", "gzip, chunked",
            "chunked,",
            ", chunked", "chunked, chunked", "\"chunked\"", "chunked;q=1", "chunked\u{a0}", "\u{ff43}hunked",
            "chun ked",
            "chun\tked", "gzip",
        ])
    func invalidTransferEncoding(value: String) {
        #expect(outcome("Transfer-Encoding: \(value)").violation == .invalidTransferEncoding)
    }

    @Test("two Transfer-Encoding fields are refused")
    func twoTransferEncodings() {
        #expect(
            outcome("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked").violation == .invalidTransferEncoding)
        #expect(outcome("Transfer-Encoding: chunked\r\nTransfer-Encoding: x").violation == .invalidTransferEncoding)
    }

    @Test("chunked is recognised in any case, and only in HTTP/1.1")
    func chunked() {
        #expect(outcome("tRANSFER-eNCODING: \tcHunKED ").view?.framing == .chunked)
        #expect(outcome("Transfer-Encoding: chunked", version: "1.0").violation == .invalidTransferEncoding)
    }

    @Test(
        "a look-alike of a framing field does not frame, and is marked for dropping",
        arguments: ["Transfer_Encoding: chunked", "Content_Length: 7", "Content.Length: 7", "Transfer~Encoding: x"])
    func lookAlikes(field: String) throws {
        let view = try #require(outcome("Content-Length: 5\r\n\(field)").view)
        #expect(view.framing == .length(5))
        #expect(view.fields.last?.traits == [.framing, .lookAlike])
    }

    @Test("Connection may not name a framing field, a Host, or a look-alike of one")
    func nominatedFraming() {
        for name in ["Content-Length", "transfer-encoding", "HOST", "content_length", "Transfer.Encoding"] {
            #expect(outcome("Content-Length: 5\r\nConnection: close, \(name)").violation == .invalidConnection)
        }
    }
}
