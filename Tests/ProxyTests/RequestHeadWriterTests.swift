import HTTP1
import NIOCore
import TestSupport
import Testing

@testable import Proxy

@Suite("The head that goes upstream")
struct RequestHeadWriterTests {
    private func write(
        _ text: String, route: Route? = nil, isTrusted: Bool = false, identity: String? = nil,
        withholding cookie: String? = nil
    ) throws -> [String] {
        var parser = RequestHeadParser()
        let bytes = Array(text.utf8)
        let identity = identity.map {
            Identity(
                headerLines: Array($0.utf8),
                traces: IdentityTraces(countingKeys: CountingKeys(subject: 0, client: 0), loggedSubject: ""))
        }
        var output = ByteBuffer()
        let peer = ClientPeer(
            try SocketAddress(ipAddress: "192.0.2.7", port: 1),
            trusted: isTrusted ? [NetworkRange("192.0.2.0/24")].compactMap(\.self) : [])
        try bytes.withUnsafeBytes { bytes in
            #expect(try parser.parse(bytes) == .complete)
            let head = parser.head
            let path = head.pathIsPlain ? nil : try PathNormalizer.normalize(head.path.bytes(in: bytes))
            RequestHeadWriter(
                head: head, route: route ?? Route(label: "r", path: "/", destination: .upstream(0)), peer: peer,
                requestID: RequestID(high: 1, low: 2), identity: identity, normalizedPath: path,
                targetAuthority: Upstream.Target(host: "backend", port: 9000).authority,
                withheldCookie: cookie.map { WithheldCookie(name: $0) }
            ).write(bytes, to: &output)
        }
        let written = String(buffer: output)
        #expect(written.hasSuffix("\r\n\r\n"))
        return written.split(separator: "\r\n").map(String.init)
    }

