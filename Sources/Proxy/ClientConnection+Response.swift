import HTTP1
import NIOCore

/// What the upstream connection tells. It calls ``flushResponse()`` once it has told all that it received.
extension ClientConnection {
    /// Bodies up to this size are copied behind their head, so that both go out in one piece.
    private static var copiedByteLimit: Int { 16 << 10 }

    /// A head came: an interim one (1xx) or the final one.
    func responseHead(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, framing: BodyFraming) {
        guard phase == .exchanging else { return }
        beginOutput()
        if head.status < 200 {
            // RFC 9110 section 15.2: an HTTP/1.0 client does not know them, and nobody else waits for 100.
            let isAwaited = head.status == 100 ? parser.head.expectsContinue : parser.head.minorVersion == 1
            guard isAwaited else { return }
            writeStart(of: head, bytes)
            output.writeStaticString("\r\n")
            exchange.state.interimPassed()
            flushResponse()
            return
        }
        exchange.status = head.status
        exchange.trace?.upstreamAnswered(status: head.status)
        exchange.responseIsChunked = false
        writeStart(of: head, bytes)
        writeFraming(framing, of: head)
        if framing == .chunked, exchange.responseIsChunked {
            HeadWriter.copyTrailerFields(head.fields, of: bytes, to: &output)
        }
        exchange.state.responseStarted()
        writePersistence()
        if !head.hasDate { output.writeBytes(loop.dateLine) }
        output.writeStaticString(
            head.minorVersion == 1 ? "Via: 1.1 portcullis\r\n\r\n" : "Via: 1.0 portcullis\r\n\r\n")
        if let pool = exchange.pool { setDeadline(milliseconds: pool.upstream.responseTimeoutMilliseconds) }
    }

    /// A part of the body came.
    func responseBody(_ part: ByteBuffer) {
        guard phase == .exchanging else { return }
        var part = part
        if exchange.responseIsChunked { HeadWriter.writeChunkSize(part.readableBytes, to: &output) }
        if output.readableBytes + part.readableBytes <= Self.copiedByteLimit {
            output.writeBuffer(&part)
        } else {
            writeOutput()
            context?.write(wrapOutboundOut(part), promise: nil)
            beginOutput()
        }
        if exchange.responseIsChunked { output.writeStaticString("\r\n") }
    }

    /// Sends what was received so far.
    ///
    /// - Parameter isLast: whether nothing more of this answer comes; then nobody has to be held back.
    func flushResponse(isLast: Bool = false) {
        guard let context, phase == .exchanging else { return }
        writeOutput()
        context.flush()
        guard phase == .exchanging else { return }
        guard isLast ? isWritable : hasTakenAll(context) else {
            // From here the client is waited for, not the upstream.
            upstream?.setReading(false)
            startSendClock()
            return
        }
        if exchange.state.response == .started, let pool = exchange.pool {
            setDeadline(milliseconds: pool.upstream.responseTimeoutMilliseconds)
        }
    }

    /// Whether nothing waits here for the client; if something does, the upstream is read again when it is gone.
    func hasTakenAll(_ context: ChannelHandlerContext) -> Bool {
        guard context.hasUnsentBytes else { return true }
        guard !isHoldingBack else { return false }
        isHoldingBack = true
        whenFlushed { connection in
            connection.isHoldingBack = false
            connection.readUpstreamAgain()
        }
        return false
    }

    /// The client has taken what waited for it.
    func readUpstreamAgain() {
        guard !isHoldingBack else { return }
        switch phase {
        case .exchanging:
            upstream?.setReading(true)
            guard let pool = exchange.pool, exchange.state.response == .started else { return }
            loop.updateNow()
            setDeadline(milliseconds: pool.upstream.responseTimeoutMilliseconds)
        case .tunnelling:
            upstream?.setReading(true)
        default:
            break
        }
    }

