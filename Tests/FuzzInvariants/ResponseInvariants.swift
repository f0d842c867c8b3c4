import HTTP1
import NIOCore

/// The interim answers and the final one that follow one request on an upstream connection.
enum ResponseInvariants {
    /// A head that was taken.
    struct Message: Equatable {
        var head: [UInt8]
        var status: Int
        var reason: ByteRange
        var minorVersion: UInt8
        var declaredFraming, framing: BodyFraming
        var keepsAlive, hasDate, switchesToWebSocket, nominatesFields: Bool
        var fields: [HeaderField]
        var body: [UInt8] = []
        /// The lines as they came.
        var trailers: [UInt8] = []
    }

    enum End: Equatable { case needMore, complete, refused(HTTPViolation) }

    /// What became of all bytes.
    struct Outcome: Equatable {
        var messages: [Message] = []
        var restCount = 0
        var end = End.needMore
        /// Whether the connection may end here.
        var mayEnd = false
    }

    static func complaint(about input: UnsafeRawBufferPointer) -> String? {
        guard let lender = Lender(input) else { return nil }
        let bytes = Array(input)
        for method in [HTTPMethod.get, .head] {
            for limits in RequestInvariants.limits {
                let whole = read(bytes, method, Delivery(ends: [bytes.count]), limits, lender)
                for delivery in Delivery.inPieces(bytes) {
                    let pieces = read(bytes, method, delivery, limits, lender)
                    if pieces != whole { return "whole: \(whole); cut at \(delivery.ends): \(pieces)" }
                }
                for message in whole.messages {
                    if let complaint = FieldOffsets.complaint(about: message.fields, head: message.head) {
                        return complaint
                    }
                }
                if let final = whole.messages.last, final.status >= 200, whole.end == .complete || whole.mayEnd,
                    let complaint = roundTripComplaint(about: final, method)
                {
                    return complaint
                }
            }
        }
        return nil
    }

    // MARK: - Reading

    fileprivate struct Reader {
        let method: HTTPMethod
        var parser: ResponseHeadParser
        var decoder: BodyDecoder?
        var buffer: ArraySlice<UInt8> = []
        var outcome = Outcome()
    }

    private static func read(
        _ bytes: [UInt8], _ method: HTTPMethod, _ delivery: Delivery, _ limits: HeadLimits, _ lender: Lender
    ) -> Outcome {
        var reader = Reader(method: method, parser: ResponseHeadParser(limits: limits))
        var start = 0
        do throws(HTTPViolation) {
            for end in delivery.ends {
                reader.buffer = bytes[(start - reader.buffer.count)..<end]
                start = end
                while try reader.step(lender) {}
            }
            reader.outcome.restCount = reader.buffer.count + bytes.count - start
        } catch {
            // How much of what is refused was looked at says nothing.
            if !reader.outcome.messages.isEmpty {
                reader.outcome.messages[reader.outcome.messages.count - 1].trailers = []
            }
            reader.outcome.end = .refused(error)
        }
        reader.outcome.mayEnd = reader.decoder?.endsWithConnection == true && reader.outcome.end == .needMore
        return reader.outcome
    }

    // MARK: - Writing

    /// Writes the answer as the gateway does to a client, which must read the same out of it.
    private static func roundTripComplaint(about message: Message, _ method: HTTPMethod) -> String? {
        let written = returned(message)
        let limits = HeadLimits(startLineBytes: 1 << 20, headerBytes: 1 << 20, fieldCount: 1 << 12)
        let outcome = written.withUnsafeBytes { pointer in
            Lender(pointer).map { read(written, method, Delivery(ends: [written.count]), limits, $0) }
        }
        guard let outcome else { return nil }
        guard outcome.end == .complete || outcome.mayEnd, outcome.restCount == 0, outcome.messages.count == 1,
            let again = outcome.messages.first
        else { return "\(FuzzTarget.text(written)) is not one answer: \(outcome)" }
        let isSame =
            again.status == message.status && again.bytes(again.reason) == message.bytes(message.reason)
            && again.framing == message.framing && again.body == message.body
            && again.keptFields == message.keptFields
            && BodyWriter.lastChunk(again.trailers) == BodyWriter.lastChunk(message.trailers)
        return isSame ? nil : "\(FuzzTarget.text(written)) is another answer than \(message)"
    }

