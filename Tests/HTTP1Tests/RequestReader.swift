import HTTP1

/// Reads one request as a server would, in pieces of any size: what became of it, its body, and what is left over.
struct RequestReader {
    enum Outcome: Equatable {
        case accepted(body: [UInt8], restCount: Int)
        case rejected(HTTPViolation)
        case waiting
    }

    static func read(_ raw: [UInt8], pieceSize: Int) -> Outcome {
        var parser = RequestHeadParser()
        var buffer: [UInt8] = []
        var body: [UInt8] = []
        var decoder: BodyDecoder?
        var offset = 0
        do {
            while true {
                let progress = try advance(&parser, &decoder, &buffer, &body)
                if progress { return .accepted(body: body, restCount: buffer.count + raw.count - offset) }
                guard offset < raw.count else { return .waiting }
                let end = min(offset + pieceSize, raw.count)
                buffer += raw[offset..<end]
                offset = end
            }
        } catch {
            return .rejected(error)
        }
    }

    /// Does what can be done with the bytes at hand; `true` once the request is complete.
    private static func advance(
        _ parser: inout RequestHeadParser, _ decoder: inout BodyDecoder?, _ buffer: inout [UInt8], _ body: inout [UInt8]
    ) throws(HTTPViolation) -> Bool {
        if decoder == nil {
            let bytes = buffer
            let progress = try bytes.withBytes { pointer throws(HTTPViolation) in try parser.parse(pointer) }
            guard progress == .complete else { return false }
            let head = parser.head
            if head.method == .connect { throw .invalidMethod }
            if !head.pathIsPlain && !head.isAsteriskForm {
                _ = try bytes.withBytes { pointer throws(HTTPViolation) in
                    try PathNormalizer.normalize(head.path.bytes(in: pointer))
                }
            }
            decoder = BodyDecoder(head.framing)
            buffer.removeFirst(head.byteCount)
        }
        while var current = decoder {
            if current.hasEnded { return true }
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
                return true
            }
        }
        return false
    }
}

extension [UInt8] {
    /// `withUnsafeBytes` with typed errors.
    func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let outcome: Swift.Result<Result, Failure> = withUnsafeBytes { pointer in
            do throws(Failure) {
                return .success(try body(pointer))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// The rule that reading these bytes breaks, or `nil`.
    func violation<Result>(of read: (UnsafeRawBufferPointer) throws(HTTPViolation) -> Result) -> HTTPViolation? {
        do throws(HTTPViolation) {
            _ = try withBytes(read)
            return nil
        } catch {
            return error
        }
    }
}