    /// The answer is complete.
    ///
    /// - Parameters:
    ///   - upstreamKeepsAlive: whether the upstream's connection can serve another request.
    ///   - lastChunk: the end of a chunked body that has trailers.
    func responseEnded(upstreamKeepsAlive: Bool, lastChunk: ByteBuffer? = nil) {
        let connection = upstream
        if phase == .exchanging, exchange.responseIsChunked {
            if var lastChunk {
                output.writeBuffer(&lastChunk)
            } else {
                output.writeStaticString("0\r\n\r\n")
            }
        }
        flushResponse(isLast: true)
        guard phase == .exchanging else {
            connection?.close()
            return
        }
        exchange.upstreamEndedAt = loop.now
        exchange.trace?.upstreamEnded()
        upstream = nil
        switch exchange.state.responseEnded(upstreamKeepsAlive: upstreamKeepsAlive) {
        case .next(let reuse):
            connection?.end(reuse: reuse)
            recordExchange()
            nextRequest()
        case .close(let reuse):
            connection?.end(reuse: reuse)
            recordExchange()
            closeAfterFlush()
        }
    }

    /// The upstream's connection ended before its answer did.
    func upstreamFailed(_ connection: UpstreamConnection) {
        guard upstream === connection, let pool = exchange.pool else { return }
        let failure = exchange.state.upstreamFailed(
            onReusedConnection: connection.isReused, receivedBytes: connection.hasReceivedBytes,
            retryLimit: pool.upstream.retries
        ) { pool.retryBudget.take(now: loop.now) }
        upstream = nil
        connection.close()
        switch failure {
        case .retry:
            retry(on: pool, avoiding: connection.endpoint)
            advance()
        case .answer:
            answer(.upstreamInvalid, reason: "upstream_closed")
            advance()
        case .abort:
            abort("upstream_closed")
        }
    }

    /// The upstream sent what is not HTTP.
    func upstreamMisbehaved(_ connection: UpstreamConnection) {
        guard upstream === connection else {
            connection.close()
            return
        }
        upstream = nil
        connection.close()
        dropOutput()
        if exchange.state.response == .awaited {
            answer(.upstreamInvalid, reason: "upstream_invalid")
            advance()
        } else {
            abort("upstream_invalid")
        }
    }

    /// The upstream can take more, or cannot.
    func upstreamWritabilityChanged(_ isWritable: Bool) {
        guard phase == .tunnelling || phase == .exchanging && !exchange.state.requestIsComplete else { return }
        guard isWritable else {
            pauseReading()
            return
        }
        loop.updateNow()
        resumeReading()
        if phase == .exchanging, exchange.state.response == .awaited { setBodyDeadline() }
    }

    // MARK: - Writing

    func writeStart(of head: ResponseHead, _ bytes: UnsafeRawBufferPointer) {
        let fieldsStart = head.fields.first.map { Int($0.nameOffset) } ?? (head.byteCount &- 2)
        output.writeStaticString("HTTP/1.1")
        output.writeBytes(bytes.slice(8, fieldsStart &- 8))
        guard let standing = exchange.rateLimit else {
            HeadWriter.copyFields(head.fields, of: bytes, dropping: .notReturned, to: &output)
            return
        }
        // The gateway's limit is the one that the client meets first: the upstream's word about another of its own must
        // not stand beside it.
        let fields = RateLimitStanding.withoutOthers(head.fields, of: bytes)
        HeadWriter.copyFields(fields, of: bytes, dropping: .notReturned, to: &output)
        if head.status >= 200 { standing.write(to: &output) }
    }

    private func writeFraming(_ framing: BodyFraming, of head: ResponseHead) {
        switch framing {
        case .length:
            HeadWriter.writeFraming(framing, to: &output)
        case .chunked, .untilClose:
            // An HTTP/1.0 client knows no chunks: its body ends with the connection.
            guard parser.head.minorVersion == 1 else {
                exchange.state.giveUpKeepAlive()
                return
            }
            exchange.responseIsChunked = true
            HeadWriter.writeFraming(.chunked, to: &output)
        case .none:
            // The length that a GET would have had (RFC 9110 section 8.6).
            if head.status != 204, case .length = head.declaredFraming {
                HeadWriter.writeFraming(head.declaredFraming, to: &output)
            }
        }
    }

    func writePersistence() {
        if !exchange.state.willKeepClient {
            output.writeStaticString("Connection: close\r\n")
        } else if parser.head.minorVersion == 0 {
            output.writeStaticString("Connection: keep-alive\r\n")
        }
    }
}
