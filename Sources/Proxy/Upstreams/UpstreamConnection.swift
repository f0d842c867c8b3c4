import HTTP1
import NIOCore

/// A connection to an upstream target: reads answers and hands them to the client connection it serves.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let endpoint: UpstreamEndpoint
    /// When it was last given back.
    var idleSince = NIODeadline.now()
    /// Whether it has served a request before the one in hand.
    private(set) var isReused = false
    /// Whether a byte of an answer to the request in hand came.
    private(set) var hasReceivedBytes = false

    private let pool: UpstreamPool
    private var context: ChannelHandlerContext?
    private var client: ClientConnection?
    private var method = HTTPMethod.get
    private var parser = ResponseHeadParser()
    private var input = ByteBuffer()
    private var body: BodyDecoder?
    private var interimCount = 0
    private var isReading = true
    /// Small chunks of the request that are to be written together.
    private var chunks = ByteBuffer()
    private var isHoldingBack = false
    private var trailers: TrailerSection?
    /// Whether this side of HTTP is over, and bytes pass unread.
    private var isTunnel = false
    /// Whether the endpoint counts this connection.
    private var isCounted = true
    /// Whether the endpoint counts a request on it.
    private var isBusy = false
    /// Whether the head of the final answer came.
    private var hasAnswered = false

    init(pool: UpstreamPool, endpoint: UpstreamEndpoint) {
        self.pool = pool
        self.endpoint = endpoint
        pool.connectionBegan(endpoint)
    }

    // MARK: - For the client connection

    /// Takes up an exchange.
    func begin(for client: ClientConnection, method: HTTPMethod) {
        self.client = client
        self.method = method
        hasReceivedBytes = false
        hasAnswered = false
        interimCount = 0
        isBusy = true
        endpoint.outstanding &+= 1
    }

    /// Queues bytes of the request.
    func write(_ bytes: ByteBuffer) {
        writeChunks()
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    /// Queues a part of a chunked body, as one chunk.
    ///
    /// Small ones are put together: else what waits here would be a hundred times as large as what it says, for a client
    /// that sends chunks of one byte.
    func writeChunk(_ part: ByteBuffer) {
        var part = part
        HeadWriter.writeChunkSize(part.readableBytes, to: &chunks)
        if part.readableBytes <= 1024 { chunks.writeBuffer(&part) } else { write(part) }
        chunks.writeStaticString("\r\n")
    }

    private func writeChunks() {
        guard chunks.readableBytes > 0 else { return }
        let written = chunks
        chunks = ByteBuffer()
        context?.write(wrapOutboundOut(written), promise: nil)
    }

    /// Sends what is queued.
    func flush() {
        writeChunks()
        context?.flush()
    }

    /// Whether all that was sent has gone out, so that more may be read for it; if not, the client connection is told
    /// when it has.
    func takesMore() -> Bool {
        guard let context else { return false }
        guard context.hasUnsentBytes else { return true }
        guard !isHoldingBack else { return false }
        isHoldingBack = true
        whenFlushed { [unowned self] _ in
            isHoldingBack = false
            client?.upstreamWritabilityChanged(true)
        }
        return false
    }

    /// Stops or resumes reading, for a client that is slower than the upstream.
    func setReading(_ reads: Bool) {
        guard reads != isReading else { return }
        isReading = reads
        try? context?.channel.syncOptions?.setOption(.autoRead, value: reads)
    }

    /// Ends the exchange: back into the pool when both sides are clean, else closed.
    func end(reuse: Bool) {
        settle()
        client = nil
        body = nil
        parser.reset()
        guard reuse, input.readableBytes == 0, chunks.readableBytes == 0, let context, context.channel.isActive else {
            close()
            return
        }
        setReading(true)
        isReused = true
        pool.giveBack(self)
    }

    /// Ends the sending side of a tunnel, once all that was written has gone out.
    func endOutput() {
        whenFlushed { $0.close(mode: .output, promise: nil) }
    }

    /// Ends a tunnel whose client is gone: what that client had sent goes out first, if it does so soon.
    func finish() {
        client = nil
        setReading(true)
        let alarm = pool.loop.eventLoop.assumeIsolated().scheduleTask(in: .seconds(2)) { [weak self] in
            self?.close()
        }
        whenFlushed {
            alarm.cancel()
            $0.close(promise: nil)
        }
    }

    private func whenFlushed(_ act: @escaping (ChannelHandlerContext) -> Void) {
        guard let context else { return }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in
            if let context = self?.context { act(context) }
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: promise)
    }

    /// Closes the connection; the client hears nothing of it any more.
    func close() {
        settle()
        client = nil
        context?.close(promise: nil)
    }

    /// The target took too long to answer.
    func timedOut() {
        pool.failed(endpoint, "no answer in time")
    }

    /// The connection is gone, or never came to be.
    func hasEnded() {
        settle()
        guard isCounted else { return }
        isCounted = false
        pool.connectionEnded(endpoint)
    }

    private func settle() {
        guard isBusy else { return }
        isBusy = false
        endpoint.outstanding &-= 1
    }

    // MARK: - From the channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var received = unwrapInboundIn(data)
        guard client != nil else {
            // An answer that nobody asked for: it must never reach the next request.
            pool.forget(self)
            close()
            return
        }
        pool.loop.updateNow()
        if isTunnel {
            client?.tunnelReceived(received)
            return
        }
        hasReceivedBytes = true
        if input.readableBytes == 0 { input = received } else { input.writeBuffer(&received) }
        receive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard !isHoldingBack || !context.channel.isWritable else { return }
        client?.upstreamWritabilityChanged(context.channel.isWritable)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { client?.tunnelUpstreamEnded() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        hasEnded()
        guard let client else {
            pool.forget(self)
            return
        }
        if isTunnel {
            self.client = nil
            client.tunnelUpstreamGone()
            return
        }
        pool.loop.updateNow()
        // A kept connection may end at any time: that a request met its end is nobody's fault.
        if !hasAnswered, !isReused || hasReceivedBytes { pool.failed(endpoint, "closed before an answer") }
        if let body, body.endsWithConnection, !body.hasEnded {
            client.responseEnded(upstreamKeepsAlive: false)
        } else {
            client.upstreamFailed(self)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset is never the proper end of a body that ends with the connection.
        body = nil
        context.close(promise: nil)
    }

    // MARK: - Reading answers

    private func receive() {
        do {
            while let client {
                if body == nil {
                    guard try receiveHead(client) else { break }
                }
                guard try receiveBody(client) else { break }
            }
            client?.flushResponse()
        } catch {
            let client = client
            input = ByteBuffer()
            if client != nil { pool.failed(endpoint, "the answer is not HTTP") }
            client?.upstreamMisbehaved(self)
        }
    }

    /// - Returns: whether a final head is complete.
    private func receiveHead(_ client: ClientConnection) throws(HTTPViolation) -> Bool {
        while true {
            let outcome = input.withUnsafeReadableBytes { bytes -> Result<RequestHeadParser.Progress, HTTPViolation> in
                do throws(HTTPViolation) {
                    return .success(try parser.parse(bytes))
                } catch {
                    return .failure(error)
                }
            }
            guard try outcome.get() == .complete else { return false }
            let status = parser.head.status
            // An endless row of interim answers is not an answer.
            if interimCount >= 16 { throw .invalidStatus }
            if status == 101 {
                try openTunnel(client)
                return false
            }
            let framing = parser.head.framing(for: method)
            input.withUnsafeReadableBytes { bytes in
                client.responseHead(parser.head, bytes, framing: framing)
            }
            input.moveReaderIndex(forwardBy: parser.head.byteCount)
            if status >= 200 {
                hasAnswered = true
                pool.succeeded(endpoint)
                body = BodyDecoder(framing)
                return true
            }
            interimCount += 1
            parser.reset()
        }
    }

    /// Leaves HTTP, if the client asked for just that.
    private func openTunnel(_ client: ClientConnection) throws(HTTPViolation) {
        guard parser.head.switchesToWebSocket, client.awaitsTunnel else { throw .invalidStatus }
        isTunnel = true
        // From here the end of one direction is not the end of the other.
        try? context?.channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
        input.withUnsafeReadableBytes { client.openTunnel(parser.head, $0) }
        input.moveReaderIndex(forwardBy: parser.head.byteCount)
        let first = input
        input = ByteBuffer()
        if first.readableBytes > 0 { client.tunnelReceived(first) }
        client.startTunnel()
    }

    /// - Returns: whether there may be more to do with the bytes at hand.
    private func receiveBody(_ client: ClientConnection) throws(HTTPViolation) -> Bool {
        guard var decoder = body else { return false }
        if !decoder.hasEnded {
            let outcome = input.withUnsafeReadableBytes { bytes -> Result<ChunkedDecoder.Event, HTTPViolation> in
                do throws(HTTPViolation) {
                    return .success(try decoder.next(bytes))
                } catch {
                    return .failure(error)
                }
            }
            let event = try outcome.get()
            body = decoder
            switch event {
            case .data(let skipping, let count):
                input.moveReaderIndex(forwardBy: skipping)
                if let part = input.readSlice(length: count) { client.responseBody(part) }
            case .trailers(let skipping, let count):
                input.moveReaderIndex(forwardBy: skipping)
                gatherTrailers(input.readSlice(length: count))
                return true
            case .needMore:
                input = ByteBuffer()
                return false
            case .end(let consumed):
                input.moveReaderIndex(forwardBy: consumed)
            }
        }
        guard decoder.hasEnded else { return input.readableBytes > 0 }
        let isClean = input.readableBytes == 0
        if isClean { input = ByteBuffer() }
        let lastChunk = trailers?.lastChunk(fieldLimit: HeadLimits().fieldCount)
        trailers = nil
        client.responseEnded(upstreamKeepsAlive: parser.head.keepsAlive && isClean, lastChunk: lastChunk)
        return false
    }

    private func gatherTrailers(_ bytes: ByteBuffer?) {
        // RFC 9110 section 7.6.1: what `Connection` names is to be removed here too; the head is gone, so all go.
        guard let bytes, !parser.head.nominatesFields else { return }
        let section = trailers ?? TrailerSection()
        section.append(bytes)
        trailers = section
    }
}
