import HTTP1
import NIOCore
import NIOHPACK

/// Turns the bytes of one HTTP/1.1 response, as a ``ClientConnection`` writes it, into what HTTP/2 frames carry.
struct HTTP2ResponseTranslator {
    /// The next part of the response.
    enum Part {
        /// An interim head (1xx).
        case interim(HPACKHeaders)
        /// The head.
        case head(HPACKHeaders)
        /// A part of the body, not empty.
        case body(ByteBuffer)
        /// The end, with the trailer section if there is one.
        case end(trailers: HPACKHeaders?)
    }

    /// The head was judged on its way here; these only keep a mistake from going on for ever.
    private static let limits = HeadLimits(startLineBytes: 64 << 10, headerBytes: 2 << 20, fieldCount: 4096)

    private var parser = ResponseHeadParser(limits: limits)
    private var input = ByteBuffer()
    private var body: BodyDecoder?
    private var trailers = ByteBuffer()
    /// Whether the end has been told.
    private(set) var isComplete = false

    /// Adds bytes that were written.
    mutating func append(_ bytes: ByteBuffer) {
        if input.readableBytes == 0 {
            input = bytes
        } else {
            input.writeImmutableBuffer(bytes)
        }
    }

    /// Finds the next part in the bytes added so far.
    ///
    /// - Parameter isHead: whether the request's method was `HEAD`.
    /// - Returns: the part, or `nil` when more bytes are needed.
    /// - Throws: when the bytes are not an HTTP/1.1 response that can be sent by HTTP/2.
    mutating func next(isHead: Bool) throws(HTTPViolation) -> Part? {
        guard !isComplete else { return nil }
        guard var decoder = body else { return try nextHead(isHead: isHead) }
        while !decoder.hasEnded {
            guard input.readableBytes > 0 else { return nil }
            let event = try input.withUnsafeReadableBytes { bytes -> Result<ChunkedDecoder.Event, HTTPViolation> in
                do throws(HTTPViolation) {
                    return .success(try decoder.next(bytes))
                } catch {
                    return .failure(error)
                }
            }.get()
            body = decoder
            switch event {
            case .data(let skipping, let count):
                input.moveReaderIndex(forwardBy: skipping)
                if let part = input.readSlice(length: count) { return .body(part) }
            case .trailers(let skipping, let count):
                input.moveReaderIndex(forwardBy: skipping)
                if var lines = input.readSlice(length: count) { trailers.writeBuffer(&lines) }
            case .needMore:
                input = ByteBuffer()
            case .end(let consumed):
                input.moveReaderIndex(forwardBy: consumed)
                isComplete = true
                return .end(trailers: takeTrailers())
            }
        }
        isComplete = true
        return .end(trailers: nil)
    }

    // MARK: - The head

    private mutating func nextHead(isHead: Bool) throws(HTTPViolation) -> Part? {
        guard input.readableBytes > 0 else { return nil }
        let progress = try input.withUnsafeReadableBytes {
            bytes -> Result<RequestHeadParser.Progress, HTTPViolation> in
            do throws(HTTPViolation) {
                return .success(try parser.parse(bytes))
            } catch {
                return .failure(error)
            }
        }.get()
        guard progress == .complete else { return nil }
        let head = parser.head
        let block = input.withUnsafeReadableBytes { Self.block(of: head, $0) }
        input.moveReaderIndex(forwardBy: head.byteCount)
        if head.status < 200 {
            // RFC 9113 section 8.6: there is no 101 in HTTP/2, and nothing here asks for one.
            guard head.status != 101 else { throw .invalidStatus }
            parser.reset()
            return .interim(block)
        }
        let framing = head.framing(for: isHead ? .head : .get)
        guard framing != .untilClose else { throw .ambiguousFraming }
        body = BodyDecoder(framing)
        return .head(block)
    }

    /// The head's fields, less those that HTTP/2 has no place for.
    ///
    /// Nothing is entered into the dynamic table: the client says how large that may become, and every lookup walks it.
    private static func block(of head: ResponseHead, _ bytes: UnsafeRawBufferPointer) -> HPACKHeaders {
        var block = HPACKHeaders()
        block.reserveCapacity(head.fields.count &+ 2)
        block.add(name: ":status", value: String(head.status), indexing: .nonIndexable)
        for field in head.fields
        where field.traits.isDisjoint(with: .notReturned) || field.name == .trailer && field.traits == .hopByHop {
            block.add(
                name: lowercased(field.name(in: bytes)),
                value: String(decoding: field.value(in: bytes), as: UTF8.self), indexing: .nonIndexable)
        }
        if case .length(let count) = head.declaredFraming, head.status >= 200, head.status != 204 {
            block.add(name: "content-length", value: String(count), indexing: .nonIndexable)
        }
        return block
    }

    private static func lowercased(_ name: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: name.count) { text in
            for index in 0..<name.count { text[index] = name[index].lowercasedASCII }
            return name.count
        }
    }

    // MARK: - Trailers

    /// The field lines that came after the last chunk.
    private mutating func takeTrailers() -> HPACKHeaders? {
        let lines = trailers
        trailers = ByteBuffer()
        return lines.withUnsafeReadableBytes { bytes -> HPACKHeaders? in
            var block = HPACKHeaders()
            var start = 0
            while let end = bytes.firstIndex(of: 0x0d, from: start) {
                let line = bytes.slice(start, end &- start)
                start = end &+ 2
                guard let colon = line.firstIndex(of: UInt8(ascii: ":"), from: 0) else { continue }
                let value = line.slice(colon &+ 1, line.count).trimmingWhitespace
                block.add(
                    name: Self.lowercased(line.slice(0, colon)), value: String(decoding: value, as: UTF8.self),
                    indexing: .nonIndexable)
            }
            return block.isEmpty ? nil : block
        }
    }
}
