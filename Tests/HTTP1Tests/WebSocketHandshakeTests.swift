import HTTP1
import Testing

@Suite("WebSocketHandshake")
struct WebSocketHandshakeTests {
    private static let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    private static let version = "Sec-WebSocket-Version: 13\r\n"
    private static let upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"

    private func asks(_ fields: String, line: String = "GET / HTTP/1.1") throws -> Bool {
        var parser = RequestHeadParser()
        let bytes = Array("\(line)\r\nHost: a\r\n\(fields)\r\n".utf8)
        return try bytes.withUnsafeBytes { pointer in
            guard try parser.parse(pointer) == .complete else { return false }
            return parser.head.asksForWebSocket
        }
    }

    @Test("the handshake of RFC 6455 is recognised")
    func complete() throws {
        #expect(try asks(Self.upgrade + Self.key + Self.version))
        #expect(try asks(Self.version + "sec-websocket-protocol: chat\r\n" + Self.key + Self.upgrade))
    }

    @Test(
        "anything else is no upgrade",
        arguments: [
            key + version, "Upgrade: websocket\r\n" + key + version, "Connection: upgrade\r\n" + key + version,
            upgrade + version, upgrade + key, upgrade + key + key + version, upgrade + key + version + version,
            upgrade + key + "Sec-WebSocket-Version: 8\r\n", upgrade + key + "Sec-WebSocket-Version: 13, 8\r\n",
            upgrade + version + "Sec-WebSocket-Key: short\r\n",
            upgrade + version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=!\r\n",
            upgrade + version + "Sec_WebSocket_Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            upgrade + key + version + "Sec_WebSocket_Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            upgrade + "Upgrade: websocket\r\n" + key + version, upgrade + "Upgrade: h2c\r\n" + key + version,
            "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n" + key + version,
            "Connection: Upgrade\r\nUpgrade: websocket/13\r\n" + key + version,
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n" + key + version,
            upgrade + key + version + "Content-Length: 0\r\n", upgrade + key + version + "Content-Length: 5\r\n",
            upgrade + key + version + "Transfer-Encoding: chunked\r\n",
        ])
    func incomplete(fields: String) throws {
        #expect(try !asks(fields))
    }

    @Test("only with GET and HTTP/1.1", arguments: ["POST / HTTP/1.1", "get / HTTP/1.1", "GET / HTTP/1.0"])
    func line(line: String) throws {
        #expect(try !asks(Self.upgrade + Self.key + Self.version, line: line))
    }

    @Test(
        "an answer agrees by 101, Connection and Upgrade together",
        arguments: [
            ("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", true),
            ("HTTP/1.1 101\r\nupgrade: WebSocket\r\nconnection: upgrade\r\n", true),
            ("HTTP/1.1 101 X\r\nUpgrade: websocket\r\n", false),
            ("HTTP/1.1 101 X\r\nConnection: Upgrade\r\n", false),
            ("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n", false),
            ("HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n", false),
            ("HTTP/1.0 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", false),
            ("HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", false),
        ])
    func answer(text: String, agrees: Bool) throws {
        var parser = ResponseHeadParser()
        let bytes = Array((text + "\r\n").utf8)
        let progress = try bytes.withUnsafeBytes { try parser.parse($0) }
        #expect(progress == .complete)
        #expect(parser.head.switchesToWebSocket == agrees)
    }
}

@Suite("What a head says to the next hop")
struct NextHopTests {
    private func parse(_ fields: String, line: String = "OPTIONS / HTTP/1.1") throws -> RequestHead {
        var parser = RequestHeadParser()
        let bytes = Array("\(line)\r\nHost: a\r\n\(fields)\r\n".utf8)
        let progress = try bytes.withUnsafeBytes { try parser.parse($0) }
        #expect(progress == .complete)
        return parser.head
    }

    @Test("Max-Forwards counts for OPTIONS and is a number")
    func maxForwards() throws {
        #expect(try parse("Max-Forwards: 0\r\n").maxForwards == 0)
        #expect(try parse("max-forwards: 12\r\n").maxForwards == 12)
        #expect(try parse("Max-Forwards: 9007199254740991\r\n").maxForwards == .max)
        #expect(try parse("Max_Forwards: 3\r\nMax-Forwards: 4\r\n").maxForwards == 4)
        #expect(try parse("Max-Forwards: 3\r\n", line: "GET / HTTP/1.1").maxForwards == nil)
        #expect(try parse("Max-Forwards: abc\r\n", line: "GET / HTTP/1.1").maxForwards == nil)
        for bad in ["abc", "-1", "", "1, 2", "1\r\nMax-Forwards: 1"] {
            #expect(throws: HTTPViolation.malformedField) { try parse("Max-Forwards: \(bad)\r\n") }
        }
    }

    @Test("TE is looked through for trailers")
    func trailers() throws {
        #expect(try parse("TE: deflate;q=0.5 , Trailers\r\n").acceptsTrailers)
        #expect(try parse("TE:\r\nTE: trailers\r\n").acceptsTrailers)
        for fields in ["", "TE: \r\n", "TE: deflate\r\n", "TE: trailersx\r\n", "X: trailers\r\n"] {
            #expect(try !parse(fields).acceptsTrailers, "\(fields)")
        }
        #expect(try !parse("TE: trailers\r\n", line: "GET / HTTP/1.0").acceptsTrailers)
    }

    @Test("fields named in Connection are noticed, other options are not")
    func nominations() throws {
        #expect(try parse("Connection: X-Sum\r\n").nominatesFields)
        #expect(try parse("Connection: Cookie, close\r\n").nominatesFields)
        #expect(try !parse("Connection: close, keep-alive, upgrade, TE, Trailer, HTTP2-Settings\r\n").nominatesFields)
    }
}
