import HTTP1
import Testing

/// Bytes nobody would send, against memory nobody may read.
///
/// A trap ends the whole run; everything else is compared: the same bytes in random pieces must come to the same.
@Suite("Fuzz")
struct FuzzTests {
    private static let requests: [String] = [
        "GET /a/b?c=d HTTP/1.1\r\nHost: gw.test\r\nAuthorization: Bearer x\r\nConnection: x-a, close\r\nX-A: b\r\n\r\n",
        "\r\nPOST http://a.test:80/%61//..?q HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        "OPTIONS * HTTP/1.0\r\nContent-Length: 12\r\nX_Auth_Subject: a\r\nUpgrade: h2c\r\n\r\n",
    ]
    private static let responses: [String] = [
        "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.0 404 \r\nConnection: keep-alive, x\r\nX: y\r\n\r\n",
        "HTTP/1.1 304\r\nTransfer-Encoding: chunked\r\n\r\n",
    ]
    private static let bodies: [String] = [
        "5\r\nhello\r\n0\r\n\r\n", "a;b=c;d=\"e\\\"\"\r\n0123456789\r\n00\r\nX: y\r\nZ:\r\n\r\n",
        "1\r\nx\r\n1\r\ny\r\n0;a\r\n\r\nGET /",
    ]
    private static let paths: [String] = [
        "/a/./b/../%2e%2E/%c3%a9/%7e//c", "/", "/%e2%82%ac;/%25/..", "gw.test.:80", "[::1]:8080",
    ]

    private let limits = HeadLimits(startLineBytes: 60, headerBytes: 120, fieldCount: 5)

    /// Feeds changed and invented bytes to a check.
    private func fuzz(_ purpose: String, _ seeds: [String], check: (GuardedBytes, [UInt8], [Int]) -> Void) throws {
        let memory = try #require(GuardedBytes(capacity: 1 << 16))
        var mutator = Mutator(generator: .announced("fuzzing of \(purpose)"))
        for round in 0..<4000 {
            var bytes = round % 4 == 0 ? mutator.invent() : Array(seeds[mutator.generator.below(seeds.count)].utf8)
            for _ in 0..<(round % 3) { bytes = mutator.mutate(bytes) }
            check(memory, bytes, mutator.generator.cuts(bytes.count))
        }
    }

    @Test("request heads")
    func requestHeads() throws {
        try fuzz("request heads", Self.requests) { memory, bytes, ends in
            let whole = readRequest(memory, bytes, [bytes.count])
            let pieces = readRequest(memory, bytes, ends)
            if whole != pieces { Issue.record("\(bytes) cut at \(ends): \(whole), \(pieces)") }
        }
    }

    @Test("response heads")
    func responseHeads() throws {
        try fuzz("response heads", Self.responses) { memory, bytes, ends in
            let whole = readResponse(memory, bytes, [bytes.count])
            let pieces = readResponse(memory, bytes, ends)
            if whole != pieces { Issue.record("\(bytes) cut at \(ends): \(whole), \(pieces)") }
        }
    }

    @Test("chunked bodies")
    func chunkedBodies() throws {
        try fuzz("chunked bodies", Self.bodies) { memory, bytes, ends in
            let whole = readBody(memory, bytes, [bytes.count])
            let pieces = readBody(memory, bytes, ends)
            if whole != pieces { Issue.record("\(bytes) cut at \(ends): \(whole), \(pieces)") }
        }
    }

    @Test("paths and authorities")
    func paths() throws {
        try fuzz("paths and authorities", Self.paths) { memory, bytes, _ in
            memory.withBytes(bytes[...]) { pointer in
                let isValid = Authority.isValid(pointer)
                let host = Authority.host(of: pointer)
                if isValid, host.isEmpty || host.count > pointer.count { Issue.record("\(bytes): host \(Array(host))") }
                guard let normal = try? PathNormalizer.normalize(pointer) else { return }
                if normal.count > max(1, bytes.count) || PathNormalizerTests.normalize(normal) != normal {
                    Issue.record("\(bytes) became \(normal)")
                }
            }
        }
    }

