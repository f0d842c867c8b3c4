import Foundation
import RedisClient
import TestSupport
import Testing

@Suite("RESP test vectors", .enabled(if: Vectors.arePresent))
struct RESPVectorTests {
    private struct Vector: Decodable {
        let id: String
        let b64: String
        let outcome: String
    }

    /// Accepted by the vectors, refused here: they are RESP3, which is never asked for (no `HELLO 3` is sent),
    /// so a server that sends one has lost step with its client.
    private static let refusedAsRESP3: Set<String> = [
        "null3", "true", "false", "bulkerr", "verbatim", "map", "set", "push", "attr", "dbl", "inf", "nan", "big",
    ]

    private static let values: [String: RedisValue] = [
        "ok": .status("OK"), "int0": .integer(0), "int1": .integer(1), "int-max": .integer(.max),
        "int-min": .integer(.min), "bulk": .bulk(Array("hello".utf8)), "bulk-empty": .bulk([]),
        "bulk-crlf": .bulk([13, 10, 13, 10]), "bulk-bin": .bulk([0, 255, 13]), "nil-bulk": .null,
        "nil-array": .null, "err": .error("ERR"), "arr0": .array([]),
        "arr2": .array([.status("a"), .integer(1)]), "simple-empty": .status(""), "err-empty": .error("UNKNOWN"),
        "arr-nested": .array([
            .array([.array([.array([.array([.array([.array([.array([.status("x")])])])])])])])
        ]),
    ]

    @Test("every reply is read, waited for or refused as the vectors say, whole and byte by byte")
    func vectors() throws {
        let vectors = try Vectors.lines(of: "redis/resp_vectors.jsonl", as: Vector.self)
        #expect(vectors.count == 76)
        var exceptions: Set<String> = []
        var valuesSeen = 0
        for vector in vectors {
            let bytes = Array(try #require(Data(base64Encoded: vector.b64)))
            let outcome = ReadOutcome.whole(bytes)
            #expect(outcome == ReadOutcome.byteByByte(bytes), "\(vector.id): the split changes the outcome")
            switch vector.outcome {
            case "ok" where Self.refusedAsRESP3.contains(vector.id):
                exceptions.insert(vector.id)
                #expect(outcome == .violation, "\(vector.id)")
            case "ok":
                valuesSeen += 1
                #expect(outcome == .replies([try #require(Self.values[vector.id])]), "\(vector.id)")
            case "incomplete": #expect(outcome == .replies([]), "\(vector.id)")
            case "protocol-error": #expect(outcome == .violation, "\(vector.id)")
            default: Issue.record("unknown outcome \(vector.outcome) of \(vector.id)")
            }
        }
        #expect(exceptions == Self.refusedAsRESP3)
        #expect(valuesSeen == Self.values.count)
    }
}
