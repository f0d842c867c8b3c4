import Foundation
import NIOCore
import RedisClient
import TestSupport
import Testing

@Suite("replies to deny-list commands", .enabled(if: Vectors.arePresent))
struct ReplyClassificationTests {
    private struct Vector: Decodable, Sendable {
        let id: String
        let command: String
        let b64: String?
        let decision: String

        var bytes: [UInt8]? { b64.flatMap { Data(base64Encoded: $0) }.map { Array($0) } }
        var isEndOfFile: Bool { id.hasSuffix("-eof") }
    }

    /// Decided otherwise, each in the direction that refuses the token.
    private static let exceptions: [String: String] = [
        "GET-null3": "a RESP3 null, and RESP3 is never asked for: protocol violation, not `not-revoked`",
        "EXISTS-err-MOVED": "a standalone server does not redirect: the refusal is passed on by its code",
        "EXISTS-err-ASK": "a standalone server does not redirect: the refusal is passed on by its code",
        "GET-err-MOVED": "a standalone server does not redirect: the refusal is passed on by its code",
        "GET-err-ASK": "a standalone server does not redirect: the refusal is passed on by its code",
    ]

    @Test("are decided as the vectors say, and end the connection unless they are a proper reply or refusal")
    func classification() async throws {
        let vectors = try Vectors.lines(of: "redis/reply_classification.jsonl", as: Vector.self)
        #expect(vectors.count == 82)
        #expect(Set(vectors.map(\.id)).isSuperset(of: Self.exceptions.keys))
        for vector in vectors {
            for split in [false, true] { try await check(vector, split: split) }
        }
    }

    private func check(_ vector: Vector, split: Bool) async throws {
        let server = try await FakeRedisServer.start { _ in
            guard let bytes = vector.bytes else { return [] }
            let sending: [FakeRedisServer.Step] = split ? bytes.map { .sendBytes([$0]) } : [.sendBytes(bytes)]
            return sending + (vector.isEndOfFile ? [.close] : [])
        }
        // Only a missing reply should run into the deadline.
        let timeout: Int64 = vector.bytes == nil ? 30 : 10_000
        let harness = ConnectionHarness(.local(port: server.port, commandTimeout: .milliseconds(timeout)))
        #expect(try await harness.startAndWait())
        let shape: ReplyShape = vector.command.hasPrefix("EXISTS") ? .count(maximum: 1) : .bulkOrNull
        let outcome = try await harness.send(vector.command, "k", expecting: shape)
        let decision = Self.decision(outcome)
        if Self.exceptions[vector.id] != nil {
            #expect(decision == "error", "\(vector.id)")
        } else {
            let wanted = vector.decision.replacingOccurrences(of: " then close", with: "").split(separator: " or ")
            #expect(wanted.map(String.init).contains(decision), "\(vector.id): \(outcome)")
        }
        if Self.endsConnection(outcome) || vector.decision.hasSuffix("then close") {
            #expect(await eventually { server.connectionCount > 1 }, "\(vector.id): the connection goes on")
        } else {
            #expect(try await harness.isReady(), "\(vector.id)")
            #expect(server.connectionCount == 1, "\(vector.id)")
        }
        try await harness.stop()
        try await server.stop()
    }

    /// As a deny-list reads it: presence decides, not the value.
    private static func decision(_ outcome: Outcome) -> String {
        switch outcome {
        case .success(.integer(0)), .success(.null): "not-revoked"
        case .success(.integer), .success(.bulk): "revoked"
        default: "error"
        }
    }

    private static func endsConnection(_ outcome: Outcome) -> Bool {
        switch outcome {
        case .failure(.server(let code)): code == "NOAUTH" || code == "READONLY"
        case .failure: true
        case .success: false
        }
    }
}
