import Foundation
import TestSupport
import Testing

@testable import Proxy

/// The requests of the shared corpus cut where packets may end, before and after other requests, in memory.
@Suite("Requests of the shared corpus, in pieces and in rows", .enabled(if: Vectors.arePresent))
struct SplitRequestTests {
    private static let before = Array("GET /before HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    private static let after = Array("GET /after HTTP/1.1\r\nHost: a\r\n\r\n".utf8)

    /// What must not depend on how a request arrives.
    private struct Trace: Equatable {
        var status: Int?
        var isAnsweredEarly: Bool
        var requests: [[String]]
        var bodies: [[UInt8]]

        init(_ outcome: EmbeddedGateway.Outcome) {
            status = outcome.status
            isAnsweredEarly = outcome.earlyByteCount > 0
            // Each has an identifier of its own.
            requests = outcome.requests.map {
                $0.head.split(separator: "\r\n").map(String.init).filter { !$0.hasPrefix("X-Request-Id: ") }
            }
            bodies = outcome.requests.map(\.body)
        }
    }

    /// All of the corpus at once is too slow for every run; the rows that are cut at each byte are drawn by lot.
    private static let isExhaustive = ProcessInfo.processInfo.environment["PORTCULLIS_EXHAUSTIVE"] != nil

    @Test("how a request is cut changes nothing: whole, byte by byte, at random, and in two at each byte")
    func cuts() throws {
        let gateway = EmbeddedGateway()
        var generator = TestSupport.SeededGenerator.announced("cuts of requests")
        var used: Set<String> = []
        for row in try RequestVector.all() {
            let raw = [UInt8](row.raw)
            let outcome = try gateway.exchange([raw[...]])
            let isExcepted = RequestVerdict.expect(
                row, status: outcome.status, isAnsweredEarly: outcome.earlyByteCount > 0, outcome.requests)
            if isExcepted { used.insert(row.id) }
            #expect(outcome.violations.isEmpty, "\(row.id): the backend could not read it")
            let whole = Trace(outcome)
            var ways = [generator.cuts(raw.count)]
            if raw.count <= 4096 { ways.append(Array(1..<max(raw.count, 1))) }
            if raw.count <= 1024, Self.isExhaustive || Int.random(in: 0..<8, using: &generator) == 0 {
                ways += (1..<max(raw.count, 1)).map { [$0] }
            }
            for ends in ways {
                let pieces = Trace(try gateway.exchange(raw.cut(at: ends)))
                if pieces != whole { Issue.record("\(row.id) whole: \(whole), cut at \(ends): \(pieces)") }
            }
        }
        #expect(used == Set(RequestVector.stricter.keys), "an exception that is not needed")
    }

    @Test("pipelined: the request before is answered first, and what is accepted leaves the one after it alone")
    func pipelined() throws {
        let gateway = EmbeddedGateway()
        var generator = TestSupport.SeededGenerator.announced("cuts of pipelined requests")
        for row in try RequestVector.all() where row.raw.first != 0x0d {
            let alone = try gateway.exchange([[UInt8](row.raw)[...]])
            let isAccepted = row.strict == "accept" && RequestVector.stricter[row.id] == nil
            let keeps = isAccepted && row.oracle.restLength ?? 0 == 0 && !alone.closedEarly
            let raw = Self.before + [UInt8](row.raw) + (keeps ? Self.after : [])
            for ends in [[], [Self.before.count], [Self.before.count + row.raw.count], generator.cuts(raw.count)] {
                let outcome = try gateway.exchange(raw.cut(at: ends))
                try expectOrder(row, alone, outcome, keeps: keeps, "\(row.id) cut at \(ends)")
            }
        }
    }

    private func expectOrder(
        _ row: RequestVector, _ alone: EmbeddedGateway.Outcome, _ outcome: EmbeddedGateway.Outcome, keeps: Bool,
        _ name: String
    ) throws {
        var rest = outcome.answers[...]
        let first = try #require(try RawResponse.parse(Array(rest), isHead: false, atEnd: true), "\(name)")
        #expect(first.0.status == 200 && first.0.text == "GET /before HTTP/1.1", "\(name): the answer before")
        rest = rest.dropFirst(first.1)
        #expect(RequestVerdict.status(of: Array(rest)) == alone.status, "\(name): its own answer")
        #expect(outcome.violations.isEmpty, "\(name): the backend could not read it")
        let lines = outcome.requests.map(\.startLine)
        let own = alone.requests.map(\.startLine)
        #expect(lines == ["GET /before HTTP/1.1"] + own + (keeps ? ["GET /after HTTP/1.1"] : []), "\(name): requests")
        guard keeps else { return }
        #expect(outcome.requests.dropFirst().first?.body == alone.requests.first?.body || own.isEmpty, "\(name): body")
        let isHead = row.raw.starts(with: Array("HEAD ".utf8))
        while let (answer, count) = try RawResponse.parse(Array(rest), isHead: isHead, atEnd: true) {
            rest = rest.dropFirst(count)
            guard answer.status >= 200 else { continue }
            break
        }
        let last = try #require(try RawResponse.parse(Array(rest), isHead: false, atEnd: true), "\(name)")
        #expect(last.0.status == 200 && last.0.text == "GET /after HTTP/1.1", "\(name): the answer after")
        #expect(last.1 == rest.count, "\(name): more than was asked for")
    }

    @Test("the upstream connection that a request went over serves the next client's request, and that alone")
    func reused() throws {
        let gateway = EmbeddedGateway()
        for row in try RequestVector.all() where row.strict == "accept" && RequestVector.stricter[row.id] == nil {
            let outcome = try gateway.exchange([[UInt8](row.raw)[...]])
            let next = try gateway.exchange([Self.after[...]])
            #expect(next.status == 200 && next.requests.map(\.startLine) == ["GET /after HTTP/1.1"], "\(row.id)")
            #expect(next.requests.first?.body == [] && next.violations.isEmpty, "\(row.id)")
            // What follows the request in the corpus may be half a one, which costs a connection.
            guard let last = outcome.requests.last, row.oracle.restLength ?? 0 == 0 else { continue }
            #expect(next.requests.first?.connection == last.connection, "\(row.id): another connection")
        }
    }
}

extension [UInt8] {
    /// The pieces that end at these places and at the end.
    func cut(at ends: [Int]) -> [ArraySlice<UInt8>] {
        var start = 0
        return (ends.filter { $0 > 0 && $0 < count } + [count]).map { end in
            defer { start = end }
            return self[start..<end]
        }
    }
}
