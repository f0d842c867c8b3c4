import HTTP1
import Testing

@Suite("BodyDecoder")
struct BodyDecoderTests {
    @Test("a body of known length ends with its last byte and leaves the next request alone")
    func length() {
        #expect(BodyOutcome.of("hello", framing: .length(5)) == .ended(body: Array("hello".utf8), wireCount: 5))
        #expect(BodyOutcome.of("helloGET /", framing: .length(5)) == .ended(body: Array("hello".utf8), wireCount: 5))
        #expect(BodyOutcome.of("hell", framing: .length(5)) == .unfinished(body: Array("hell".utf8)))
    }

    @Test("no body and an empty one have ended before they begin")
    func empty() {
        for framing in [BodyFraming.none, .length(0)] {
            #expect(BodyDecoder(framing).hasEnded)
            #expect(BodyOutcome.of("GET /", framing: framing) == .ended(body: [], wireCount: 0))
        }
    }

    @Test("a body until the end of the connection takes every byte and never ends by itself")
    func untilClose() {
        #expect(BodyOutcome.of("0\r\n\r\n", framing: .untilClose) == .unfinished(body: Array("0\r\n\r\n".utf8)))
    }

    @Test("a cut connection is the proper end of such a body alone: a truncated one is never called complete")
    func endsWithConnection() throws {
        #expect(BodyDecoder(.untilClose).endsWithConnection)
        #expect(BodyDecoder(.none).endsWithConnection)
        #expect(!BodyDecoder(.chunked).endsWithConnection)
        var decoder = BodyDecoder(.length(2))
        for (text, ends) in [("a", false), ("b", true)] {
            let bytes = Array(text.utf8)
            _ = try bytes.withBytes { pointer throws(HTTPViolation) in try decoder.next(pointer) }
            #expect(decoder.endsWithConnection == ends && decoder.hasEnded == ends)
        }
    }

    @Test("no bytes change nothing")
    func noBytes() throws {
        for framing in [BodyFraming.length(1), .chunked, .untilClose] {
            var decoder = BodyDecoder(framing)
            let event = try [UInt8]().withBytes { pointer throws(HTTPViolation) in try decoder.next(pointer) }
            #expect(event == .needMore && !decoder.hasEnded)
        }
    }
}
