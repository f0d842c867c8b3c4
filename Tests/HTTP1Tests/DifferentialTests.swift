import Foundation
import HTTP1
import TestSupport
import Testing

/// Whatever is taken here, SwiftNIO's decoder must take too, and see the same message in it: a second reader that sees
/// another one is a smuggled request or a poisoned response.
@Suite("Differential: SwiftNIO's decoder", .enabled(if: Vectors.arePresent))
struct DifferentialTests {
    /// Legal things that SwiftNIO's decoder refuses.
    enum Excuse: CaseIterable {
        /// A tab after the value of a framing field is white space around it (RFC 9110 section 5.5).
        case tabAfterFramingField
        /// White space between `;` and the extension's name (RFC 9112 section 7.1.1).
        case spaceInChunkExtension
        /// A framing field in a trailer, which is dropped here (RFC 9110 section 6.5.1).
        case framingFieldInTrailer
        /// `Connection: close` in an interim response, which the final one still follows.
        case closeInInterimResponse

        func applies(_ raw: [UInt8], _ ours: NIODecoder.Outcome, _ theirs: NIODecoder.Outcome) -> Bool {
            // Swift takes CR LF for one character.
            let text = String(decoding: raw, as: UTF8.self).lowercased().replacing("\r\n", with: "\n")
            return switch self {
            case .tabAfterFramingField:
                text.contains(#/\n(transfer-encoding:[ \t]*chunked|content-length:[ \t]*[0-9]+) *\t/#)
            case .spaceInChunkExtension:
                theirs.end == .refused && text.contains(#/\n0*[0-9a-f]+[^\n]*;[ \t]/#)
            case .framingFieldInTrailer:
                theirs.end == .refused && theirs.body == ours.body
                    && text.contains(#/\n0+(;[^\n]*)?\n([^\n]+\n)*(content-length|transfer-encoding):/#)
            case .closeInInterimResponse:
                theirs.end == .refused && text.contains(#/^http\/1\.1 1[^\n]*\n([^\n]+\n)*connection:[^\n]*close/#)
            }
        }
    }

    @Test("requests of the corpus and mutations of them")
    func requests() throws {
        let corpus = try RequestVector.all()
            .map { [UInt8]($0.raw) }.filter { $0.count < 2000 }
        var mutator = Mutator(generator: .announced("differential requests"))
        var accepted = 0
        for index in 0..<(2 * corpus.count + 6000) {
            let isGiven = index < 2 * corpus.count
            let raw = isGiven ? corpus[index / 2] : mutator.mutate(corpus[mutator.generator.below(corpus.count)])
            let ends = index % 2 == 0 ? [raw.count] : mutator.generator.cuts(raw.count)
            let (ours, view) = Self.readRequest(raw, ends: ends)
            guard ours.end != .refused, view?.method != .connect else { continue }
            let theirs = Self.readRequestLikeNIO(raw, ends: ends, view)
            if ours.end == .complete { accepted += 1 }
            check(raw, ends, ours, theirs)
            checkEnd(raw, ends, ours, theirs, view)
        }
        #expect(accepted > 500)
    }

    /// Both must see the request end at the same byte: what is put there is the next request to either.
    private func checkEnd(
        _ raw: [UInt8], _ ends: [Int], _ ours: NIODecoder.Outcome, _ theirs: NIODecoder.Outcome,
        _ view: RequestOutcome.View?
    ) {
        // After these, that decoder reads no further. A method that it does not know it does not read at all.
        guard ours == theirs, ours.end == .complete, let view, view.keepsAlive, !view.asksForUpgrade,
            view.method != .other,
            case .ended(_, let bodyCount, let trailers) = BodyOutcome.read(
                Array(raw[view.byteCount...]), framing: view.framing, ends: [raw.count - view.byteCount])
        else { return }
        // It takes a trailer for a header field, and ends the connection on its word (RFC 9110 section 6.5.1 forbids that).
        if String(decoding: trailers, as: UTF8.self).lowercased().contains("connection:") { return }
        let count = view.byteCount + bodyCount
        let next = raw[..<count] + Array("GET /next HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        let cuts = ends.filter { $0 < count } + [next.count]
        let (lines, isClean) = NIODecoder.readRequests(Array(next), ends: cuts)
        guard !isClean || lines != [ours.startLine, "GET /next"] else { return }
        Issue.record("\(String(decoding: next, as: UTF8.self).debugDescription) cut at \(cuts): \(lines)")
    }

    @Test("responses of the corpus and mutations of them")
    func responses() throws {
        let corpus = try Vectors.lines(of: "http1/upstream_responses.jsonl", as: UpstreamVectorTests.Row.self)
            .map { (raw: [UInt8]($0.raw), method: $0.method == "HEAD" ? HTTPMethod.head : .get) }
            .filter { $0.raw.count < 2000 }
        var mutator = Mutator(generator: .announced("differential responses"))
        var accepted = 0
        for index in 0..<(2 * corpus.count + 6000) {
            let isGiven = index < 2 * corpus.count
            var (raw, method) = corpus[isGiven ? index / 2 : mutator.generator.below(corpus.count)]
            if !isGiven { raw = mutator.mutate(raw) }
            let ends = index % 2 == 0 ? [raw.count] : mutator.generator.cuts(raw.count)
            let ours = Self.readResponse(raw, method: method, ends: ends)
            // Leaving HTTP is the proxy's decision, and NIO's decoder stops there.
            guard ours.end != .refused, ours.startLine != "101" else { continue }
            if ours.end == .complete { accepted += 1 }
            check(raw, ends, ours, NIODecoder.readResponse(raw, method: method, ends: ends))
        }
        #expect(accepted > 500)
    }

    private func check(_ raw: [UInt8], _ ends: [Int], _ ours: NIODecoder.Outcome, _ theirs: NIODecoder.Outcome) {
        guard Self.differ(ours, theirs), !Excuse.allCases.contains(where: { $0.applies(raw, ours, theirs) }) else {
            return
        }
        Issue.record("\(String(decoding: raw, as: UTF8.self).debugDescription) cut at \(ends): \(ours), \(theirs)")
    }

    /// Whether the second reader sees another message than the first, which has not refused it.
    static func differ(_ ours: NIODecoder.Outcome, _ theirs: NIODecoder.Outcome) -> Bool {
        switch (ours.end, theirs.end) {
        case (.complete, .complete): ours != theirs
        // What is unfinished here may already be refused there; neither has taken it.
        case (.unfinished, .refused): false
        case (.unfinished, .unfinished): ours.startLine != nil && theirs.startLine != nil && ours != theirs
        default: true
        }
    }

    /// Reads the first request like ``NIODecoder/readRequest(_:ends:)``.
    static func readRequest(_ raw: [UInt8], ends: [Int]) -> (outcome: NIODecoder.Outcome, view: RequestOutcome.View?) {
        var outcome = NIODecoder.Outcome()
        let head = RequestOutcome.read(raw, ends: ends)
        guard let view = head.view else {
            if head.violation != nil { outcome.end = .refused }
            return (outcome, nil)
        }
        outcome.startLine = "\(view.methodName) \(view.target)"
        outcome.fields = view.fields.map { "\($0.name): \($0.value)" }
        let rest = Array(raw[view.byteCount...])
        let restEnds = ends.map { $0 - view.byteCount }.filter { $0 > 0 } + (rest.isEmpty ? [0] : [])
        switch BodyOutcome.read(rest, framing: view.framing, ends: restEnds) {
        case .ended(let body, _, _): (outcome.end, outcome.body) = (.complete, body)
        case .unfinished(let body): outcome.body = body
        case .refused: outcome.end = .refused
        }
        return (outcome, view)
    }

    /// Lets NIO read the request; a method that it does not know is replaced by one that it does.
    private static func readRequestLikeNIO(
        _ raw: [UInt8], ends: [Int], _ view: RequestOutcome.View?
    ) -> NIODecoder.Outcome {
        let outcome = NIODecoder.readRequest(raw, ends: ends)
        guard let view, view.method == .other, outcome.end == .refused, outcome.startLine == nil,
            let start = raw.firstIndex(where: { $0 != 0x0d && $0 != 0x0a })
        else { return outcome }
        let known = raw[..<start] + Array("POST".utf8) + raw[(start + view.methodName.utf8.count)...]
        var replaced = NIODecoder.readRequest(Array(known), ends: [known.count])
        replaced.startLine = replaced.startLine.map { view.methodName + $0.dropFirst(4) }
        return replaced
    }

    /// Reads the final response like ``NIODecoder/readResponse(_:method:ends:)``.
    static func readResponse(_ raw: [UInt8], method: HTTPMethod, ends: [Int]) -> NIODecoder.Outcome {
        var outcome = NIODecoder.Outcome()
        switch ResponseReader.read(raw, method: method, ends: ends) {
        case .complete(let status, let body, _):
            outcome.end = .complete
            (outcome.startLine, outcome.body) = ("\(status)", body)
        case .noHead, .brokenBody:
            outcome.end = .refused
        }
        return outcome
    }
}
