import HTTP1
import NIOCore
import NIOHTTP2

/// A client's HTTP/2 connection, seen from the wire: counts frames, keeps the deadlines, and says goodbye.
///
/// It stands between the socket (or TLS) and `NIOHTTP2Handler`, which speaks the protocol, and looks at frame headers
/// only. What happens on a stream is ``HTTP2Stream``'s.
final class HTTP2Connection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    let loop: LoopContext
    /// Who is at the other end, of every stream too.
    let peer: ClientPeer
    private var state: HTTP2ConnectionState
    private var inbound = HTTP2FrameScanner(prefaceByteCount: 24)
    private var outbound = HTTP2FrameScanner(prefaceByteCount: 0)
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    private var timerDeadline = NIODeadline.distantFuture
    private var place: ConnectionPlace?
    private var isClosed = false
    /// Whether something is written that is to leave at the end of this turn of the loop.
    private var owesFlush = false
    /// Whether the frame that says why the connection ends has been written, after which nothing else is.
    private var hasSaidLast = false

    /// - Parameters:
    ///   - loop: the loop's context.
    ///   - peer: who is at the other end.
    ///   - place: the connection's place among those that the limits allow, if it has one already.
    init(loop: LoopContext, peer: ClientPeer, place: ConnectionPlace?) {
        self.loop = loop
        self.peer = peer
        self.place = place
        let limits = loop.serving.configuration.limits
        state = HTTP2ConnectionState(
            headerTimeoutMilliseconds: limits.headerTimeoutMilliseconds,
            idleTimeoutMilliseconds: limits.keepAliveTimeoutMilliseconds, streamLimit: limits.http2Streams,
            requestLimit: limits.requestsPerConnection, now: .now())
    }

    // MARK: - From the channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard timer == nil else { return }
        if place == nil { place = ConnectionPlace(for: peer, at: 0, on: loop) }
        guard place != nil else {
            context.close(promise: nil)
            return
        }
        loop.add(self)
        armTimer()
        guard loop.isDraining else { return }
        // Accepted last: it is told so as soon as the rest of its pipeline is there to tell it.
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute { bound.value.drain() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What comes after the last word is read only so that the client can read that word.
        guard !state.isEnding else { return }
        loop.updateNow()
        let received = unwrapInboundIn(data)
        var action = HTTP2ConnectionState.Action.none
        received.withUnsafeReadableBytes { bytes in
            var index = 0
            while action == .none, let frame = inbound.next(bytes, from: &index) {
                action = state.received(frame, now: loop.now)
            }
        }
        state.receivedAll(isPayloadComplete: inbound.isPayloadComplete)
        if case .refuse = action {
            perform(action)
            return
        }
        context.fireChannelRead(data)
        // After the streams that this read opened: they belong to what is confirmed.
        perform(action)
        armTimer()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            // Nobody speaks HTTP/2 in one direction.
            closeNow()
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        timer?.cancel()
        timer = nil
        place?.giveUp(on: loop)
        place = nil
        loop.remove(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        closeNow()
    }

    // MARK: - To the channel

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !hasSaidLast else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        guard case .byteBuffer(let bytes) = unwrapOutboundIn(data) else {
            context.write(data, promise: promise)
            return
        }
        var action = HTTP2ConnectionState.Action.none
        bytes.withUnsafeReadableBytes { view in
            var index = 0
            while action == .none, let frame = outbound.next(view, from: &index) { action = note(frame, view, index) }
        }
        if action == .finish {
            hasSaidLast = true
            finish(context, after: data)
            return
        }
        context.write(data, promise: promise)
        perform(action)
    }

    /// What the streams write in one turn of the loop leaves together, in one record and one system call.
    func flush(context: ChannelHandlerContext) {
        guard !owesFlush else { return }
        owesFlush = true
        context.eventLoop.assumeIsolated().execute { [self] in flushOwed() }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        flushOwed()
        context.close(mode: mode, promise: promise)
    }

    private func flushOwed() {
        guard owesFlush else { return }
        owesFlush = false
        context?.flush()
    }

    /// Takes note of a frame that goes out; `NIOHTTP2Handler` writes each header, and each short frame, in one piece.
    private func note(
        _ frame: HTTP2FrameHeader, _ bytes: UnsafeRawBufferPointer, _ payload: Int
    ) -> HTTP2ConnectionState.Action {
        switch frame.kind {
        case .resetStream:
            let isError = bytes.slice(payload, 4).contains { $0 != 0 }
            return state.sentReset(isError: isError, now: loop.now)
        case .goAway:
            let isError = bytes.slice(payload &+ 4, 4).contains { $0 != 0 }
            return isError ? state.sentFatalGoAway(now: loop.now) : .none
        default:
            return .none
        }
    }

    // MARK: - For streams

    /// - Returns: whether the stream may be served.
    func streamOpened() -> Bool {
        state.streamOpened()
    }

    /// The stream is closed, its answer having gone out whole or not.
    func streamClosed(isAnswered: Bool) {
        loop.updateNow()
        perform(state.streamClosed(isAnswered: isAnswered, now: loop.now))
        armTimer()
    }

    /// A part of a body was written.
    func streamSentBody(byteCount: Int) {
        state.sentBody(byteCount: byteCount)
    }

    // MARK: - Ending

    /// The gateway is stopping: streams in flight may finish, new ones are for another connection.
    func drain() {
        loop.updateNow()
        perform(state.drain(now: loop.now))
        armTimer()
    }

    /// Closes without another word; what the streams have said already still leaves.
    func closeNow() {
        flushOwed()
        context?.close(promise: nil)
    }

    private func perform(_ action: HTTP2ConnectionState.Action) {
        guard action != .none, !isClosed, let context else { return }
        switch action {
        case .none: break
        case .announceEnd:
            writeGoAway(lastStream: .maxID, context)
            send(HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(), ack: false)), context)
        case .confirmEnd(let lastStream, let closes):
            writeGoAway(lastStream: HTTP2StreamID(Int(lastStream)), context)
            if closes { finish(context, after: nil) }
        case .finish:
            // What the last stream wrote may not be flushed yet: it is, before this turn of the loop is over.
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            context.eventLoop.execute {
                guard let context = bound.value.context else { return }
                bound.value.finish(context, after: nil)
            }
        case .refuse(let lastStream):
            guard !hasSaidLast else { return }
            hasSaidLast = true
            finish(context, after: wrapOutboundOut(.byteBuffer(Self.refusal(lastStream))))
        case .close:
            closeNow()
        }
    }

    private func writeGoAway(lastStream: HTTP2StreamID, _ context: ChannelHandlerContext) {
        send(
            HTTP2Frame(
                streamID: .rootStream, payload: .goAway(lastStreamID: lastStream, errorCode: .noError, opaqueData: nil)),
            context)
    }

    /// From the far end of the pipeline, for `NIOHTTP2Handler` has to know of it.
    private func send(_ frame: HTTP2Frame, _ context: ChannelHandlerContext) {
        context.pipeline.syncOperations.writeAndFlush(NIOAny(frame), promise: nil)
    }

    /// GOAWAY with `ENHANCE_YOUR_CALM` (RFC 9113 sections 6.8 and 7).
    private static func refusal(_ lastStream: UInt32) -> ByteBuffer {
        var frame = ByteBuffer()
        frame.writeBytes([0, 0, 8, HTTP2FrameHeader.Kind.goAway.rawValue, 0])
        frame.writeInteger(UInt32(0))
        frame.writeInteger(lastStream)
        frame.writeInteger(UInt32(HTTP2ErrorCode.enhanceYourCalm.networkCode))
        return frame
    }

    /// Writes the last bytes, ends our side once they are out, and leaves the rest to the client and the clock.
    ///
    /// Closing at once would have the kernel answer whatever is still coming with a reset, which can overtake them.
    private func finish(_ context: ChannelHandlerContext, after data: NIOAny?) {
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { [self] _ in
            self.context?.close(mode: .output, promise: nil)
        }
        context.writeAndFlush(data ?? wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: written)
        armTimer()
    }

    // MARK: - Deadlines

    /// Makes the timer ring in time; it finds out by itself when it rings too early.
    private func armTimer() {
        let deadline = state.deadline
        guard !isClosed, deadline != .distantFuture, timer == nil || deadline < timerDeadline, let context else {
            return
        }
        timer?.cancel()
        timerDeadline = deadline
        // It is cancelled when the channel closes, and holds the connection no longer.
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in timerRang() }
    }

    private func timerRang() {
        timer = nil
        loop.updateNow()
        perform(state.timeCame(now: loop.now))
        armTimer()
    }
}
