import HTTP1
import TestSupport
import Testing

@Suite("PathNormalizer")
struct PathNormalizerTests {
    static func normalize(_ bytes: [UInt8]) -> [UInt8]? {
        try? bytes.withBytes { pointer throws(HTTPViolation) in try PathNormalizer.normalize(pointer) }
    }

    static func normalize(_ path: String) -> String? {
        normalize(Array(path.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(
        "every spelling of a path has one normal form",
        arguments: [
            ("", "/"), ("/", "/"), ("//", "/"), ("/.", "/"), ("/./", "/"), ("/..", "/"), ("/../..", "/"), ("/a", "/a"),
            ("/a/", "/a/"), ("/a/.", "/a/"), ("/a/./", "/a/"), ("/a/..", "/"), ("/a/../", "/"), ("/a/b/..", "/a/"),
            ("/a/b/../", "/a/"), ("/a/b/../c", "/a/c"), ("/a/../../../b", "/b"), ("//a///b//", "/a/b/"),
            ("/a//../b", "/b"), ("/a/...", "/a/..."), ("/..a/.b", "/..a/.b"), ("/%2e%2E/%2e/b", "/b"),
            ("/public/%2e%2e/admin", "/admin"), ("/public/.%2e/admin", "/admin"), ("/%61%7e%2D%5f%2E%39", "/a~-_.9"),
            ("/%41dmin", "/Admin"), ("/%c3%a9", "/%C3%A9"), ("/%e2%82%ac%F0%9f%98%80", "/%E2%82%AC%F0%9F%98%80"),
            ("/a%3fb%23%3B%25", "/a%3Fb%23%3B%25"), ("/%252e%252e/a", "/%252e%252e/a"), ("/a%20b", "/a%20b"),
            ("/a:b@c!$&'()*+,=|^\"<>{}`", "/a:b@c!$&'()*+,=|^\"<>{}`"),
        ])
    func normalForms(path: String, normal: String) {
        #expect(Self.normalize(path) == normal)
    }

    @Test(
        "what backends read in different ways is refused",
        arguments: [
            "a", "*", "%2fa", "/a;b", "/a/..;/b", "/;", "/a%2fb", "/a%2Fb", "/a%5cb", "/a%5C..", "/a%00", "/a%0a",
            "/a%0d",
            "/a%1f", "/a%7f", "/a%", "/a%4", "/a%zz", "/a%4g", "/a%%41", "/a%u0041", "/%c0%af", "/%c0%ae%c0%ae/",
            "/%e0%80%af", "/%f0%80%80%af", "/%ed%a0%80", "/%f4%90%80%80", "/%ff", "/%80", "/%c3", "/%c3/%a9", "/%c3a",
            "/%e2%82", "/%c3%41", "/\u{e9}",
        ])
    func ambiguous(path: String) {
        #expect(Self.normalize(path) == nil)
    }

    @Test("the normal form is normal: it does not change again, and holds nothing left to resolve")
    func idempotence() throws {
        var generator = SeededGenerator.announced("path normalisation")
        let parts = [
            "/", "/", ".", "..", "%2e", "%2E", "a", "b", "%61", "%25", "%c3%a9", "%3f", "%2F", ";", "%", "admin",
        ]
        var taken = 0
        for _ in 0..<4000 {
            let path = "/" + (0..<generator.below(12)).map { _ in parts[generator.below(parts.count)] }.joined()
            guard let normal = Self.normalize(path) else { continue }
            taken += 1
            guard Self.normalize(normal) == normal, normal.first == "/", !normal.contains("//"),
                !normal.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }), !normal.contains("%2E"),
                !normal.contains("%2e"), !normal.contains("%61")
            else {
                Issue.record("\(path) became \(normal)")
                continue
            }
        }
        #expect(taken > 500)
    }

    @Test("a path that the parser calls plain is its own normal form")
    func plainIsNormal() throws {
        var generator = SeededGenerator.announced("plain paths")
        let parts = ["/", "/", ".", "a", "b.", "%61", "%", ";", "~", "...", ":", "//", "/."]
        var plainCount = 0
        for _ in 0..<4000 {
            let path = "/" + (0..<generator.below(10)).map { _ in parts[generator.below(parts.count)] }.joined()
            let bytes = Array("GET \(path) HTTP/1.0\r\n\r\n".utf8)
            guard let view = RequestOutcome.read(bytes, ends: [bytes.count]).view, view.pathIsPlain else { continue }
            plainCount += 1
            if Self.normalize(view.path) != view.path { Issue.record("\(path) is called plain") }
        }
        #expect(plainCount > 500)
    }
}
