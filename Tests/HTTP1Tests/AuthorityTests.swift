import HTTP1
import Testing

@Suite("Authority")
struct AuthorityTests {
    private func isValid(_ text: String) -> Bool { Array(text.utf8).withUnsafeBytes { Authority.isValid($0) } }

    private func host(_ text: String) -> String {
        Array(text.utf8).withUnsafeBytes { String(decoding: Authority.host(of: $0), as: UTF8.self) }
    }

    @Test(
        "hosts",
        arguments: [
            "a", "gw.test", "gw.test.", "GW.TEST:80", "a:", "a:0", "a:65535", "127.0.0.1:8080", "[::1]", "[::1]:443",
            "[2001:db8::1.2.3.4]:", "a_b", "xn--e1a.test", "a~b", "0.0.0.0=5000",
        ])
    func valid(text: String) {
        #expect(isValid(text))
    }

    @Test(
        "what is no host, or could be read as another one",
        arguments: [
            "", ":", ":80", "a:65536", "a:99999999999999999999", "a:-1", "a:+1", "a:80:81", "a:8 0", "a:x", "a b", " a",
            "a/b", "a?b", "a#b", "a\\b", "u@a", "u:p@a", "a,b", "a\u{e9}", "a\0", "a\t", "[", "[]", "[:]", "[::1",
            "::1", "[::1]x", "[::1]80", "[::g]", "[::1%25eth0]", "[1.2.3.4]", "[[::1]]", "a[::1]", "a]", "[::1]:x",
            ".", "..", ".a", "a..b", "a..", ".:80", "a%2etest", "%61", "a%", "\"a\"", "<a>", "a|b", "a^b", "a`b", "{a}",
        ])
    func invalid(text: String) {
        #expect(!isValid(text))
    }

    @Test("a host is at most 262 bytes with its port")
    func length() {
        #expect(isValid(String(repeating: "a", count: 262)) && !isValid(String(repeating: "a", count: 263)))
    }

    @Test("the host without its port and without the dot of a full domain name")
    func hostOfAuthority() {
        #expect(host("gw.test") == "gw.test" && host("gw.test:80") == "gw.test" && host("gw.test:") == "gw.test")
        #expect(host("gw.test.") == "gw.test" && host("gw.test.:80") == "gw.test" && host("") == "")
        #expect(host("[::1]") == "[::1]" && host("[::1]:80") == "[::1]" && host("[::1") == "[::1")
    }
}
