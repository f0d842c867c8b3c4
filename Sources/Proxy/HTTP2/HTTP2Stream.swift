import NIOCore
import NIOHPACK
import NIOHTTP2

/// One stream of an HTTP/2 connection: stands before a ``ClientConnection`` and makes HTTP/1.1 of it.
///
/// So that one set of rules holds: routes, authentication, limits, back-pressure, deadlines and log are those of every
/// other request. A stream carries one request; its `ClientConnection` closes after the answer.
final class HTTP2Stream: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = HTTP2Frame.FramePayload

    /// From how many bytes of names and values on a head may become larger than a frame, which is 16 KiB.
    ///
    /// `NIOHTTP2Handler` writes no CONTINUATION frames. Huffman's code takes 30 bits for the rarest byte.
    private static let largeHeadByteCount = 4 << 10

    private let connection: HTTP2Connection
    private var request = HTTP2RequestTranslator()
    private var response = HTTP2ResponseTranslator()
    /// The frame that may turn out to be the last one, which then says so.
    private var held: HTTP2Frame.FramePayload?
    /// Whether the last frame has left for the client.
    private var endIsOut = false
    private var isReset = false
    private var isOpen = false

    init(connection: HTTP2Connection) {
        self.connection = connection
    }

    // MARK: - The request

    func channelActive(context: ChannelHandlerContext) {
        isOpen = true
        guard connection.streamOpened() else {
            reset(context, .refusedStream)
            return
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isReset else { return }
        do throws(HTTP2Violation) {
            let bytes: ByteBuffer
            switch unwrapInboundIn(data) {
            case .headers(let frame):
                bytes = try request.headers(frame.headers, endsStream: frame.endStream)
            case .data(let frame):
                guard case .byteBuffer(let payload) = frame.data else { return }
                bytes = try request.data(payload, endsStream: frame.endStream)
            default:
                return
            }
            if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
        } catch {
            reset(context, .protocolError)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        context.fireChannelInactive()
        if isOpen {
            isOpen = false
            connection.streamClosed(isAnswered: response.isComplete && !isReset)
        }
    }

    // MARK: - The answer

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        response.append(unwrapOutboundIn(data))
        if !isReset {
            do {
                while let part = try response.next(isHead: request.isHead) { take(part, context) }
            } catch {
                reset(context, .internalError)
            }
        }
        if let promise { writeEnd(context, promise) }
    }

    private func take(_ part: HTTP2ResponseTranslator.Part, _ context: ChannelHandlerContext) {
        switch part {
        case .interim(let block), .head(let block):
            hold(.headers(.init(headers: block)), context)
        case .body(let bytes):
            connection.streamSentBody(byteCount: bytes.readableBytes)
            hold(.data(.init(data: .byteBuffer(bytes))), context)
        case .end(let trailers):
            if let trailers { hold(.headers(.init(headers: trailers)), context) }
        }
    }

    private func hold(_ frame: HTTP2Frame.FramePayload, _ context: ChannelHandlerContext) {
        writeHeld(context)
        held = frame
    }

    private func writeHeld(_ context: ChannelHandlerContext) {
        guard let frame = held else { return }
        held = nil
        var promise: EventLoopPromise<Void>?
        if case .headers(let head) = frame, Self.isLarge(head.headers) {
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenFailure { [self] _ in reset(context, .internalError) }
            promise = written
        }
        context.write(wrapOutboundOut(frame), promise: promise)
    }

    private static func isLarge(_ block: HPACKHeaders) -> Bool {
        block.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count } > largeHeadByteCount
    }

    /// The `ClientConnection` has done with its answer and waits until all of it is out.
    ///
    /// Only now may the last frame go: it closes the stream at once, and must not do so in the midst of an exchange.
    private func writeEnd(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>) {
        guard response.isComplete, !isReset, !endIsOut else {
            promise.succeed()
            return
        }
        let last: HTTP2Frame.FramePayload
        switch held {
        case .headers(var head):
            head.endStream = true
            last = .headers(head)
        case .data(var body):
            body.endStream = true
            last = .data(body)
        default:
            last = .data(.init(data: .byteBuffer(ByteBuffer()), endStream: true))
        }
        held = nil
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { [self] result in
            if case .success = result { endIsOut = true }
            promise.completeWith(result)
        }
        context.write(wrapOutboundOut(last), promise: written)
    }

    func flush(context: ChannelHandlerContext) {
        // With the answer complete, its end is about to come and takes everything along.
        if !isReset, !response.isComplete { writeHeld(context) }
        context.flush()
    }

    // MARK: - Ending

    /// Closes the stream, whichever side of it: a stream has no half to close but by a frame that ends it.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .input {
            promise?.succeed()
            return
        }
        if !isReset, isOpen {
            if !response.isComplete {
                // Without its end the client cannot take what it has for the whole.
                reset(context, .internalError)
            } else if !endIsOut {
                // The client does not take the rest.
                reset(context, .cancel)
            } else if !request.isComplete {
                // RFC 9113 section 8.1: the answer is whole, the rest of the request is not needed for it.
                reset(context, .noError)
            }
        }
        context.close(mode: .all, promise: promise)
    }

    private func reset(_ context: ChannelHandlerContext, _ code: HTTP2ErrorCode) {
        guard !isReset else { return }
        isReset = true
        held = nil
        context.writeAndFlush(wrapOutboundOut(.rstStream(code)), promise: nil)
    }
}
