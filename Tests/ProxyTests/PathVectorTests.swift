import Foundation
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Paths of the shared corpus, at the running gateway", .enabled(if: Vectors.arePresent))
    struct PathVectorTests {
        struct Row: Decodable {
            var id: String
            var target: String
        }

        @Test("no spelling of a path reaches the protected tree without a decision")
        func confusion() async throws {
            let rows = try Vectors.lines(of: "http1/path_confusion.jsonl", as: Row.self)
            #expect(rows.count == 115)
            try await World.run { world in
                for row in rows {
                    world.backend.forget()
                    let client = try world.client()
                    try client.send(
                        Array("GET ".utf8) + Array(row.target.utf8) + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                    let status = try client.readResponse().status
                    guard status == 200 else { continue }
                    let target = world.backend.requests.first?.startLine.split(separator: " ").dropFirst().first ?? ""
                    let path = target.prefix { $0 != "?" }
                    #expect(!path.lowercased().contains("admin") || path.hasPrefix("/public"), "\(row.id): \(target)")
                    let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().dropLast()
                    #expect(segments.allSatisfy { !["", ".", ".."].contains($0) }, "\(row.id): \(target)")
                    #expect(!path.contains(";"), "\(row.id): \(target)")
                }
            }
        }
    }
}
