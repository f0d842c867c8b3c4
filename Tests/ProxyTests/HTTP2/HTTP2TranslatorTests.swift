import HTTP1
import NIOCore
import NIOHPACK
import Testing

@testable import Proxy

@Suite("HTTP/2 bodies and answers as HTTP/1.1")
struct HTTP2TranslatorTests {
    private static let post: HPACKHeaders = [":method": "POST", ":scheme": "http", ":path": "/", ":authority": "a"]

    private func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    // MARK: - Requests

    @Test("DATA becomes chunks, an empty frame none, and the end of the stream the last one")
    func chunks() throws {
        var translator = HTTP2RequestTranslator()
        _ = try translator.headers(Self.post, endsStream: false)
        #expect(try String(buffer: translator.data(bytes("hello"), endsStream: false)) == "5\r\nhello\r\n")
        // A chunk of no bytes would be the end of the body, and what follows a request of its own.
        #expect(try translator.data(bytes(""), endsStream: false).readableBytes == 0)
        #expect(try String(buffer: translator.data(bytes("0\r\n\r\n"), endsStream: false)) == "5\r\n0\r\n\r\n\r\n")
        #expect(!translator.isComplete)
        #expect(try String(buffer: translator.data(bytes("x"), endsStream: true)) == "1\r\nx\r\n0\r\n\r\n")
        #expect(translator.isComplete)
    }

    @Test("an announced length is kept to the byte")
    func length() throws {
        func translator() throws -> HTTP2RequestTranslator {
            var translator = HTTP2RequestTranslator()
            var block = Self.post
            block.add(name: "content-length", value: "3")
            _ = try translator.headers(block, endsStream: false)
            return translator
        }
        var good = try translator()
        #expect(try String(buffer: good.data(bytes("ab"), endsStream: false)) == "ab")
        #expect(try String(buffer: good.data(bytes("c"), endsStream: true)) == "c")
        #expect(good.isComplete)
        var long = try translator()
        #expect(throws: HTTP2Violation.contentLength) { try long.data(bytes("abcd"), endsStream: false) }
        var short = try translator()
        #expect(throws: HTTP2Violation.contentLength) { try short.data(bytes("ab"), endsStream: true) }
        var trailed = try translator()
        _ = try trailed.data(bytes("ab"), endsStream: false)
        #expect(throws: HTTP2Violation.contentLength) { try trailed.headers(["x": "y"], endsStream: true) }
        var full = try translator()
        _ = try full.data(bytes("abc"), endsStream: false)
        // With a length there is no place for trailers: they are left out.
        #expect(try full.headers(["x": "y"], endsStream: true).readableBytes == 0)
        #expect(full.isComplete)
    }

    @Test("trailers follow the last chunk")
    func trailers() throws {
        var translator = HTTP2RequestTranslator()
        _ = try translator.headers(Self.post, endsStream: false)
        let end = try translator.headers(["x-sum": "1", "x-more": "2"], endsStream: true)
        #expect(String(buffer: end) == "0\r\nx-sum: 1\r\nx-more: 2\r\n\r\n")
    }

    @Test(
        "trailers that are none are malformed",
        arguments: [
            ([(":path", "/")], HTTP2Violation.pseudoField), ([("X", "y")], .fieldName),
            ([("x", "y\r\n0")], .fieldValue),
            ([("transfer-encoding", "chunked")], .connectionField), ([("content-length", "0")], .contentLength),
        ] as [([(String, String)], HTTP2Violation)])
    func badTrailers(_ fields: [(String, String)], _ violation: HTTP2Violation) throws {
        var translator = HTTP2RequestTranslator()
        _ = try translator.headers(Self.post, endsStream: false)
        #expect(throws: violation) { try translator.headers(HPACKHeaders(fields), endsStream: true) }
    }

    @Test("a second head before the end is malformed, and so is anything after it")
    func order() throws {
        var translator = HTTP2RequestTranslator()
        #expect(throws: HTTP2Violation.trailers) { try translator.data(bytes("x"), endsStream: false) }
        _ = try translator.headers(Self.post, endsStream: false)
        #expect(throws: HTTP2Violation.trailers) { try translator.headers(["x": "y"], endsStream: false) }
        _ = try translator.data(bytes(""), endsStream: true)
        #expect(throws: HTTP2Violation.trailers) { try translator.headers(["x": "y"], endsStream: true) }
        #expect(throws: HTTP2Violation.trailers) { try translator.data(bytes(""), endsStream: true) }
    }

    // MARK: - Answers

    private struct Answer: Equatable {
        var heads: [[String]] = []
        var body = ""
        var trailers: [String]?
        var isComplete = false
    }

    private func translate(_ text: String, pieceSize: Int = .max, isHead: Bool = false) throws -> Answer {
        var translator = HTTP2ResponseTranslator()
        var answer = Answer()
        var rest = Array(text.utf8)[...]
        func lines(_ block: HPACKHeaders) -> [String] { block.map { "\($0.name): \($0.value)" } }
        while !rest.isEmpty {
            translator.append(ByteBuffer(bytes: rest.prefix(pieceSize)))
            rest = rest.dropFirst(pieceSize)
            while let part = try translator.next(isHead: isHead) {
                switch part {
                case .interim(let block), .head(let block): answer.heads.append(lines(block))
                case .body(let bytes): answer.body += String(buffer: bytes)
                case .end(let trailers): answer.trailers = trailers.map(lines)
                }
            }
        }
        answer.isComplete = translator.isComplete
        return answer
    }

    static let answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\nConnection: close\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\nConnection: close\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ]

    @Test("an answer is the same however it is written", arguments: answers)
    func pieces(_ text: String) throws {
        let whole = try translate(text)
        #expect(whole.isComplete)
        for size in 1...text.utf8.count {
            #expect(try translate(text, pieceSize: size) == whole, "\(size)")
        }
    }

    @Test("names are lower-case, and what belongs to HTTP/1.1 stays there")
    func fields() throws {
        #expect(try translate(Self.answers[0]).heads == [[":status: 200", "x-a: b", "content-length: 5"]])
        #expect(try translate(Self.answers[1]).heads == [[":status: 200", "x-a: b"]])
        #expect(try translate(Self.answers[1]).body == "hello")
        #expect(
            try translate(Self.answers[2]).heads == [[":status: 100"], [":status: 103", "link: x"], [":status: 204"]])
    }

    @Test("trailers come after the body")
    func answerTrailers() throws {
        let text =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\nX-Sum: 1\r\nGrpc-Status:0\r\n\r\n"
        let answer = try translate(text)
        #expect(answer.trailers == ["x-sum: 1", "grpc-status: 0"])
        for size in 1...text.utf8.count {
            #expect(try translate(text, pieceSize: size) == answer, "\(size)")
        }
        #expect(answer.body == "he")
    }

    @Test("the answer to HEAD ends with its head and keeps its length")
    func head() throws {
        let answer = try translate("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", isHead: true)
        #expect(answer.isComplete && answer.heads == [[":status: 200", "content-length: 5"]])
    }

    @Test(
        "what HTTP/2 cannot carry is not sent",
        arguments: ["HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "220 mail ESMTP\r\n"])
    func refusals(_ text: String) {
        #expect(throws: HTTPViolation.self) { try translate(text) }
    }
}
