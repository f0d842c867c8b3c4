import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Answers of the shared corpus, at the running gateway", .enabled(if: Vectors.arePresent))
    struct ResponseVectorTests {
        struct Row: Decodable {
            var id: String
            var method: String
            var raw: Data
            var closes: Bool
            var expect: String
            enum CodingKeys: String, CodingKey {
                case id, method, expect
                case raw = "raw_b64"
                case closes = "close_after"
            }
        }

        private struct Turn: Sendable {
            var bytes: [UInt8] = []
            var closes = false
            var pieceSize = Int.max
        }

        @Test("every answer comes to what is expected, whole and byte by byte", arguments: [Int.max, 1])
        func outcomes(pieceSize: Int) async throws {
            let rows = try Vectors.lines(of: "http1/upstream_responses.jsonl", as: Row.self)
            #expect(rows.count == 85)
            let turn = NIOLockedValueBox(Turn())
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if request.startLine.contains("/next") { return responder.answer("next") }
                    let turn = turn.withLockedValue { $0 }
                    var rest = turn.bytes[...]
                    while !rest.isEmpty {
                        let count = min(turn.pieceSize, rest.count)
                        responder.send(Array(rest.prefix(count)))
                        rest = rest.dropFirst(count)
                    }
                    if turn.closes { responder.close() }
                }
                // Bytes that come after an answer in a packet of their own cannot be told from the next answer: HTTP/1.1
                // has no numbers. Whole, they must be noticed.
                let overlong = ["cl-extra", "two-responses", "204-body", "304-body", "head-with-body", "204-te"]
                for row in rows where pieceSize > 1 || row.raw.count < 1000 && !overlong.contains(row.id) {
                    turn.withLockedValue {
                        $0 = Turn(bytes: [UInt8](row.raw), closes: row.closes, pieceSize: pieceSize)
                    }
                    try check(row, world)
                }
            }
        }

        private func check(_ row: Row, _ world: World) throws {
            let client = try world.client()
            // Without a close the answer's rest, if any is missing, would be waited for.
            try client.send(
                "\(row.method) /public HTTP/1.1\r\nHost: a\r\n\r\nGET /public/next HTTP/1.1\r\nHost: a\r\n\r\n")
            var response: RawResponse?
            repeat {
                response = try? client.readResponse(isHead: row.method == "HEAD")
            } while response != nil && response?.status ?? 0 < 200
            let isRefused = response?.status == 502
            let isTruncated = response == nil || response?.isComplete == false
            switch row.expect {
            case "502": #expect(isRefused, "\(row.id): \(response?.status ?? 0)")
            case "truncate": #expect(isTruncated, "\(row.id): a clean end")
            case "502 or truncate": #expect(isRefused || isTruncated, "\(row.id): a clean end")
            case "forward", "forward+no-reuse", "forward-hop-stripped", "forward normalised":
                #expect(!isRefused && !isTruncated, "\(row.id): \(response?.status ?? 0)")
            case "forward-nobody":
                #expect(!isRefused && !isTruncated && response?.body.isEmpty == true, "\(row.id)")
            default:
                #expect(row.expect.contains("502") && (isRefused || !isTruncated), "\(row.id)")
            }
            for name in ["X-Hop", "Upgrade", "Keep-Alive", "Proxy-Connection"] {
                #expect(response?[name] == nil, "\(row.id)")
            }
            if isTruncated {
                #expect(try client.endsNow(), "\(row.id): goes on after a broken answer")
            } else {
                // Whatever came of it, the next answer is the next request's own.
                #expect(try client.readResponse().text == "next", "\(row.id): poisoned")
            }
        }
    }
}
