import HTTP1
import Testing

@Suite("RequestHeadParser")
struct RequestHeadParserTests {
    /// A head with one more field, or with more than one.
    static func head(_ fields: String, line: String = "GET /a HTTP/1.1") -> String {
        "\(line)\r\nHost: a\r\n\(fields)\(fields.isEmpty ? "" : "\r\n")\r\n"
    }

    @Test("a plain request is taken apart")
    func plainRequest() throws {
        let text =
            "POST /a/b?c=d&e HTTP/1.1\r\nHost: gw.test:8080\r\nX-Empty:\r\nX-A: \t b c\t \r\nContent-Length: 5\r\n\r\n"
        let view = try #require(RequestOutcome.of(text).view)
        #expect(view.method == .post && view.methodName == "POST")
        #expect(view.target == "/a/b?c=d&e" && view.path == "/a/b" && view.query == "?c=d&e")
        #expect(view.pathIsPlain && !view.isAsteriskForm && view.minorVersion == 1 && view.keepsAlive)
        #expect(view.authority == "gw.test:8080")
        #expect(view.framing == .length(5))
        #expect(view.byteCount == text.utf8.count)
        #expect(view.fields.map(\.name) == ["Host", "X-Empty", "X-A", "Content-Length"])
        #expect(view.fields.map(\.value) == ["gw.test:8080", "", "b c", "5"])
    }

    @Test("a pipelined request after the head is not looked at")
    func pipelined() throws {
        let first = Self.head("")
        let view = try #require(RequestOutcome.of(first + "\0garbage \r\r").view)
        #expect(view.byteCount == first.utf8.count)
    }

    @Test("one empty line before the request is skipped, two are refused")
    func leadingEmptyLines() throws {
        let view = try #require(RequestOutcome.of("\r\n" + Self.head("X-A: b")).view)
        #expect(view.methodName == "GET" && view.path == "/a")
        #expect(view.fields.map(\.value) == ["a", "b"])
        #expect(RequestOutcome.of("\r\n\r\n" + Self.head("")).violation == .malformedStartLine)
    }

    @Test(
        "a malformed request-line is refused",
        arguments: [
            ("GET /a HTTP/1.1 ", HTTPViolation.malformedStartLine), ("GET  /a HTTP/1.1", .malformedStartLine),
            ("GET /a  HTTP/1.1", .malformedStartLine), ("GET /a b HTTP/1.1", .malformedStartLine),
            ("GET /a", .malformedStartLine), ("GET ", .malformedStartLine), ("GET", .invalidMethod),
            (" GET /a HTTP/1.1", .invalidMethod), ("G@T /a HTTP/1.1", .invalidMethod),
            ("GET\t/a HTTP/1.1", .invalidMethod), ("GET /a\tHTTP/1.1", .invalidTarget),
            ("GET /a HTTP/1.2", .unsupportedVersion), ("GET /a HTTP/2.0", .unsupportedVersion),
            ("GET /a http/1.1", .unsupportedVersion), ("GET /a HTTP/1,1", .unsupportedVersion),
            ("GET /a HTTP/01.1", .malformedStartLine), ("GET /a HTTP/1.", .malformedStartLine),
            ("GET /\u{e9} HTTP/1.1", .invalidTarget), ("GET /a#b HTTP/1.1", .invalidTarget),
            ("GET /a\\b HTTP/1.1", .invalidTarget), ("GET a HTTP/1.1", .invalidTarget),
            ("GET * HTTP/1.1", .invalidTarget), ("GET gw.test:80 HTTP/1.1", .invalidTarget),
            ("GET ftp://a/ HTTP/1.1", .invalidTarget), ("GET http:///a HTTP/1.1", .invalidTarget),
            ("GET http://u@a/ HTTP/1.1", .invalidTarget), ("GET http://a%2e/ HTTP/1.1", .invalidTarget),
        ])
    func malformedRequestLine(line: String, violation: HTTPViolation) {
        #expect(RequestOutcome.of(Self.head("", line: line)).violation == violation)
    }

