import HTTP1
import Testing

/// What became of a body read in pieces.
enum BodyOutcome: Equatable {
    /// Ended: what it held, how many bytes it took on the wire, and its trailer lines.
    case ended(body: [UInt8], wireCount: Int, trailers: [UInt8] = [])
    case unfinished(body: [UInt8])
    case refused(HTTPViolation)

    var text: String? { if case .ended(let body, _, _) = self { String(decoding: body, as: UTF8.self) } else { nil } }
    var violation: HTTPViolation? { if case .refused(let violation) = self { violation } else { nil } }

    /// Reads the body in pieces that end at `ends`; fails the progress rules loudly by refusing to end.
    static func read(_ bytes: [UInt8], framing: BodyFraming, ends: [Int]) -> BodyOutcome {
        var decoder = BodyDecoder(framing)
        var body: [UInt8] = []
        var trailers: [UInt8] = []
        var start = 0
        do throws(HTTPViolation) {
            for end in ends {
                while start < end || decoder.hasEnded {
                    if decoder.hasEnded { return .ended(body: body, wireCount: start, trailers: trailers) }
                    let piece = Array(bytes[start..<end])
                    let event = try piece.withBytes { pointer throws(HTTPViolation) in try decoder.next(pointer) }
                    switch event {
                    case .data(let skipping, let count):
                        precondition(count > 0 && skipping >= 0 && skipping + count <= piece.count)
                        body += piece[skipping..<(skipping + count)]
                        start += skipping + count
                    case .trailers(let skipping, let count):
                        precondition(count > 0 && skipping >= 0 && skipping + count <= piece.count)
                        trailers += piece[skipping..<(skipping + count)]
                        start += skipping + count
                    case .needMore:
                        start = end
                    case .end(let consumed):
                        precondition(consumed <= piece.count && decoder.hasEnded)
                        start += consumed
                    }
                }
            }
            return .unfinished(body: body)
        } catch {
            return .refused(error)
        }
    }

    /// Reads a body in every way.
    static func of(
        _ text: String, framing: BodyFraming = .chunked, sourceLocation: SourceLocation = #_sourceLocation
    ) -> BodyOutcome {
        let bytes = Array(text.utf8)
        return Feeding.expectOneOutcome(of: bytes, sourceLocation: sourceLocation) {
            read(bytes, framing: framing, ends: $0)
        }
    }
}
