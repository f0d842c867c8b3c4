import Foundation
import HTTP1
import TestSupport
import Testing

@Suite("Paths of the shared corpus", .enabled(if: Vectors.arePresent))
struct PathVectorTests {
    /// What a router with a protected `/admin` and a public `/public` would do.
    enum Decision: Equatable {
        case refused
        case protected(String)
        case open(String)
        case notFound(String)

        var path: String? {
            switch self {
            case .refused: nil
            case .protected(let path), .open(let path), .notFound(let path): path
            }
        }

        init(_ target: String, method: String = "GET", field: String = "X: y") {
            let bytes = Array("\(method) \(target) HTTP/1.1\r\nHost: gw.test\r\n\(field)\r\n\r\n".utf8)
            guard let view = RequestOutcome.read(bytes, ends: [bytes.count]).view,
                let path = view.pathIsPlain ? view.path : PathNormalizerTests.normalize(view.path)
            else {
                self = .refused
                return
            }
            self.init(normalPath: path)
        }

        init(normalPath path: String) {
            if path == "/admin" || path.hasPrefix("/admin/") {
                self = .protected(path)
            } else if path == "/public" || path.hasPrefix("/public/") {
                self = .open(path)
            } else {
                self = .notFound(path)
            }
        }
    }

    /// The path that a careless backend would serve: decoded, backslashes turned, parameters cut off, dots resolved.
    static func carelessReading(of path: String) -> String {
        var segments: [Substring] = []
        let decoded = (path.removingPercentEncoding ?? path).replacing("\\", with: "/")
        for segment in decoded.split(separator: "/") {
            let name = segment.prefix { $0 != ";" && $0 != "\0" }
            if name == ".." { _ = segments.popLast() } else if name != "." { segments.append(name) }
        }
        return "/" + segments.joined(separator: "/")
    }

    struct Row: Decodable {
        var id: String
        var target: String
        var expect: String
        var canonical: String?
        var header: String?
    }

    /// Rows whose normal form is under neither prefix, so that no route takes them; each with the reason.
    static let notFound: [String: String] = [
        "norm-11": "paths are case-sensitive: /Admin is not /admin",
        "abs-4": "the root", "abs-5": "the root",
        "abs-11": "origin-form with empty segments: /gw.test/admin/x",
    ]

    @Test("no spelling reaches what is protected through what is public")
    func pathConfusion() throws {
        let rows = try Vectors.lines(of: "http1/path_confusion.jsonl", as: Row.self)
        #expect(rows.count == 115)
        var unrouted: Set<String> = []
        for row in rows {
            let decision = Decision(row.target, field: row.header ?? "X: y")
            if let path = decision.path {
                if let canonical = row.canonical { #expect(path == canonical, "\(row.id): normal form") }
                #expect(Decision(path) == decision, "\(row.id): the normal form is judged alike")
            }
            switch (row.expect, decision) {
            case ("protected", .protected), ("public", .open): break
            case ("protected-or-400", .protected), ("protected-or-400", .refused): break
            case ("protected-or-400", .notFound): unrouted.insert(row.id)
            case ("400-or-consistent", .open(let path)):
                let careless = Decision(normalPath: Self.carelessReading(of: path).lowercased())
                if case .protected = careless {
                    Issue.record("\(row.id): \(path) is public here and \(careless) there")
                }
            case ("400-or-consistent", _): break
            case (let expect, .open) where expect.hasPrefix("public; header ignored"): break
            default: Issue.record("\(row.id): \(row.target): expected \(row.expect), got \(decision)")
            }
        }
        #expect(unrouted == Set(Self.notFound.keys))
    }

    struct Normalization: Decodable {
        var frontend: String
        var url: String
        var after: String
        var afterFull: String?
        enum CodingKeys: String, CodingKey {
            case frontend, url, after
            case afterFull = "after_full"
        }
    }

    /// Targets of that corpus that are refused here, each with the reason.
    static let refused: [String: String] = [
        "/%zz?a=%zz": "a malformed encoding in the path", "/%%36%36": "a malformed encoding",
        "/%aa?a=%aa": "an encoded byte that is not UTF-8", "/#foo": "a fragment is never sent",
        "/#foo/#foo": "a fragment is never sent",
    ]

    @Test("what HAProxy takes for one path has one normal form here too, and the query is left alone")
    func haproxyNormalization() throws {
        let folder = try #require(Vectors.directory())
        let data = try Data(contentsOf: folder.appending(path: "http1/haproxy_normalize_uri.json"))
        let rows = try JSONDecoder().decode([Normalization].self, from: data)
        #expect(rows.count == 68)
        var used: Set<String> = []
        for row in rows {
            if row.url == "*" {
                let view = try #require(RequestOutcome.of("OPTIONS * HTTP/1.0\r\n\r\n").view)
                #expect(view.isAsteriskForm && view.target == row.after)
                continue
            }
            let decision = Decision(row.url)
            if let view = RequestOutcome.of("GET \(row.url) HTTP/1.0\r\n\r\n").view {
                #expect(view.query == String(row.url.drop { $0 != "?" }))
            }
            guard let path = decision.path else {
                used.insert(row.url)
                continue
            }
            let after = row.afterFull ?? row.after
            #expect(Decision(after).path == path, "\(row.url)")
            if ["fe_path_merge_slashes", "fe_path_strip_dotdot", "fe_percent_decode_unreserved"].contains(row.frontend)
            {
                #expect(String(after.prefix { $0 != "?" }) == path, "\(row.url)")
            }
        }
        #expect(used == Set(Self.refused.keys))
    }
}
