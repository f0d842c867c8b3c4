import Foundation
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("h2spec's checks, at the running gateway", .enabled(if: Vectors.arePresent))
    struct HTTP2SpecTests {
        private struct Row: Decodable {
            var file: String
            var desc: String
        }

        @Test("every check of the list is carried out and passed")
        func all() async throws {
            let file = try #require(Vectors.directory()).appendingPathComponent("http2/h2spec_cases.json")
            let rows = try JSONDecoder().decode([Row].self, from: Data(contentsOf: file))
            #expect(rows.count == 147)
            try await World.run { world in
                world.backend.onRequest { request, responder in
                    if !request.startLine.contains("/hold") { responder.answer() }
                }
                for row in rows {
                    let name = "\(row.file)|\(row.desc)"
                    guard let check = HTTP2SpecCases.all[name] else {
                        Issue.record("not carried out: \(name)")
                        continue
                    }
                    let client = try HTTP2Client(world, opens: !HTTP2SpecCases.unopened.contains(name))
                    defer { client.raw.close() }
                    #expect(throws: Never.self, "\(name)") { try check(client) }
                }
                // Whatever was sent, the gateway serves on.
                #expect(try HTTP2Client(world).ask().status == 200)
                await eventually("all closed") { world.server.connections <= 1 }
            }
        }
    }
}