    @Test("a method is a token of at most 32 bytes, and its case matters")
    func methods() throws {
        for method in HTTPMethod.allCases where method != .other {
            let target = method == .connect ? "a:1" : "/"
            let view = try #require(RequestOutcome.of(Self.head("", line: "\(method.name) \(target) HTTP/1.1")).view)
            #expect(view.method == method)
            let lower = try #require(
                RequestOutcome.of(Self.head("", line: "\(method.name.lowercased()) / HTTP/1.1")).view)
            #expect(lower.method == .other)
        }
        let longest = String(repeating: "M", count: 32)
        #expect(RequestOutcome.of(Self.head("", line: "\(longest) / HTTP/1.1")).view?.methodName == longest)
        #expect(RequestOutcome.of(Self.head("", line: "\(longest)M / HTTP/1.1")).violation == .invalidMethod)
    }

    @Test("the authority of an absolute-form target replaces Host, and an empty path becomes the root")
    func absoluteForm() throws {
        let view = try #require(RequestOutcome.of(Self.head("", line: "GET HTTP://b.test:81/x?y HTTP/1.1")).view)
        #expect(view.authority == "b.test:81" && view.path == "/x" && view.query == "?y" && view.pathIsPlain)
        let bare = try #require(RequestOutcome.of(Self.head("", line: "GET https://b.test?/admin HTTP/1.1")).view)
        #expect(bare.authority == "b.test" && bare.path == "" && bare.query == "?/admin" && !bare.pathIsPlain)
    }

    @Test("asterisk-form is for OPTIONS alone")
    func asteriskForm() throws {
        let view = try #require(RequestOutcome.of(Self.head("", line: "OPTIONS * HTTP/1.1")).view)
        #expect(view.isAsteriskForm && view.path.isEmpty)
    }

    @Test("CONNECT never has a path that a route could match")
    func connect() throws {
        for target in ["a:1", "a", "@"] {
            let view = try #require(RequestOutcome.of(Self.head("", line: "CONNECT \(target) HTTP/1.1")).view)
            #expect(view.method == .connect && view.path.isEmpty)
        }
    }

    @Test("only a path without anything to normalise is called plain")
    func plainPaths() throws {
        let plain = ["/", "/a", "/a/b/", "/a.b/c..", "/a?//..%2e;", "/a...", "/~a"]
        let other = ["//", "/a//", "/.", "/a/.", "/a/..", "/a/.b", "/%61", "/a;b", "/a%"]
        for (paths, isPlain) in [(plain, true), (other, false)] {
            for path in paths {
                #expect(RequestOutcome.of(Self.head("", line: "GET \(path) HTTP/1.1")).view?.pathIsPlain == isPlain)
            }
        }
    }

    @Test(
        "a line is ended by CR LF and holds no control byte",
        arguments: [
            "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{7f}b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: \u{b}\r\n\r\n",
            "GET /\0 HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\n", "\n" + head(""), "GET / HTTP/1.1\r\r\n",
        ])
    func controlBytes(text: String) {
        #expect(RequestOutcome.of(text).violation == .controlByte)
    }

    @Test(
        "a malformed field line is refused",
        arguments: [
            " X: folded", "\tX: folded", "X: a\r\n folded", "X : a", "X\t: a", "X", ": a", "X[: a", "X\u{e9}: a",
            "\"X\": a",
            "X Y: a", "(X): a", "Transfer-Encoding : chunked", "Transfer-Encoding\u{a0}: chunked",
        ])
    func malformedFields(fields: String) {
        #expect(RequestOutcome.of(Self.head(fields)).violation == .malformedField)
    }

    @Test("bytes above ASCII in a field value are kept")
    func opaqueText() {
        #expect(RequestOutcome.of(Self.head("X: \u{e9}\u{fffd}")).view?.fields.last?.value == "\u{e9}\u{fffd}")
    }

    @Test("exactly one valid Host, but HTTP/1.0 may go without")
    func host() {
        #expect(RequestOutcome.of("GET / HTTP/1.1\r\n\r\n").violation == .invalidHost)
        #expect(RequestOutcome.of("GET http://a/ HTTP/1.1\r\n\r\n").violation == .invalidHost)
        #expect(RequestOutcome.of("GET / HTTP/1.0\r\n\r\n").view?.authority == "")
        for fields in ["Host: a", "Host: b", "hOST: a"] {
            #expect(RequestOutcome.of(Self.head(fields)).violation == .invalidHost)
            #expect(RequestOutcome.of(Self.head(fields, line: "GET / HTTP/1.0")).violation == .invalidHost)
        }
        for value in ["", "a b", "a/b", "a,b", "u@a", "a:x", "[::1", "a\u{e9}"] {
            #expect(RequestOutcome.of("GET / HTTP/1.1\r\nHost: \(value)\r\n\r\n").violation == .invalidHost)
        }
    }

    @Test("Connection decides whether the client's connection goes on")
    func persistence() {
        func keepsAlive(_ version: String, _ fields: String) -> Bool? {
            RequestOutcome.of(Self.head(fields, line: "GET / HTTP/\(version)")).view?.keepsAlive
        }
        #expect(keepsAlive("1.1", "") == true)
        #expect(keepsAlive("1.1", "Connection: CLOSE") == false)
        #expect(keepsAlive("1.1", "Connection: x\r\nConnection: , close ,") == false)
        #expect(keepsAlive("1.1", "Connection: keep-alive, close") == false)
        #expect(keepsAlive("1.1", "Proxy-Connection: close") == true)
        #expect(keepsAlive("1.0", "") == false)
        #expect(keepsAlive("1.0", "Connection: Keep-Alive") == true)
        #expect(keepsAlive("1.0", "Connection: keep-alive\r\nConnection: close") == false)
    }

    @Test("an upgrade needs both fields and HTTP/1.1")
    func upgrade() {
        func asks(_ version: String, _ fields: String) -> Bool? {
            RequestOutcome.of(Self.head(fields, line: "GET / HTTP/\(version)")).view?.asksForUpgrade
        }
        #expect(asks("1.1", "Connection: Upgrade\r\nUpgrade: websocket") == true)
        #expect(asks("1.1", "Upgrade: websocket") == false)
        #expect(asks("1.1", "Connection: upgrade") == false)
        #expect(asks("1.0", "Connection: upgrade\r\nUpgrade: websocket") == false)
    }

    @Test("100-continue counts only with a body and from HTTP/1.1; any other expectation is refused")
    func expectations() {
        func expects(_ version: String, _ fields: String) -> Bool? {
            RequestOutcome.of(Self.head(fields, line: "PUT / HTTP/\(version)")).view?.expectsContinue
        }
        #expect(expects("1.1", "Expect: 100-Continue\r\nContent-Length: 1") == true)
        #expect(expects("1.1", "Expect: 100-continue\r\nTransfer-Encoding: chunked") == true)
        #expect(expects("1.1", "Expect: 100-continue\r\nContent-Length: 0") == false)
        #expect(expects("1.1", "Expect: 100-continue") == false)
        #expect(expects("1.0", "Expect: 100-continue\r\nContent-Length: 1") == false)
        for value in ["", "100-continue, x", "x", "100-continue;a"] {
            #expect(RequestOutcome.of(Self.head("Expect: \(value)")).violation == .unsupportedExpectation)
        }
    }

    @Test("credentials are counted, look-alikes not")
    func credentials() throws {
        let fields = "Authorization: Bearer a\r\nauthorization: Bearer b\r\nX-API-Key: c\r\nX_API_Key: d"
        let view = try #require(RequestOutcome.of(Self.head(fields)).view)
        #expect(view.authorizationCount == 2 && view.apiKeyCount == 1)
        #expect(view.fields.last?.traits == [.credential, .lookAlike])
    }

    @Test("the value of a name is that of its first field, never of a look-alike")
    func valueOfName() throws {
        let bytes = Array(Self.head("X_Request_Id: no\r\nX-Request-ID: yes\r\nX-Request-Id: late").utf8)
        try bytes.withBytes { (pointer: UnsafeRawBufferPointer) throws(HTTPViolation) in
            var parser = RequestHeadParser()
            _ = try parser.parse(pointer)
            let value = parser.head.value(of: .requestID, in: pointer)
            #expect(value.map { String(decoding: $0, as: UTF8.self) } == "yes")
            #expect(parser.head.value(of: .forwarded, in: pointer) == nil)
        }
    }
}
