import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import Proxy

/// The answers of the shared corpus that a backend gives, and what must come of them.
struct ResponseVector: Decodable {
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

    /// The answers after which bytes come that no request asked for.
    ///
    /// In a packet of their own they cannot be told from
    /// the next answer, for HTTP/1.1 has no numbers; in one with the answer they must be noticed.
    static let overlong: Set<String> = [
        "cl-extra", "two-responses", "204-body", "304-body", "head-with-body", "204-te",
    ]

    static func all() throws -> [ResponseVector] {
        let rows = try Vectors.lines(of: "http1/upstream_responses.jsonl", as: ResponseVector.self)
        #expect(rows.count == 85)
        return rows
    }

    /// The client's request that is answered with this one.
    var request: String { "\(method) /public HTTP/1.1\r\nHost: a\r\n\r\n" }

    /// Expects that what the client got fits.
    ///
    /// - Parameters:
    ///   - response: the final answer; `nil` when none came.
    ///   - name: names the case in a failure.
    /// - Returns: whether the answer is cut off, so that the connection must end with it.
    func expectFits(_ response: RawResponse?, _ name: String) -> Bool {
        let isRefused = response?.status == 502
        let isTruncated = response == nil || response?.isComplete == false
        switch expect {
        case "502": #expect(isRefused, "\(name): \(response?.status ?? 0)")
        case "truncate": #expect(isTruncated, "\(name): a clean end")
        case "502 or truncate": #expect(isRefused || isTruncated, "\(name): a clean end")
        case "forward", "forward+no-reuse", "forward-hop-stripped", "forward normalised":
            #expect(!isRefused && !isTruncated, "\(name): \(response?.status ?? 0)")
        case "forward-nobody":
            #expect(!isRefused && !isTruncated && response?.body.isEmpty == true, "\(name)")
        default:
            #expect(expect.contains("502") && (isRefused || !isTruncated), "\(name)")
        }
        for field in ["X-Hop", "Upgrade", "Keep-Alive", "Proxy-Connection"] {
            #expect(response?[field] == nil, "\(name)")
        }
        return isTruncated
    }
}

extension GatewayTests {
    @Suite("Answers of the shared corpus, at the running gateway", .enabled(if: Vectors.arePresent))
    struct ResponseVectorTests {
        private struct Turn: Sendable {
            var bytes: [UInt8] = []
            var closes = false
            var pieceSize = Int.max
        }

        @Test("every answer comes to what is expected, on a used connection, before a clean one", arguments: [.max, 1])
        func outcomes(pieceSize: Int) async throws {
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
                for row in try ResponseVector.all()
                where pieceSize > 1 || row.raw.count < 1000 && !ResponseVector.overlong.contains(row.id) {
                    turn.withLockedValue {
                        $0 = Turn(bytes: [UInt8](row.raw), closes: row.closes, pieceSize: pieceSize)
                    }
                    try check(row, world)
                }
            }
        }

        private func check(_ row: ResponseVector, _ world: World) throws {
            let client = try world.client()
            let next = "GET /public/next HTTP/1.1\r\nHost: a\r\n\r\n"
            try client.send(next)
            #expect(try client.readResponse().text == "next", "\(row.id): poisoned before")
            world.backend.forget()
            // Without a close the answer's rest, if any is missing, would be waited for.
            try client.send(row.request + next)
            var response: RawResponse?
            repeat {
                response = try? client.readResponse(isHead: row.method == "HEAD")
            } while response != nil && response?.status ?? 0 < 200
            if row.expectFits(response, row.id) {
                #expect(try client.endsNow(), "\(row.id): goes on after a broken answer")
            } else {
                // Whatever came of it, the next answer is the next request's own.
                #expect(try client.readResponse().text == "next", "\(row.id): poisoned")
                let last = world.backend.requests.last
                let isClean = last?.startLine == "GET /public/next HTTP/1.1" && last?.body == []
                #expect(isClean, "\(row.id): the next request")
            }
            let requests = world.backend.requests
            #expect(requests.first.map { $0.index > 0 } ?? false, "\(row.id): a fresh connection")
            #expect(world.backend.state.violations.isEmpty, "\(row.id): the backend could not read it")
        }
    }
}
