import Foundation
import TestSupport
import Testing

@testable import Proxy

/// The answers of the shared corpus cut where packets may end, on a used upstream connection, in memory.
@Suite("Answers of the shared corpus, in pieces", .enabled(if: Vectors.arePresent))
struct SplitResponseTests {
    private static let clean = "GET /clean HTTP/1.1\r\nHost: a\r\n\r\n"

    /// What must not depend on how an answer arrives: all of a whole one, and that a broken one is broken.
    ///
    /// How much of that is passed on first does depend on it.
    private struct Trace: Equatable {
        var status: Int?
        var fields: [String]
        var body: [UInt8]
        var isComplete: Bool
        /// What the client reads after it.
        var next: String?
    }

    @Test("how an answer is cut changes nothing: whole, byte by byte, at random, and in two at each byte")
    func cuts() throws {
        let gateway = EmbeddedGateway()
        var generator = TestSupport.SeededGenerator.announced("cuts of answers")
        // No answer at all is asked for again on a new connection, which there is none of in memory.
        for row in try ResponseVector.all() where !row.raw.isEmpty {
            let raw = [UInt8](row.raw)
            let whole = try exchange(row, raw.cut(at: []), gateway)
            var ways = [generator.cuts(raw.count)]
            if raw.count < 4096 {
                ways.append(Array(1..<max(raw.count, 1)))
                ways += (1..<max(raw.count, 1)).map { [$0] }
            }
            if ResponseVector.overlong.contains(row.id) { ways = [] }
            for ends in ways {
                let pieces = try exchange(row, raw.cut(at: ends), gateway)
                if pieces != whole { Issue.record("\(row.id) whole: \(whole), cut at \(ends): \(pieces)") }
            }
        }
    }

    private func exchange(
        _ row: ResponseVector, _ pieces: [ArraySlice<UInt8>], _ gateway: EmbeddedGateway
    ) throws -> Trace {
        gateway.script = { request in
            if request.startLine.contains("/clean") { return EmbeddedGateway.echo(request) }
            return EmbeddedGateway.Answer(pieces: pieces.map(Array.init), closes: row.closes)
        }
        let requests = [Self.clean, row.request, Self.clean].map { Array($0.utf8)[...] }
        let outcome = try gateway.exchange(requests)
        var rest = outcome.answers[...]
        func next(isHead: Bool = false) throws -> RawResponse? {
            guard let (answer, count) = try RawResponse.parse(Array(rest), isHead: isHead, atEnd: true) else {
                return nil
            }
            rest = rest.dropFirst(count)
            return answer
        }
        let before = try next()
        #expect(before?.text == "GET /clean HTTP/1.1", "\(row.id): poisoned before")
        var own: RawResponse?
        repeat { own = try next(isHead: row.method == "HEAD") } while own != nil && own?.status ?? 0 < 200
        let after = try next()
        if row.expectFits(own, "\(row.id)") {
            #expect(after == nil, "\(row.id): goes on after a broken answer")
        } else {
            #expect(after?.text == "GET /clean HTTP/1.1" && rest.isEmpty, "\(row.id): poisoned")
            #expect(outcome.requests.last?.startLine == "GET /clean HTTP/1.1", "\(row.id): the next request")
        }
        #expect(outcome.requests.count == (after == nil ? 2 : 3) && outcome.violations.isEmpty, "\(row.id): requests")
        guard let own, own.isComplete else { return Trace(fields: [], body: [], isComplete: false) }
        return Trace(
            status: own.status, fields: own.fields.filter { $0.name != "Date" }.map { "\($0.name): \($0.value)" },
            // A problem's body has the request's identifier in it.
            body: own.status == 502 ? [] : own.body, isComplete: true, next: after?.text)
    }
}
