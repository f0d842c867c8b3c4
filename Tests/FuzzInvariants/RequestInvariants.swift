import HTTP1
import NIOCore

/// Requests, one after another on a connection, as the gateway reads them.
enum RequestInvariants {
    /// A request that was taken.
    struct Message: Equatable {
        var head: [UInt8]
        var method: HTTPMethod
        var methodRange, target, path, query, authority: ByteRange
        var isPlain, isAsteriskForm, keepsAlive, expectsContinue, asksForUpgrade: Bool
        var asksForWebSocket, acceptsTrailers, nominatesFields: Bool
        var minorVersion: UInt8
        var maxForwards: UInt32?
        var framing: BodyFraming
        var credentials: [Int]
        var fields: [HeaderField]
        /// The path as it is routed.
        var normalPath: [UInt8]
        var body: [UInt8] = []
        /// The lines as they came.
        var trailers: [UInt8] = []
    }

    enum End: Equatable { case waiting, refused(HTTPViolation) }

    /// What became of all bytes.
    struct Outcome: Equatable {
        var messages: [Message] = []
        /// Whether the last of them lacks a part of its body.
        var isInsideBody = false
        var restCount = 0
        var end = End.waiting
    }

    /// Limits that inputs of a fuzzer can reach, beside the real ones.
    static let limits = [HeadLimits(), HeadLimits(startLineBytes: 60, headerBytes: 120, fieldCount: 5)]

    static func complaint(about input: UnsafeRawBufferPointer) -> String? {
        guard let lender = Lender(input) else { return nil }
        let bytes = Array(input)
        for limits in limits {
            let whole = read(bytes, Delivery(ends: [bytes.count]), limits, lender)
            for delivery in Delivery.inPieces(bytes) {
                let pieces = read(bytes, delivery, limits, lender)
                if pieces != whole { return "whole: \(whole); cut at \(delivery.ends): \(pieces)" }
            }
            for (index, message) in whole.messages.enumerated() {
                if let complaint = FieldOffsets.complaint(about: message.fields, head: message.head) {
                    return complaint
                }
                if whole.isInsideBody, index == whole.messages.count - 1 { continue }
                if let complaint = roundTripComplaint(about: message) { return complaint }
            }
        }
        return nil
    }

    // MARK: - Reading

    fileprivate struct Reader {
        var parser: RequestHeadParser
        var decoder: BodyDecoder?
        var buffer: ArraySlice<UInt8> = []
        var outcome = Outcome()
    }

    static func read(_ bytes: [UInt8], _ delivery: Delivery, _ limits: HeadLimits, _ lender: Lender) -> Outcome {
        var reader = Reader(parser: RequestHeadParser(limits: limits))
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
        reader.outcome.isInsideBody = reader.decoder != nil
        return reader.outcome
    }

    // MARK: - Writing

    /// Writes the request as the gateway does to a backend, which must read the same out of it.
    private static func roundTripComplaint(about message: Message) -> String? {
        let written = forwarded(message)
        let outcome = written.withUnsafeBytes { pointer in
            Lender(pointer).map { read(written, Delivery(ends: [written.count]), generous, $0) }
        }
        guard let outcome else { return nil }
        guard outcome.end == .waiting, !outcome.isInsideBody, outcome.restCount == 0, outcome.messages.count == 1,
            let again = outcome.messages.first
        else { return "\(FuzzTarget.text(written)) is not one request: \(outcome)" }
        let authority = message.authority.count > 0 ? message.bytes(message.authority) : Array("upstream".utf8)
        let isSame =
            again.bytes(again.methodRange) == message.bytes(message.methodRange)
            && again.normalPath == message.normalPath && again.bytes(again.query) == message.bytes(message.query)
            && again.bytes(again.authority) == authority && again.body == message.body
            && again.framing == message.framing && again.isAsteriskForm == message.isAsteriskForm
            && again.keptFields == message.keptFields && again.asksForWebSocket == message.asksForWebSocket
            && again.acceptsTrailers == (message.acceptsTrailers && !message.asksForWebSocket)
            && BodyWriter.lastChunk(again.trailers) == BodyWriter.lastChunk(message.trailers)
        return isSame ? nil : "\(FuzzTarget.text(written)) is another request than \(message)"
    }

    private static let generous = HeadLimits(startLineBytes: 1 << 20, headerBytes: 1 << 20, fieldCount: 1 << 12)