    private static func returned(_ message: Message) -> [UInt8] {
        var output = ByteBuffer()
        let fieldsStart = message.fields.first.map { Int($0.nameOffset) } ?? message.head.count - 2
        output.writeStaticString("HTTP/1.1")
        output.writeBytes(message.head[8..<fieldsStart])
        message.head.withUnsafeBytes {
            HeadWriter.copyFields(message.fields, of: $0, dropping: .notReturned, to: &output)
        }
        if message.framing != .none {
            HeadWriter.writeFraming(message.framing, to: &output)
        } else if message.status != 204, case .length = message.declaredFraming {
            HeadWriter.writeFraming(message.declaredFraming, to: &output)
        }
        output.writeStaticString("\r\n")
        if message.framing != .none {
            BodyWriter.write(message.body, trailers: message.trailers, as: message.framing, to: &output)
        }
        return Array(output.readableBytesView)
    }
}

extension ResponseInvariants.Message {
    func bytes(_ range: ByteRange) -> [UInt8] {
        head.withUnsafeBytes { Array(range.bytes(in: $0)) }
    }

    /// Names and values of the fields that go back.
    var keptFields: [[UInt8]] {
        head.withUnsafeBytes { head in
            fields.filter { $0.traits.isDisjoint(with: .notReturned) }.flatMap {
                [Array($0.name(in: head)), Array($0.value(in: head))]
            }
        }
    }
}

extension ResponseInvariants.Reader {
    /// Does what can be done with the bytes at hand.
    ///
    /// - Returns: whether there may be more to do.
    mutating func step(_ lender: Lender) throws(HTTPViolation) -> Bool {
        guard outcome.end == .needMore else { return false }
        guard var decoder else { return try readHead(lender) }
        if decoder.hasEnded {
            outcome.end = .complete
            return false
        }
        let event = try lender.lend(buffer) { bytes throws(HTTPViolation) in try decoder.next(bytes) }
        self.decoder = decoder
        switch event {
        case .needMore:
            buffer = buffer.suffix(0)
            return false
        case .end(let consumed):
            buffer = buffer.dropFirst(consumed)
        case .trailers(let skipping, let count):
            precondition(skipping >= 0 && count > 0 && skipping + count <= buffer.count)
            outcome.messages[outcome.messages.count - 1].trailers += buffer.dropFirst(skipping).prefix(count)
            buffer = buffer.dropFirst(skipping + count)
        case .data(let skipping, let count):
            precondition(skipping >= 0 && count > 0 && skipping + count <= buffer.count)
            outcome.messages[outcome.messages.count - 1].body += buffer.dropFirst(skipping).prefix(count)
            buffer = buffer.dropFirst(skipping + count)
        }
        return true
    }

    private mutating func readHead(_ lender: Lender) throws(HTTPViolation) -> Bool {
        guard !buffer.isEmpty else { return false }
        var parser = parser
        defer { self.parser = parser }
        let progress = try lender.lend(buffer) { bytes throws(HTTPViolation) in try parser.parse(bytes) }
        guard progress == .complete else { return false }
        let head = parser.head
        precondition(head.byteCount > 0 && head.byteCount <= buffer.count)
        let framing = head.framing(for: method)
        outcome.messages.append(
            .init(
                head: Array(buffer.prefix(head.byteCount)), status: head.status, reason: head.reason,
                minorVersion: head.minorVersion, declaredFraming: head.declaredFraming, framing: framing,
                keepsAlive: head.keepsAlive, hasDate: head.hasDate,
                switchesToWebSocket: head.switchesToWebSocket, nominatesFields: head.nominatesFields,
                fields: head.fields))
        buffer = buffer.dropFirst(head.byteCount)
        if head.status >= 200 || head.status == 101 { decoder = BodyDecoder(framing) } else { parser.reset() }
        return true
    }
}