    private func readRequest(_ memory: GuardedBytes, _ bytes: [UInt8], _ ends: [Int]) -> RequestOutcome {
        var parser = RequestHeadParser(limits: limits)
        for end in ends {
            let outcome: RequestOutcome = memory.withBytes(bytes[..<end]) { pointer in
                do throws(HTTPViolation) {
                    guard try parser.parse(pointer) == .complete else { return .unfinished }
                    checkOffsets(parser.head.fields, parser.head.byteCount, pointer)
                    return .complete(RequestOutcome.View(parser.head, in: pointer))
                } catch {
                    return .refused(error)
                }
            }
            if outcome != .unfinished { return outcome }
        }
        return .unfinished
    }

    private func readResponse(_ memory: GuardedBytes, _ bytes: [UInt8], _ ends: [Int]) -> ResponseOutcome {
        var parser = ResponseHeadParser(limits: limits)
        for end in ends {
            let outcome: ResponseOutcome = memory.withBytes(bytes[..<end]) { pointer in
                do throws(HTTPViolation) {
                    guard try parser.parse(pointer) == .complete else { return .unfinished }
                    checkOffsets(parser.head.fields, parser.head.byteCount, pointer)
                    return .complete(ResponseOutcome.View(parser.head, in: pointer))
                } catch {
                    return .refused(error)
                }
            }
            if outcome != .unfinished { return outcome }
        }
        return .unfinished
    }

    /// Field lines lie in the head one after another without a gap, and end where the empty line begins.
    private func checkOffsets(_ fields: [HeaderField], _ byteCount: Int, _ pointer: UnsafeRawBufferPointer) {
        var isSound = byteCount <= pointer.count
        var lineStart = fields.first.map { Int($0.nameOffset) } ?? byteCount - 2
        for field in fields {
            let nameEnd = Int(field.nameOffset) + Int(field.nameLength)
            let valueEnd = Int(field.valueOffset) + Int(field.valueLength)
            isSound = isSound && Int(field.nameOffset) == lineStart && field.nameLength > 0
            isSound = isSound && nameEnd < Int(field.valueOffset) && valueEnd <= Int(field.lineEnd) - 2
            lineStart = Int(field.lineEnd)
        }
        if !isSound || lineStart != byteCount - 2 { Issue.record("offsets of \(Array(pointer)): \(fields)") }
    }

    private func readBody(_ memory: GuardedBytes, _ bytes: [UInt8], _ ends: [Int]) -> BodyOutcome {
        var decoder = BodyDecoder(.chunked)
        var body: [UInt8] = []
        var trailers: [UInt8] = []
        var start = 0
        for end in ends {
            while start < end {
                let piece = bytes[start..<end]
                let result: Result<ChunkedDecoder.Event, HTTPViolation> = memory.withBytes(piece) { pointer in
                    do throws(HTTPViolation) { return .success(try decoder.next(pointer)) } catch {
                        return .failure(error)
                    }
                }
                switch result {
                case .failure(let violation): return .refused(violation)
                case .success(.needMore): start = end
                case .success(.end(let consumed)):
                    if consumed > piece.count { Issue.record("consumed \(consumed) of \(piece.count)") }
                    return .ended(body: body, wireCount: start + consumed, trailers: trailers)
                case .success(.trailers(let skipping, let count)):
                    guard count > 0, skipping >= 0, skipping + count <= piece.count else {
                        Issue.record("trailers of \(count) after \(skipping) in \(piece.count)")
                        return .unfinished(body: body)
                    }
                    trailers += bytes[(start + skipping)..<(start + skipping + count)]
                    start += skipping + count
                case .success(.data(let skipping, let count)):
                    guard count > 0, skipping >= 0, skipping + count <= piece.count else {
                        Issue.record("data of \(count) after \(skipping) in \(piece.count)")
                        return .unfinished(body: body)
                    }
                    body += bytes[(start + skipping)..<(start + skipping + count)]
                    start += skipping + count
                }
            }
        }
        return .unfinished(body: body)
    }
}
