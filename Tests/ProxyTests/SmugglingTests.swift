import Testing

@testable import Proxy

/// Each class of request smuggling, named as the field names it: the gateway and a backend must not see two different
/// rows of requests in the same bytes.
@Suite("Request smuggling")
struct SmugglingTests {
    /// What would be smuggled.
    static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    /// A request, as it is named, and the bytes of it.
    struct Attack: CustomTestStringConvertible, Sendable {
        var name: String
        var bytes: String
        var testDescription: String { name }

        init(_ name: String, _ bytes: String) {
            self.name = name
            self.bytes = bytes
        }

        /// A `POST` with these field lines and this body.
        static func post(_ name: String, _ fields: String, body: String = "0\r\n\r\n" + smuggled) -> Attack {
            Attack(name, "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(body)")
        }

        /// A chunked body; an attack on the chunks.
        static func chunks(_ name: String, _ body: String) -> Attack {
            post(name, "Transfer-Encoding: chunked", body: body)
        }
    }

    private static let framing: [Attack] = [
        .post("CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked"),
        .post("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 6"),
        .post("TE.CL with CL 0", "Transfer-Encoding: chunked\r\nContent-Length: 0"),
        .post("CL.CL", "Content-Length: 5\r\nContent-Length: 0"),
        .post("CL.CL, the same twice", "Content-Length: 5\r\nContent-Length: 5"),
        .post("CL list", "Content-Length: 5, 5"), .post("CL sign", "Content-Length: +5"),
        .post("CL negative", "Content-Length: -5"), .post("CL hexadecimal", "Content-Length: 0x5"),
        .post("CL inner space", "Content-Length: 5 5"), .post("CL empty", "Content-Length:"),
        .post("CL overflow", "Content-Length: 18446744073709551621"),
        .post("CL letters", "Content-Length: 5a"), .post("CL decimal point", "Content-Length: 5.0"),
        .post("CL folded", "Content-Length: 5\r\n 0"),
        .post("TE.TE x", "Transfer-Encoding: xchunked"),
        .post("TE.TE identity", "Transfer-Encoding: identity\r\nContent-Length: 5"),
        .post("TE.TE list", "Transfer-Encoding: chunked, identity"),
        .post("TE.TE list before", "Transfer-Encoding: identity, chunked"),
        .post("TE.TE comma", "Transfer-Encoding: ,chunked"), .post("TE.TE quoted", "Transfer-Encoding: \"chunked\""),
        .post("TE.TE parameter", "Transfer-Encoding: chunked;q=1"),
        .post("TE.TE second line", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x"),
        .post("TE.TE first line", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked"),
        .post("TE.TE folded", "Transfer-Encoding:\r\n chunked"),
        .post("TE.TE space before colon", "Transfer-Encoding : chunked"),
        .post("TE.TE tab before colon", "Transfer-Encoding\t: chunked"),
        .post("TE.TE leading space", "X: y\r\n Transfer-Encoding: chunked"),
        .post("TE.TE vertical tab", "Transfer-Encoding: \u{b}chunked"),
        .post("TE.TE no-break space", "Transfer-Encoding: chunked\u{a0}"),
        .post("TE.TE bare CR", "X: y\rTransfer-Encoding: chunked"),
        .post("TE.TE bare LF", "X: y\nTransfer-Encoding: chunked"),
        .post("TE.TE NUL", "Transfer-Encoding: chunked\0"),
        .post("TE.TE quoted name", "\"Transfer-Encoding\": chunked"),
        Attack(
            "TE in HTTP/1.0",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled),
        .post("Connection takes CL away", "Connection: Content-Length\r\nContent-Length: 5"),
        .post("Connection takes TE away", "Connection: close, Transfer-Encoding\r\nTransfer-Encoding: chunked"),
    ]

    private static let lines: [Attack] = [
        .post("bare LF", "X: y\n"), .post("bare CR", "X: y\rZ: z"), .post("CR CR LF", "X: y\r"),
        .post("NUL in a value", "X: a\0b"), .post("NUL in a name", "X\0: y"), .post("DEL in a value", "X: \u{7f}"),
        .post("obs-fold", "X: a\r\n b"), .post("obs-fold by tab", "X: a\r\n\tb"),
        .post("space before the colon", "X : y"), .post("no colon", "X"), .post("no name", ": y"),
        Attack("white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n" + smuggled),
        Attack("LF alone ends every line", "GET / HTTP/1.1\nHost: a\n\n" + smuggled),
        Attack("LF alone ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\n" + smuggled),
        Attack("duplicate Host", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + smuggled),
        Attack("duplicate Host, the same", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n" + smuggled),
        Attack("no Host", "GET / HTTP/1.1\r\n\r\n" + smuggled),
        Attack("Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n" + smuggled),
        Attack("Host with a path", "GET / HTTP/1.1\r\nHost: a/x\r\n\r\n" + smuggled),
        Attack("Host with user information", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n" + smuggled),
        Attack("absolute-form with user information", "GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n" + smuggled),
        Attack("absolute-form without Host", "GET http://b/ HTTP/1.1\r\n\r\n" + smuggled),
        Attack("absolute-form of another scheme", "GET file://b/ HTTP/1.1\r\nHost: b\r\n\r\n" + smuggled),
        Attack("HTTP/0.9", "GET /\r\n" + smuggled),
        Attack("HTTP/0.9 with a version", "GET / HTTP/0.9\r\n\r\n" + smuggled),
        Attack("HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n" + smuggled),
        Attack("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Attack("HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n" + smuggled),
        Attack("HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n" + smuggled),
        Attack("HTTP in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n" + smuggled),
        Attack("two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled),
        Attack("space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled),
        Attack("tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled),
        Attack("line end in the target", "GET /a\r\nX: y HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled),
        Attack("encoded line end in the path", "GET /%0d%0aX:y HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled),
        Attack("fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled),
        Attack("two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled),
        Attack("TLS on a plain port", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0"),
    ]

    private static let chunks: [Attack] = [
        .chunks("chunk-size overflow", "10000000000000003\r\nabc\r\n0\r\n\r\n"),
        .chunks("chunk-size of 2^64", "10000000000000000\r\n0\r\n\r\n" + smuggled),
        .chunks("chunk-size negative", "-1\r\n0\r\n\r\n" + smuggled),
        .chunks("chunk-size with 0x", "0x0\r\n\r\n" + smuggled),
        .chunks("chunk-size after a space", " 0\r\n\r\n" + smuggled),
        .chunks("chunk-size before a space", "0 \r\n\r\n" + smuggled),
        .chunks("chunk-size missing", "\r\n0\r\n\r\n" + smuggled),
        .chunks("chunk-size with underscore", "0_3\r\nabc\r\n0\r\n\r\n"),
        .chunks("chunk line ended by LF (TERM.EXT)", "2;\nxx\r\n0\r\n\r\n" + smuggled),
        .chunks("chunk line ended by CR (TERM.EXT)", "2;a\rxx\r\n0\r\n\r\n" + smuggled),
        .chunks("chunk extension with a quoted line end (EXT.TERM)", "2;a=\"\r\nxx\r\n0\r\n\r\n\"\r\n" + smuggled),
        .chunks("chunk extension with LF (EXT.TERM)", "0;a\n\r\n\r\n" + smuggled),
        .chunks("chunk extension without a name", "0;=b\r\n\r\n" + smuggled),
        .chunks("chunk extensions without end", "0;\(String(repeating: "a", count: 5000))\r\n\r\n"),
        .chunks("chunk data too long (spill)", "1\r\nab\r\n0\r\n\r\n" + smuggled),
        .chunks("chunk data ended by LF", "1\r\na\n0\r\n\r\n" + smuggled),
        .chunks("chunk data not ended", "1\r\na0\r\n\r\n" + smuggled),
        .chunks("last chunk ended by LF", "0\n\r\n" + smuggled), .chunks("body ended by LF", "0\r\n\n" + smuggled),
        .chunks("trailer ended by LF", "0\r\nX: y\n\r\n" + smuggled),
        .chunks("trailer with a space before its colon", "0\r\nX : y\r\n\r\n" + smuggled),
        .chunks("trailer folded", "0\r\nX: y\r\n z\r\n\r\n" + smuggled),
        .chunks("trailer without a name", "0\r\n: y\r\n\r\n" + smuggled),
        .chunks("request for a trailer", "0\r\nGET /smuggled HTTP/1.1\r\n\r\n"),
    ]

    @Test("is refused, whole and byte by byte, and nothing after it is served", arguments: framing + lines + chunks)
    func isRefused(attack: Attack) throws {
        let gateway = EmbeddedGateway()
        let bytes = Array(attack.bytes.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
        for ends in [[], Array(1..<bytes.count)] {
            let outcome = try gateway.exchange(bytes.cut(at: ends))
            #expect(outcome.status == 400, "\(outcome.status ?? 0)")
            #expect(outcome.requests.isEmpty, "\(outcome.requests)")
            let (answer, count) = try #require(try RawResponse.parse(outcome.answers, isHead: false, atEnd: false))
            #expect(
                count == outcome.answers.count, "answered twice: \(String(decoding: outcome.answers, as: UTF8.self))")
            #expect(answer["Connection"] == "close" && outcome.closedEarly, "the connection goes on")
        }
    }

    /// What is one legal request to us, and must be the same one to every backend: its canonical head and its body.
    private static let harmless: [(Attack, lines: [String], body: String)] = [
        (
            .post("CL.0", "Content-Length: \(smuggled.utf8.count)", body: smuggled),
            ["Content-Length: \(smuggled.utf8.count)"], smuggled
        ),
        (
            Attack(
                "body of a GET",
                "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: \(smuggled.utf8.count)\r\n\r\n" + smuggled),
            ["Content-Length: \(smuggled.utf8.count)"], smuggled
        ),
        (.post("0.CL", "Content_Length: 37\r\nContent-Length: 0", body: ""), ["Content-Length: 0"], ""),
        (
            .post("a look-alike of TE beside CL", "Transfer_Encoding: chunked\r\nContent-Length: 5", body: "0\r\n\r\n"),
            ["Content-Length: 5"], "0\r\n\r\n"
        ),
        (
            .post("TE in capitals", "TRANSFER-ENCODING: CHUNKED", body: "1;a=\"b\"\r\nx\r\n0\r\n\r\n"),
            ["Transfer-Encoding: chunked"], "x"
        ),
        (
            .chunks("trailers that frame", "1\r\nx\r\n0\r\nContent-Length: 37\r\nHost: b\r\nX-Auth-Subject: b\r\n\r\n"),
            ["Transfer-Encoding: chunked"], "x"
        ),
        (
            Attack("absolute-form against Host", "GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n"), ["Host: b"], ""
        ),
        (
            Attack(
                "upgrade to h2c",
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"
            ), ["Host: a"], ""
        ),
        (
            Attack(
                "Connection takes Host's twin away", "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-A\r\nx-a: 1\r\n\r\n"),
            ["Host: a"], ""
        ),
    ]

    @Test("what is one request goes on as one, in one form, and the next is the next", arguments: harmless.indices)
    func isForwarded(index: Int) throws {
        let gateway = EmbeddedGateway()
        let (attack, lines, body) = Self.harmless[index]
        let bytes = Array((attack.bytes + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n").utf8)
        let allowed = ["Host", "Content-Length", "Transfer-Encoding", "X-Forwarded-", "X-Request-Id", "Via"]
        for ends in [[], Array(1..<bytes.count)] {
            let outcome = try gateway.exchange(bytes.cut(at: ends))
            #expect(outcome.requests.count == 2 && outcome.violations.isEmpty, "\(attack.name): \(outcome.requests)")
            #expect(outcome.requests.last?.startLine == "GET /next HTTP/1.1", "\(attack.name)")
            guard let request = outcome.requests.first else { continue }
            let head = request.head.split(separator: "\r\n").dropFirst().map(String.init)
            #expect(request.trailers.isEmpty, "\(attack.name): \(request.trailers)")
            #expect(request.body == Array(body.utf8) && lines.allSatisfy(head.contains), "\(attack.name): \(head)")
            #expect(head.allSatisfy { line in allowed.contains { line.hasPrefix($0) } }, "\(attack.name): \(head)")
            for name in ["Host", "Content-Length", "Transfer-Encoding"] {
                #expect(request.all(name).count <= 1, "\(attack.name): \(name) twice")
            }
        }
    }
}