    @Test("hop-by-hop fields are dropped, those named in Connection too")
    func hopByHop() throws {
        let lines = try write(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Foo, keep-alive\r\nconnection: , X-BAR\r\nX-Foo: 1\r\nx-bar: 2\r\n"
                + "Keep-Alive: 5\r\nProxy-Connection: x\r\nTE: trailers\r\nTrailer: X\r\nUpgrade: h2c\r\n"
                + "HTTP2-Settings: AAA\r\nProxy-Authorization: x\r\nX-Kept: 3\r\n\r\n")
        #expect(
            lines == [
                "GET / HTTP/1.1", "Host: a", "X-Kept: 3", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: http",
                "X-Forwarded-Host: a", "X-Request-Id: 00000000000000010000000000000002", "Via: 1.1 portcullis",
                "Connection: TE", "TE: trailers",
            ])
    }

    @Test("Via goes behind those that are there, with the version that the client spoke")
    func via() throws {
        let lines = try write(
            "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 fred\r\nX: 1\r\nvia: 1.1 p.example (x)\r\n\r\n")
        #expect(
            lines.filter { $0.lowercased().hasPrefix("via:") } == [
                "Via: 1.0 fred", "via: 1.1 p.example (x)", "Via: 1.1 portcullis",
            ])
        #expect(try write("GET / HTTP/1.0\r\n\r\n").contains("Via: 1.0 portcullis"))
    }

    @Test("Max-Forwards of OPTIONS is one less, once; that of other methods goes on as it is")
    func maxForwards() throws {
        let options = try write("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax_Forwards: 9\r\nmax-forwards: 5\r\n\r\n")
        #expect(options.filter { $0.lowercased().hasPrefix("max") } == ["Max-Forwards: 4"])
        let get = try write("GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\n\r\n")
        #expect(get.contains("Max-Forwards: x"))
    }

    @Test("Trailer goes on with a chunked body only")
    func trailer() throws {
        let fields = "Trailer: X-Sum\r\ntrailer: X-More\r\n"
        let chunked = try write("POST / HTTP/1.1\r\nHost: a\r\n\(fields)Transfer-Encoding: chunked\r\n\r\n")
        #expect(chunked.filter { $0.lowercased().hasPrefix("trailer") } == ["Trailer: X-Sum", "trailer: X-More"])
        let length = try write("POST / HTTP/1.1\r\nHost: a\r\n\(fields)Content-Length: 3\r\n\r\n")
        #expect(!length.contains { $0.lowercased().hasPrefix("trailer") })
    }

    @Test("a WebSocket is asked for in two lines of the gateway's own; its other fields go on")
    func webSocket() throws {
        let lines = try write(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, upgrade, TE\r\nUpgrade: WebSocket\r\nTE: trailers\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Protocol: chat\r\n\r\n")
        #expect(
            lines.filter { $0.hasPrefix("Connection") || $0.hasPrefix("Upgrade") || $0.hasPrefix("TE") } == [
                "Connection: Upgrade", "Upgrade: websocket",
            ])
        #expect(lines.contains("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
        #expect(lines.contains("Sec-WebSocket-Version: 13") && lines.contains("Sec-WebSocket-Protocol: chat"))
    }

    @Test(
        "client-sent identity fields are dropped in any spelling, on public routes too",
        arguments: ["X-Auth-Subject", "Scope", "Client-Id", "Session-Id", "Token-Id", "Issuer", "Method"])
    func identity(name: String) throws {
        let base = name.hasPrefix("X-") ? name : "X-Auth-\(name)"
        let spellings = [
            base, base.uppercased(), base.lowercased(), base.replacing("-", with: "_"), base.replacing("-", with: "."),
            base.replacing("X-Auth-", with: "x_aUTH."),
        ]
        for spelling in spellings {
            for connection in ["", "Connection: \(spelling)\r\n"] {
                let lines = try write(
                    "GET / HTTP/1.1\r\nHost: a\r\n\(connection)\(spelling): evil\r\n\(spelling): evil\r\n\r\n")
                #expect(!lines.contains { $0.contains("evil") }, "\(spelling)")
                let own = try write(
                    "GET / HTTP/1.1\r\nHost: a\r\n\(connection)\(spelling): evil\r\n\r\n", identity: "\(base): good\r\n"
                )
                #expect(own.filter { $0.hasPrefix("\(base): ") } == ["\(base): good"])
            }
        }
    }

    @Test("credentials stay behind unless the route forwards them")
    func credentials() throws {
        let text =
            "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\nX-API-Key: k\r\nX_Api_Key: l\r\nCookie: c\r\n\r\n"
        let dropped = try write(text)
        #expect(dropped.contains("Cookie: c"))
        #expect(!dropped.contains { $0.contains("Bearer t") || $0.hasSuffix(": k") || $0.hasSuffix(": l") })
        let route = Route(label: "r", path: "/", destination: .upstream(0), forwardsCredentials: true)
        let kept = try write(text, route: route)
        #expect(kept.contains("Authorization: Bearer t") && kept.contains("X-API-Key: k"))
        #expect(!kept.contains { $0.hasSuffix(": l") }, "a look-alike of a credential is nobody's credential")
    }

    @Test(
        "the gateway's own cookie stays behind, in any place, case and spacing; every other byte goes on",
        arguments: [
            ("Cookie: k=1\r\n", []),
            ("Cookie: K =1\r\n", []),
            ("Cookie: k\r\n", []),
            ("Cookie: a=1; k=2; b=3\r\n", ["Cookie: a=1; b=3"]),
            ("Cookie: k=1;a=\"; x\";;k=2; \r\n", ["Cookie: a=\"; x\""]),
            ("cookie: a=1\r\nX: k=1\r\nCOOKIE: k=2\r\nCookie:b=2\r\n", ["cookie: a=1", "X: k=1", "Cookie:b=2"]),
            ("Cookie: kk=1;ak=2; k2=3; =k; a=k=1\r\n", ["Cookie: kk=1;ak=2; k2=3; =k; a=k=1"]),
            ("Cookie: \r\n", ["Cookie: "]),
            ("Cookie: \u{FC}=1; k=2\r\n", ["Cookie: \u{FC}=1"]),
        ])
    func withheldCookie(fields: String, kept: [String]) throws {
        let text = "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\n\(fields)Z: 1\r\nX-Auth-Subject: evil\r\n\r\n"
        let lines = try write(text, withholding: "k")
        let end = try #require(lines.firstIndex { $0.hasPrefix("X-Forwarded-For") })
        let expected: [String] = ["Host: a", "A: 1"] + kept + ["Z: 1"]
        #expect(Array(lines[1..<end]) == expected)
        // Without such a cookie nothing is touched.
        let untouched = try write(text)
        #expect(untouched.contains { $0.lowercased().hasPrefix("cookie:") })
        #expect(try write(text, withholding: "other") == untouched)
    }

    @Test("whatever stands in Cookie, the gateway's own stays behind and all others go on in their order")
    func anyCookies() throws {
        var random = SeededGenerator.announced("cookies")
        for _ in 0..<3000 {
            let pieces = ["k", "K", "=", ";", "; ", " ", "\t", "a", "kk", "\"", "k=1", ";k"]
            let value = (0..<random.below(12)).map { _ in pieces[random.below(pieces.count)] }.joined()
            let text = "GET / HTTP/1.1\r\nHost: a\r\nCookie: \(value)\r\nZ: 1\r\n\r\n"
            let pairs = value.split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmed }
            let kept = pairs.filter { pair in
                let name = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
                return name.trimmed.lowercased() != "k"
            }
            let lines = try write(text, withholding: "k")
            let cookies = lines.filter { $0.hasPrefix("Cookie:") }
            if kept.count == pairs.count {
                #expect(try lines == write(text))
            } else {
                let rest = kept.filter { !$0.isEmpty }.joined(separator: "; ")
                #expect(cookies == (rest.isEmpty ? [] : ["Cookie: \(rest)"]), "\(value)")
            }
        }
    }

    private let forwarding =
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n"
        + "X-Forwarded-Proto: https\r\nX-Forwarded-Host: public.test\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n"
        + "X_Forwarded_For: 6.6.6.6\r\nX-Forwarded-Port: 666\r\nX-Forwarded-Prefix: /666\r\nX-Forwarded-Ssl: 666\r\n"
        + "X-Forwarded-Scheme: 666\r\nX-Forwarded-Server: 666\r\nX-Forwarded-Uri: /666\r\nX-Original-URL: /666\r\n\r\n"

    @Test("X-Forwarded-* of an untrusted client is replaced")
    func untrusted() throws {
        let lines = try write(forwarding)
        #expect(
            lines.filter { $0.lowercased().contains("forward") } == [
                "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: http", "X-Forwarded-Host: a",
            ])
        #expect(!lines.contains { $0.contains("6.6.6.6") || $0.contains("666") })
    }

    @Test("X-Forwarded-* of a trusted proxy is kept and lengthened")
    func trusted() throws {
        let lines = try write(forwarding, isTrusted: true)
        #expect(lines.contains("X-Forwarded-For: 1.1.1.1, 2.2.2.2, 192.0.2.7"))
        #expect(lines.contains("X-Forwarded-Proto: https"))
        #expect(lines.contains("X-Forwarded-Host: public.test"))
        #expect(!lines.contains { $0.contains("6.6.6.6") || $0.contains("666") })
    }

    @Test("a scheme that is neither http nor https is not passed on, not even from a trusted proxy")
    func scheme() throws {
        let lines = try write("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: gopher\r\n\r\n", isTrusted: true)
        #expect(lines.contains("X-Forwarded-Proto: http"))
    }

    @Test("a look-alike of X-Request-Id does not travel next to the real one")
    func requestID() throws {
        let lines = try write("GET / HTTP/1.1\r\nHost: a\r\nx_request_id: 1\r\nX-REQUEST-ID: 2\r\n\r\n")
        #expect(lines.filter { $0.lowercased().contains("request") }.count == 1)
    }

    @Test(
        "the prefix is cut off at its segment",
        arguments: [
            ("/api/", "/api/x?q=/api/", "/x?q=/api/"), ("/api", "/api/x", "/x"), ("/api/", "/api", "/"),
            ("/api", "/api?x", "/?x"), ("/", "/x", "/x"), ("/api", "/%61pi/b%c3%a9", "/b%C3%A9"),
            ("/api", "/x/../api/./y//z", "/y/z"),
        ])
    func stripPrefix(path: String, target: String, result: String) throws {
        let route = Route(label: "r", path: path, destination: .upstream(0), stripsPrefix: true)
        #expect(try write("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n", route: route)[0] == "GET \(result) HTTP/1.1")
    }

    @Test("an absolute-form target goes on in origin-form, and its authority is the Host")
    func absoluteForm() throws {
        let lines = try write("GET http://real.test:81/p?q HTTP/1.1\r\nHost: liar.test\r\n\r\n")
        #expect(lines[0] == "GET /p?q HTTP/1.1")
        #expect(lines.filter { $0.hasPrefix("Host:") } == ["Host: real.test:81"])
        #expect(lines.contains("X-Forwarded-Host: real.test:81"))
        #expect(try write("GET http://real.test?q HTTP/1.1\r\nHost: x\r\n\r\n")[0] == "GET /?q HTTP/1.1")
    }

    @Test("an HTTP/1.0 request without Host gets the target's, and goes on as HTTP/1.1")
    func oldClient() throws {
        let lines = try write("GET /x HTTP/1.0\r\n\r\n")
        #expect(lines[0] == "GET /x HTTP/1.1")
        #expect(lines[1] == "Host: backend:9000")
        #expect(!lines.contains { $0.hasPrefix("X-Forwarded-Host") })
    }

    @Test("framing is written once and in canonical form")
    func framing() throws {
        let length = try write("POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 007\r\ncontent_length: 9\r\n\r\n")
        #expect(length.filter { $0.lowercased().hasPrefix("content") } == ["Content-Length: 7"])
        let chunked = try write("POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n")
        #expect(chunked.filter { $0.lowercased().hasPrefix("transfer") } == ["Transfer-Encoding: chunked"])
    }
}

extension Substring {
    /// Without the spaces and tabs around it.
    fileprivate var trimmed: Substring {
        var text = drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
