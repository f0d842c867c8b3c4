import Foundation
import TestSupport
import Testing

@testable import Proxy

/// What holds a row of the shared corpus: a check that throws or records an issue when the gateway does otherwise.
typealias RowCheck = @Sendable () async throws -> Void

extension GatewayTests {
    @Suite("Proxy semantics of the shared corpus, at the running gateway", .enabled(if: Vectors.arePresent))
    struct SemanticsVectorTests {
        struct Row: Decodable { var id: String }

        private static let checks = SemanticsRows.fields.merging(SemanticsRows.messages) { first, _ in first }

        /// Rows about other parts than the exchange, and the test file that holds them.
        private static let coveredElsewhere = [
            "drain-01": "ProxyTests/ShutdownTests.swift"
        ]

        /// Rows that this suite does not hold, and why.
        private static let exceptions = [
            "tls-01": "is about the TLS listener and not about the exchange behind it; its tests stand with TLS"
        ]

        @Test("every row has its check, and no check is left without a row")
        func complete() throws {
            let ids = try Vectors.lines(of: "http1/proxy_semantics.jsonl", as: Row.self).map(\.id)
            #expect(Set(ids).count == ids.count)
            let covered = [Array(Self.checks.keys), Array(Self.coveredElsewhere.keys), Array(Self.exceptions.keys)]
            #expect(covered.joined().sorted() == ids.sorted())
            let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            for file in Self.coveredElsewhere.values {
                #expect(FileManager.default.fileExists(atPath: tests.appending(path: file).path), "\(file)")
            }
        }

        @Test("what the row says is what happens", arguments: Self.checks.keys.sorted())
        func row(id: String) async throws {
            try await Self.checks[id]?()
        }
    }
}

/// The checks of `http1/proxy_semantics.jsonl`, by the rows' ids.
enum SemanticsRows {
    static let get = "GET /public HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Sends a request through and returns what the backend saw of it.
    static func forwarded(_ text: String, _ settings: World.Settings = World.Settings()) async throws -> Backend.Request
    {
        var seen: Backend.Request?
        try await World.run(settings) { (world) async throws in
            #expect(try world.ask(text).status == 200)
            seen = world.backend.requests.first
        }
        return try #require(seen)
    }

    static func forwarded(fields: String, _ settings: World.Settings = World.Settings()) async throws -> Backend.Request
    {
        try await forwarded("GET /public HTTP/1.1\r\nHost: a\r\n\(fields)\r\n", settings)
    }

    /// Sends a request and returns the answer, whatever it is, and how many requests the backend saw.
    static func answered(_ text: String, by answer: String? = nil) async throws -> (RawResponse, Int) {
        var outcome: (RawResponse, Int)?
        try await World.run { (world) async throws in
            if let answer { world.backend.onRequest { _, responder in responder.send(answer) } }
            outcome = (try world.ask(text), world.backend.state.heads)
        }
        return try #require(outcome)
    }
}
