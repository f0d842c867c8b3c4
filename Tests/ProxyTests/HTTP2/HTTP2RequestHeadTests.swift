import Foundation
import NIOCore
import NIOHPACK
import Testing

@testable import Proxy

@Suite("HTTP/2 header blocks as HTTP/1.1 heads")
struct HTTP2RequestHeadTests {
    private static let plain = [(":method", "GET"), (":scheme", "http"), (":path", "/a?b"), (":authority", "h.test")]

    private func text(_ fields: [(String, String)], endsStream: Bool = true) throws(HTTP2Violation) -> String {
        var buffer = ByteBuffer()
        try HTTP2RequestHead(HPACKHeaders(fields), endsStream: endsStream).write(to: &buffer)
        return String(buffer: buffer)
    }

    @Test("a plain request becomes one head, for one request")
    func plain() throws {
        let text = try text(Self.plain + [("accept", "*/*"), ("x-empty", ""), ("te", "trailers")])
        #expect(
            text
                == "GET /a?b HTTP/1.1\r\nhost: h.test\r\naccept: */*\r\nx-empty: \r\nte: trailers\r\nConnection: close\r\n\r\n"
        )
    }

    @Test("a body without a length is chunked, and one with a length keeps it")
    func framing() throws {
        #expect(try text(Self.plain, endsStream: false).contains("\r\nTransfer-Encoding: chunked\r\n"))
        let long = try text(Self.plain + [("content-length", "5")], endsStream: false)
        #expect(long.contains("\r\nContent-Length: 5\r\n") && !long.contains("chunked"))
        #expect(try text(Self.plain + [("content-length", "0")]).contains("\r\nContent-Length: 0\r\n"))
    }

    @Test("crumbs of cookies become one field")
    func cookies() throws {
        let text = try text(Self.plain + [("cookie", "a=1"), ("x", "y"), ("cookie", "b=2"), ("cookie", "c=3")])
        #expect(text.contains("\r\ncookie: a=1; b=2; c=3\r\n"))
        #expect(text.components(separatedBy: "cookie").count == 2)
    }

    @Test("host and authority are one, if they agree")
    func host() throws {
        let noAuthority = Array(Self.plain.dropLast())
        #expect(try text(noAuthority + [("host", "only.test")]).contains("\r\nhost: only.test\r\n"))
        let both = try text(Self.plain + [("host", "H.test")])
        #expect(both.components(separatedBy: "ost: ").count == 2)
        // Whether there has to be one is HTTP/1.1's to say: it answers 400.
        #expect(try !text(noAuthority).contains("host"))
    }

    @Test("the other forms: OPTIONS *, CONNECT")
    func forms() throws {
        #expect(
            try text([(":method", "OPTIONS"), (":scheme", "https"), (":path", "*"), (":authority", "a")])
                .hasPrefix("OPTIONS * HTTP/1.1\r\n"))
        #expect(
            try text([(":method", "CONNECT"), (":authority", "a:443")], endsStream: false)
                .hasPrefix("CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n"))
    }

    /// Attacks on the way down to HTTP/1.1, after HAProxy's h2_desync_attacks and those on other proxies.
    static let attacks: [(String, [(String, String)], HTTP2Violation)] = [
        ("request line in the method", with(":method", "GET / HTTP/1.1\r\nx: y\r\n\r\nGET"), .fieldValue),
        ("space in the method", with(":method", "GET /admin HTTP/1.1"), .method),
        ("empty method", with(":method", ""), .method),
        ("tab in the method", with(":method", "GE\tT"), .method),
        ("request line in the path", with(":path", "/ HTTP/1.1\r\nHost: x\r\n\r\nGET /admin"), .fieldValue),
        ("space in the path", with(":path", "/public HTTP/1.1 x"), .path),
        ("tab in the path", with(":path", "/a\tb"), .path),
        ("line feed in the path", with(":path", "/a\nb"), .fieldValue),
        ("NUL in the path", with(":path", "/a\0b"), .fieldValue),
        ("delete byte in the path", with(":path", "/a\u{7f}"), .fieldValue),
        ("letters outside ASCII in the path", with(":path", "/ä"), .path),
        ("path without a slash", with(":path", "admin"), .path),
        ("path that is an URL", with(":path", "http://b.test/admin"), .path),
        ("path * without OPTIONS", with(":path", "*"), .path),
        ("empty path", with(":path", ""), .path),
        ("header in the scheme", with(":scheme", "http://x/\r\ny"), .fieldValue),
        ("a whole URL as the scheme", with(":scheme", "http://localhost/?"), .scheme),
        ("unknown scheme", with(":scheme", "ftp"), .scheme),
        ("header in the authority", with(":authority", "a\r\nx-auth-subject: root"), .fieldValue),
        ("space in the authority", with(":authority", "a b"), .authority),
        ("empty authority", with(":authority", ""), .authority),
        ("host is another", plain + [("host", "other.test")], .authority),
        ("two hosts", Array(plain.dropLast()) + [("host", "a"), ("host", "a")], .authority),
        ("a header in a value", plain + [("x", "y\r\ntransfer-encoding: chunked")], .fieldValue),
        ("a line feed in a value", plain + [("x", "y\nz: 1")], .fieldValue),
        ("a carriage return in a value", plain + [("x", "y\rz")], .fieldValue),
        ("a NUL in a value", plain + [("x", "y\0z")], .fieldValue),
        ("an escape in a value", plain + [("x", "\u{1b}[2J")], .fieldValue),
        ("a header in a cookie", plain + [("cookie", "a=1\r\nx: y")], .fieldValue),
        ("a space before a value", plain + [("x", " y")], .fieldValue),
        ("a tab after a value", plain + [("x", "y\t")], .fieldValue),
        ("only a space", plain + [("x", " ")], .fieldValue),
        ("what was not UTF-8", plain + [("x", "a\u{fffd}b")], .fieldValue),
        ("a header in a name", plain + [("x: y\r\nz", "1")], .fieldName),
        ("a colon in a name", plain + [("content-length:", "5")], .fieldName),
        ("a space after a name", plain + [("content-length ", "5")], .fieldName),
        ("a space before a name", plain + [(" x", "5")], .fieldName),
        ("a tab in a name", plain + [("x\t", "5")], .fieldName),
        ("a NUL in a name", plain + [("x\0", "5")], .fieldName),
        ("an empty name", plain + [("", "5")], .fieldName),
        ("a capital letter", plain + [("X-Test", "5")], .fieldName),
        ("a letter outside ASCII", plain + [("ſ", "5")], .fieldName),
        ("transfer-encoding", plain + [("transfer-encoding", "chunked")], .connectionField),
        ("transfer-encoding: identity", plain + [("transfer-encoding", "identity")], .connectionField),
        ("connection", plain + [("connection", "close")], .connectionField),
        ("connection names a credential", plain + [("connection", "x-auth-subject")], .connectionField),
        ("keep-alive", plain + [("keep-alive", "timeout=5")], .connectionField),
        ("proxy-connection", plain + [("proxy-connection", "x")], .connectionField),
        ("upgrade", plain + [("upgrade", "h2c")], .connectionField),
        ("te: gzip", plain + [("te", "gzip")], .connectionField),
        ("te twice in one", plain + [("te", "trailers, chunked")], .connectionField),
        ("two lengths", plain + [("content-length", "0"), ("content-length", "0")], .contentLength),
        ("a signed length", plain + [("content-length", "+0")], .contentLength),
        ("a negative length", plain + [("content-length", "-1")], .contentLength),
        ("a length and more", plain + [("content-length", "0, 0")], .contentLength),
        ("a length in hexadecimal", plain + [("content-length", "0x0")], .contentLength),
        ("an empty length", plain + [("content-length", "")], .contentLength),
        ("a huge length", plain + [("content-length", "9007199254740992")], .contentLength),
        ("a length that overflows", plain + [("content-length", "18446744073709551616")], .contentLength),
        ("a length without a body", plain + [("content-length", "5")], .contentLength),
        ("two methods", plain + [(":method", "GET")], .pseudoField),
        ("two paths", [(":path", "/admin")] + plain, .pseudoField),
        ("two schemes", plain + [(":scheme", "http")], .pseudoField),
        ("two authorities", plain + [(":authority", "h.test")], .pseudoField),
        ("no method", without(":method"), .pseudoField),
        ("no path", without(":path"), .pseudoField),
        ("no scheme", without(":scheme"), .pseudoField),
        ("a status", plain + [(":status", "200")], .pseudoField),
        ("an unknown pseudo-header", plain + [(":admin", "1")], .pseudoField),
        ("a bare colon", plain + [(":", "1")], .pseudoField),
        ("a pseudo-header with a capital", plain + [(":Path", "/x")], .pseudoField),
        (
            "a pseudo-header after a field", Array(plain.dropLast()) + [("x", "y"), (":authority", "h.test")],
            .pseudoField
        ),
        ("extended CONNECT", plain + [(":protocol", "websocket")], .pseudoField),
        ("CONNECT with a path", with(":method", "CONNECT"), .pseudoField),
        ("CONNECT to nowhere", [(":method", "CONNECT")], .pseudoField),
        ("nothing at all", [], .pseudoField),
    ]

    private static func with(_ name: String, _ value: String) -> [(String, String)] {
        plain.map { $0.0 == name ? (name, value) : $0 }
    }

    private static func without(_ name: String) -> [(String, String)] { plain.filter { $0.0 != name } }

    @Test("what could become two lines, two requests or another framing is malformed", arguments: attacks.indices)
    func attack(_ index: Int) {
        let (name, fields, violation) = Self.attacks[index]
        #expect(throws: violation, "\(name)") { try text(fields) }
    }

    @Test("whatever bytes a value has, the head has the lines that were meant, or there is none")
    func everyByte() throws {
        for byte in UInt8.min...UInt8.max {
            let value = "a" + String(decoding: [byte], as: UTF8.self) + "b"
            for place in [":method", ":path", ":authority", ":scheme", "x-test", "cookie"] {
                let fields =
                    place.hasPrefix(":")
                    ? Self.with(place, place == ":path" ? "/" + value : value)
                    : Self.plain + [(place, value)]
                guard let text = try? text(fields) else { continue }
                #expect(
                    text.components(separatedBy: "\r\n").count == (place.hasPrefix(":") ? 5 : 6), "\(place) \(byte)")
                #expect(!text.replacing("\r\n", with: "").utf8.contains { $0 < 0x20 && $0 != 9 }, "\(place) \(byte)")
            }
        }
    }
}
