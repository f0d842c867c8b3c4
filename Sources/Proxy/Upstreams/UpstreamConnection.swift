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
    /// Whether the endpoint counts this connection.
    private var isCounted = true
    /// Whether the endpoint counts a request on it.
    private var isBusy = false
    /// Whether the head of the final answer came.
    private var hasAnswered = false

    init(pool: UpstreamPool, endpoint: UpstreamEndpoint) {
        self.pool = pool
        self.endpoint = endpoint
        endpoint.connections += 1
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
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    /// Sends what is queued.
    func flush() {
        context?.flush()
    }

    /// Whether the connection takes more bytes without piling them up.
    var isWritable: Bool { context?.channel.isWritable ?? false }

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
        guard reuse, input.readableBytes == 0, let context, context.channel.isActive else {
            close()
            return
        }
        setReading(true)
        isReused = true
        pool.giveBack(self)
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
        hasReceivedBytes = true
        if input.readableBytes == 0 { input = received } else { input.writeBuffer(&received) }
        receive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        client?.upstreamWritabilityChanged(context.channel.isWritable)
    }

    func channelInactive(context: ChannelHandlerContext) {
        hasEnded()
        guard let client else {
            pool.forget(self)
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
            // Nothing asked for an upgrade, and an endless row of interim answers is not an answer.
            if status == 101 || interimCount >= 16 { throw .invalidStatus }
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
        client.responseEnded(upstreamKeepsAlive: parser.head.keepsAlive && isClean)
        return false
    }
}