    /// What `Proxy` writes, less the fields that it adds; that target is not built for fuzzing.
    private static func forwarded(_ message: Message) -> [UInt8] {
        var output = ByteBuffer()
        output.writeBytes(message.bytes(message.methodRange))
        output.writeStaticString(" ")
        output.writeBytes(message.isAsteriskForm ? [UInt8(ascii: "*")] : message.normalPath)
        output.writeBytes(message.bytes(message.query))
        output.writeStaticString(" HTTP/1.1\r\nHost: ")
        if message.authority.count > 0 {
            output.writeBytes(message.bytes(message.authority))
        } else {
            output.writeStaticString("upstream")
        }
        output.writeStaticString("\r\n")
        message.head.withUnsafeBytes {
            HeadWriter.copyFields(message.fields, of: $0, dropping: Message.dropped, to: &output)
        }
        HeadWriter.writeFraming(message.framing, to: &output)
        if message.framing == .chunked {
            message.head.withUnsafeBytes { HeadWriter.copyTrailerFields(message.fields, of: $0, to: &output) }
        }
        if message.asksForWebSocket {
            output.writeStaticString("Connection: Upgrade\r\nUpgrade: websocket\r\n")
        } else if message.acceptsTrailers {
            output.writeStaticString("Connection: TE\r\nTE: trailers\r\n")
        }
        output.writeStaticString("\r\n")
        BodyWriter.write(message.body, trailers: message.trailers, as: message.framing, to: &output)
        return Array(output.readableBytesView)
    }
}

extension RequestInvariants.Message {
    /// What is not copied: the rules of the gateway, and `Host`, which is written anew.
    static let dropped = FieldTraits.notForwarded.union(.host)

    init(_ head: RequestHead, _ bytes: ArraySlice<UInt8>, normalPath: [UInt8]) {
        self.init(
            head: Array(bytes.prefix(head.byteCount)), method: head.method, methodRange: head.methodRange,
            target: head.target, path: head.path, query: head.query, authority: head.authority,
            isPlain: head.pathIsPlain, isAsteriskForm: head.isAsteriskForm, keepsAlive: head.keepsAlive,
            expectsContinue: head.expectsContinue, asksForUpgrade: head.asksForUpgrade,
            asksForWebSocket: head.asksForWebSocket, acceptsTrailers: head.acceptsTrailers,
            nominatesFields: head.nominatesFields, minorVersion: head.minorVersion, maxForwards: head.maxForwards,
            framing: head.framing,
            credentials: [head.authorizationCount, head.apiKeyCount], fields: head.fields, normalPath: normalPath)
    }

    func bytes(_ range: ByteRange) -> [UInt8] {
        head.withUnsafeBytes { Array(range.bytes(in: $0)) }
    }

    /// Names and values of the fields that go on.
    var keptFields: [[UInt8]] {
        head.withUnsafeBytes { head in
            fields.filter { $0.traits.isDisjoint(with: Self.dropped) }.flatMap {
                [Array($0.name(in: head)), Array($0.value(in: head))]
            }
        }
    }
}

extension RequestInvariants.Reader {
    /// Does what can be done with the bytes at hand.
    ///
    /// - Returns: whether there may be more to do.
    mutating func step(_ lender: Lender) throws(HTTPViolation) -> Bool {
        guard var decoder else { return try readHead(lender) }
        if decoder.hasEnded {
            self.decoder = nil
            parser.reset()
            return true
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
            let part = buffer.dropFirst(skipping).prefix(count)
            outcome.messages[outcome.messages.count - 1].body += part
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
        // Answered by the gateway itself, whatever its target is.
        if head.method == .connect { throw .invalidMethod }
        var path: [UInt8] = []
        if !head.isAsteriskForm {
            path = try lender.lend(buffer) { bytes throws(HTTPViolation) in
                try PathNormalizer.normalize(head.path.bytes(in: bytes))
            }
            let plain = buffer.dropFirst(head.path.offset).prefix(head.path.count)
            // What is not normalised on the data path must be in normal form.
            precondition(!head.pathIsPlain || plain.elementsEqual(path))
        }
        outcome.messages.append(.init(head, buffer, normalPath: path))
        buffer = buffer.dropFirst(head.byteCount)
        decoder = BodyDecoder(head.framing)
        return true
    }
}
