import Testing

@testable import Proxy

/// What a backend that is taken over, or was fooled, may try on the clients behind one connection to it.
@Suite("Response splitting and poisoning")
struct ResponseSplittingTests {
    private static let injected = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ninjected"

    private static let refused: [(name: String, answer: String)] = [
        ("CL.TE", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + injected),
        ("CL.CL", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\n" + injected),
        ("CL list", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello" + injected),
        ("CL negative", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + injected),
        ("CL overflow", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n" + injected),
        ("TE.TE", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + injected),
        ("TE twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("TE in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + injected),
        ("bare LF in a value", "HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n"),
        ("bare CR in a value", "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n"),
        ("NUL in a value", "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n"),
        ("obs-fold", "HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 5\r\n\r\n"),
        ("space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"),
        ("no colon", "HTTP/1.1 200 OK\r\nX\r\nContent-Length: 0\r\n\r\n"),
        ("bare LF after the status line", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
        ("control byte in the reason", "HTTP/1.1 200 O\u{b}K\r\nContent-Length: 0\r\n\r\n"),
        ("HTTP/0.9", "<html></html>"), ("HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
        ("status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
        ("status 999", "HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n"),
        ("101 that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
        ("Connection takes CL away", "HTTP/1.1 200 OK\r\nConnection: Content-Length\r\nContent-Length: 0\r\n\r\n"),
        ("head without end", "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 200)),
    ]

    /// Asks for `path` twice over one client connection; the backend answers the first with `answer`.
    private func ask(_ answer: String, _ ends: (Int) -> [Int]) throws -> (EmbeddedGateway.Outcome, [RawResponse]) {
        let gateway = EmbeddedGateway()
        let bytes = answer.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        let pieces = bytes.cut(at: ends(bytes.count)).map(Array.init)
        gateway.script = { request in
            guard request.startLine.contains("/first") else { return EmbeddedGateway.echo(request) }
            return EmbeddedGateway.Answer(pieces: pieces)
        }
        let requests = "GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n"
        let outcome = try gateway.exchange([Array(requests.utf8)[...]])
        var rest = outcome.answers[...]
        var responses: [RawResponse] = []
        while let (response, count) = try RawResponse.parse(Array(rest), isHead: false, atEnd: true) {
            responses.append(response)
            rest = rest.dropFirst(count)
        }
        return (outcome, responses)
    }

    @Test("is 502, whole and byte by byte, and the next answer is the next request's", arguments: refused.indices)
    func isRefused(index: Int) throws {
        let (name, answer) = Self.refused[index]
        for ends in [{ _ in [] }, { Array(1..<$0) }] as [(Int) -> [Int]] {
            let (outcome, responses) = try ask(answer, ends)
            #expect(responses.map(\.status) == [502, 200], "\(name): \(responses.map(\.status))")
            #expect(responses.last?.text == "GET /second HTTP/1.1", "\(name)")
            #expect(!String(decoding: outcome.answers, as: UTF8.self).contains("evil"), "\(name)")
            #expect(Set(outcome.requests.map(\.connection)).count == 2, "\(name): its connection is used again")
        }
    }

    private static let cutOff: [(name: String, answer: String)] = [
        ("chunk-size overflow", "10000000000000003\r\nabc\r\n0\r\n\r\n" + injected),
        ("chunk-size negative", "-1\r\n" + injected), ("chunk line ended by LF", "3\nabc\r\n0\r\n\r\n" + injected),
        ("chunk data too long", "3\r\nabcd\r\n0\r\n\r\n" + injected),
        ("chunk extension with a quoted line end", "3;a=\"\r\nabc\r\n0\r\n\r\n\"\r\n" + injected),
        ("body ended by LF", "0\r\n\n" + injected), ("trailer ended by LF", "0\r\nSet-Cookie: evil\n\r\n" + injected),
    ]

    @Test("within a body: the client's connection breaks off, so that nobody takes a part for all of it")
    func breaksOff() throws {
        for (name, chunks) in Self.cutOff {
            let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
            let (outcome, responses) = try ask(answer) { _ in [] }
            let isCutOff = responses.first.map { $0.status == 502 || !$0.isComplete } ?? true
            #expect(isCutOff && !outcome.answers.contains(Array("injected".utf8)), "\(name): \(responses)")
            #expect(!outcome.answers.contains(Array("evil".utf8)), "\(name): \(responses)")
        }
    }

    @Test("bytes after an answer are nobody's: they reach no client, and their connection ends")
    func leftOver() throws {
        for head in ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"] {
            let (outcome, responses) = try ask(head + Self.injected) { _ in [] }
            #expect(responses.count == 2 && responses.last?.text == "GET /second HTTP/1.1")
            #expect(Set(outcome.requests.map(\.connection)).count == 2)
        }
    }
}
