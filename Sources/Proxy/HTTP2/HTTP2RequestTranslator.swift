import HTTP1
import NIOCore
import NIOHPACK

/// Turns the frames of one request into the bytes of one HTTP/1.1 request.
///
/// The framing of the body is written here and nowhere else: a DATA frame becomes a part of the announced length or a
/// chunk, an empty one becomes nothing, and the end of the stream ends the body.
struct HTTP2RequestTranslator {
    private enum State: Equatable {
        case head
        case length(Int)
        case chunked
        case complete
    }

    private var state = State.head
    /// Whether the method is `HEAD`.
    private(set) var isHead = false

    /// Whether the client has sent all of its request.
    var isComplete: Bool { state == .complete }

    /// Takes a header block: the head at first, then trailers.
    ///
    /// - Returns: bytes for the HTTP/1.1 side; may be empty.
    /// - Throws: the rule that the message breaks; nothing of the stream may be passed on any more.
    mutating func headers(_ block: HPACKHeaders, endsStream: Bool) throws(HTTP2Violation) -> ByteBuffer {
        var output = ByteBuffer()
        switch state {
        case .head:
            let head = try HTTP2RequestHead(block, endsStream: endsStream)
            isHead = head.isHead
            output.reserveCapacity(512)
            head.write(to: &output)
            switch head.framing {
            case _ where endsStream: state = .complete
            case .length(let count): state = .length(count)
            case .chunked, .none, .untilClose: state = .chunked
            }
        case .length, .chunked:
            guard endsStream else { throw .trailers }
            try Self.checkTrailers(block)
            if state == .chunked {
                output.writeStaticString("0\r\n")
                for (name, value, _) in block { HTTP2Field.write(name, value, to: &output) }
                output.writeStaticString("\r\n")
            } else if state != .length(0) {
                throw .contentLength
            }
            state = .complete
        case .complete:
            throw .trailers
        }
        return output
    }

    /// Takes the payload of a DATA frame.
    ///
    /// - Returns: bytes for the HTTP/1.1 side; may be empty.
    /// - Throws: the rule that the message breaks; nothing of the stream may be passed on any more.
    mutating func data(_ data: ByteBuffer, endsStream: Bool) throws(HTTP2Violation) -> ByteBuffer {
        let count = data.readableBytes
        switch state {
        case .length(let left):
            guard count <= left, !endsStream || count == left else { throw .contentLength }
            state = endsStream ? .complete : .length(left &- count)
            return data
        case .chunked:
            var output = ByteBuffer()
            if count > 0 {
                output.reserveCapacity(count &+ 32)
                HeadWriter.writeChunkSize(count, to: &output)
                output.writeImmutableBuffer(data)
                output.writeStaticString("\r\n")
            }
            if endsStream {
                output.writeStaticString("0\r\n\r\n")
                state = .complete
            }
            return output
        case .head, .complete:
            throw .trailers
        }
    }

    private static func checkTrailers(_ block: HPACKHeaders) throws(HTTP2Violation) {
        for (name, value, _) in block {
            guard name.utf8.first != UInt8(ascii: ":") else { throw .pseudoField }
            try HTTP2Field.checkName(name)
            try HTTP2Field.checkValue(value)
            guard name != "content-length" else { throw .contentLength }
        }
    }
}
