import Foundation
import HTTP1
import TestSupport
import Testing

@Suite("Upstream responses of the shared corpus", .enabled(if: Vectors.arePresent))
struct UpstreamVectorTests {
    struct Row: Decodable {
        var id: String
        var method: String
        var raw: Data
        var expect: String
        enum CodingKeys: String, CodingKey {
            case id, method, expect
            case raw = "raw_b64"
        }
    }

    /// Rows that the parser alone cannot decide, each with the reason.
    static let exceptions: [String: String] = [
        "101-unrequested": "well-formed; that no upgrade was asked for is known to the proxy"
    ]

    /// The bodies of the responses that are passed on; all others have `ok`.
    static let bodies: [String: String] = [
        "ok-cl": "hello", "ok-chunked": "hello", "ok-chunked-trailer": "hello", "ok-close10": "hello",
        "ok-close11": "hello", "ok-204": "", "ok-304": "", "cl-lead0": "hello", "cl-extra": "hello",
        "two-responses": "hello", "head-cl": "", "head-with-body": "", "204-body": "", "304-body": "", "204-te": "",
        "www-auth": "no",
    ]

    /// The rows after which bytes are left that no request asked for, so that the connection cannot be used again.
    static let leftOvers: [String: Int] = [
        "head-with-body": 5, "cl-extra": 5, "two-responses": 44, "204-body": 5, "304-body": 5, "204-te": 5,
    ]

    @Test("every response has its expected outcome, whole, byte by byte and in random pieces")
    func outcomes() throws {
        let rows = try Vectors.lines(of: "http1/upstream_responses.jsonl", as: Row.self)
        #expect(rows.count == 85)
        var generator = SeededGenerator.announced("upstream responses")
        for row in rows {
            let raw = [UInt8](row.raw)
            let method = HTTPMethod.allCases.first { $0.name == row.method } ?? .other
            let whole = ResponseReader.read(raw, method: method, ends: [raw.count])
            check(row, whole)
            // Byte by byte the largest would take long; random pieces take its place.
            if raw.count < 1000 {
                #expect(ResponseReader.read(raw, method: method, ends: Array(0...raw.count)) == whole, "\(row.id)")
                for end in 0...raw.count {
                    #expect(ResponseReader.read(raw, method: method, ends: [end, raw.count]) == whole, "\(row.id)")
                }
            } else {
                #expect(ResponseReader.read(raw, method: method, ends: generator.cuts(raw.count)) == whole, "\(row.id)")
            }
        }
    }

    private func check(_ row: Row, _ outcome: ResponseReader.Outcome) {
        if Self.exceptions[row.id] != nil { return }
        switch outcome {
        case .noHead:
            #expect(row.expect.contains("502"), "\(row.id) is refused")
        case .brokenBody:
            #expect(row.expect.contains("truncate"), "\(row.id) breaks off")
        case .complete(_, let body, let restCount):
            #expect(row.expect.contains("forward"), "\(row.id) is passed on")
            #expect(String(decoding: body, as: UTF8.self) == Self.bodies[row.id] ?? "ok", "\(row.id): body")
            #expect(restCount == Self.leftOvers[row.id] ?? 0, "\(row.id): what is left over")
        }
    }

    @Test("hop-by-hop fields and those named in Connection are marked, end-to-end fields are kept in order")
    func fields() throws {
        for row in try Vectors.lines(of: "http1/upstream_responses.jsonl", as: Row.self) {
            let raw = [UInt8](row.raw)
            let view = ResponseOutcome.read(raw, ends: [raw.count]).view
            switch row.id {
            case "hop":
                let names = try #require(view).fields.filter { $0.traits.contains(.hopByHop) }.map(\.name)
                #expect(names == ["Connection", "X-Hop", "Keep-Alive", "Proxy-Connection", "Upgrade"])
                #expect(view?.keepsAlive == false)
            case "multi-setcookie":
                let values = try #require(view).fields.filter { $0.name == "Set-Cookie" }.map(\.value)
                #expect(values == ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"])
            case "www-auth":
                #expect(try #require(view).fields.filter { $0.name == "WWW-Authenticate" }.count == 2)
            default:
                break
            }
        }
    }
}
