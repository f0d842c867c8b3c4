import HTTP1
import NIOCore
import Testing

@Suite("TrailerSection")
struct TrailerSectionTests {
    private func lastChunk(_ lines: String, fieldLimit: Int = 100) -> String {
        let section = TrailerSection()
        for byte in lines.utf8 { section.append(ByteBuffer(bytes: [byte])) }
        return String(buffer: section.lastChunk(fieldLimit: fieldLimit))
    }

    @Test("fields that mean nothing to a gateway go on as they are, in order")
    func passed() {
        let lines = "X-Checksum: 1\r\nContent-Digest: sha-256=:a:\r\nx-checksum:2\r\nServer-Timing: a;dur=1\r\n"
        #expect(lastChunk(lines) == "0\r\n\(lines)\r\n")
        #expect(lastChunk("") == "0\r\n\r\n")
    }

    @Test(
        "what would be dropped from a head, in any spelling, and what RFC 9110 forbids in trailers is left out",
        arguments: [
            "X-Auth-Subject", "x_auth_subject", "X.Auth.Scope", "X-AUTH_Client-Id", "X-Auth-Session-Id",
            "X-Auth-Token-Id", "X-Auth-Issuer", "X_Auth_Method", "Content-Length", "content_length",
            "Transfer-Encoding", "Host", "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade",
            "Proxy-Authorization", "Proxy-Authenticate", "HTTP2-Settings", "Authorization", "X-API-Key", "X_Api_Key",
            "Forwarded", "X-Forwarded-For", "x_forwarded_for", "X-Forwarded-Anything", "X-Real-IP", "X-Original-URL",
            "X-Request-Id", "Expect", "Max-Forwards", "Date", "Server", "Content-Type", "Content_Type",
            "Content-Encoding", "Content-Range", "Cookie", "Set-Cookie", "Cache-Control", "Pragma", "Range", "If-Match",
            "If-Modified-Since", "Age", "Vary", "Expires", "Location", "Retry-After", "WWW-Authenticate",
            "traceparent", "TRACEPARENT", "tracestate",
        ])
    func dropped(name: String) {
        #expect(lastChunk("A: 1\r\n\(name): evil\r\nB: 2\r\n") == "0\r\nA: 1\r\nB: 2\r\n\r\n")
    }

    @Test("of too many fields, and of lines that no decoder lets through, none goes on")
    func bounded() {
        #expect(lastChunk("A: 1\r\nB: 2\r\n", fieldLimit: 2) == "0\r\nA: 1\r\nB: 2\r\n\r\n")
        #expect(lastChunk("A: 1\r\nB: 2\r\n", fieldLimit: 1) == "0\r\n\r\n")
        for lines in ["A: 1", "A: 1\r", "A 1\r\n", ": 1\r\n"] { #expect(lastChunk(lines) == "0\r\n\r\n") }
    }
}
