import HTTP1

/// Reads one final response as a gateway would, in pieces of any size: what became of it, and what is left over.
struct ResponseReader {
    enum Outcome: Equatable {
        case complete(status: Int, body: [UInt8], restCount: Int)
        /// The head is refused, or the connection ended before it was complete.
        case noHead
        /// The head was passed on, but the body is refused or cut off.
        case brokenBody(status: Int, body: [UInt8])
    }

    /// The interim responses that are skipped before one is too many.
    static let interimLimit = 32

    private var parser = ResponseHeadParser()
    private var decoder: BodyDecoder?
    private var status = 0
    private var body: [UInt8] = []
    private var buffer: [UInt8] = []
    private var interimCount = 0

    /// Reads all bytes; after the last the connection is closed.
    static func read(_ raw: [UInt8], method: HTTPMethod, ends: [Int]) -> Outcome {
        var reader = ResponseReader()
        var start = 0
        for end in ends {
            reader.buffer += raw[start..<end]
            start = end
            do throws(HTTPViolation) {
                if try reader.advance(method) {
                    return .complete(
                        status: reader.status, body: reader.body, restCount: reader.buffer.count + raw.count - end)
                }
            } catch {
                return reader.failure
            }
        }
        guard let decoder = reader.decoder, decoder.endsWithConnection else { return reader.failure }
        return .complete(status: reader.status, body: reader.body, restCount: 0)
    }

    private var failure: Outcome {
        decoder == nil ? .noHead : .brokenBody(status: status, body: body)
    }

    /// Does what can be done with the bytes at hand; `true` once the response is complete.
    private mutating func advance(_ method: HTTPMethod) throws(HTTPViolation) -> Bool {
        while decoder == nil {
            let bytes = buffer
            let progress = try bytes.withBytes { pointer throws(HTTPViolation) in try parser.parse(pointer) }
            guard progress == .complete else { return false }
            buffer.removeFirst(parser.head.byteCount)
            status = parser.head.status
            if status >= 200 || status == 101 {
                decoder = BodyDecoder(parser.head.framing(for: method))
            } else {
                interimCount += 1
                guard interimCount <= Self.interimLimit else { throw .invalidStatus }
                parser.reset()
            }
        }
        while var current = decoder, !current.hasEnded {
            let bytes = buffer
            let event = try bytes.withBytes { pointer throws(HTTPViolation) in try current.next(pointer) }
            decoder = current
            switch event {
            case .data(let skipping, let count):
                body += buffer[skipping..<(skipping + count)]
                buffer.removeFirst(skipping + count)
            case .trailers(let skipping, let count):
                buffer.removeFirst(skipping + count)
            case .needMore:
                buffer.removeAll()
                return false
            case .end(let consumed):
                buffer.removeFirst(consumed)
            }
        }
        return true
    }
}
