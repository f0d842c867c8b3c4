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
        exchange.responseIsChunked = false
        writeStart(of: head, bytes)
        writeFraming(framing, of: head)
        exchange.state.responseStarted()
        writePersistence()
        if !head.hasDate { output.writeBytes(loop.dateLine) }
        output.writeStaticString("\r\n")
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
    func flushResponse() {
        guard let context, phase == .exchanging else { return }
        writeOutput()
        context.flush()
        guard phase == .exchanging else { return }
        if exchange.state.response == .started, let pool = exchange.pool {
            setDeadline(milliseconds: pool.upstream.responseTimeoutMilliseconds)
        }
        if !context.channel.isWritable { upstream?.setReading(false) }
    }

    /// The answer is complete.
    func responseEnded(upstreamKeepsAlive: Bool) {
        let connection = upstream
        if phase == .exchanging, exchange.responseIsChunked { output.writeStaticString("0\r\n\r\n") }
        flushResponse()
        guard phase == .exchanging else {
            connection?.close()
            return
        }
        exchange.upstreamEndedAt = loop.now
        upstream = nil
        switch exchange.state.responseEnded(upstreamKeepsAlive: upstreamKeepsAlive) {
        case .next(let reuse):
            connection?.end(reuse: reuse)
            logExchange()
            nextRequest()
        case .close(let reuse):
            connection?.end(reuse: reuse)
            logExchange()
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
            exchange.reason = "upstream_closed"
            closeNow()
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
            exchange.reason = "upstream_invalid"
            closeNow()
        }
    }

    /// The upstream can take more, or cannot.
    func upstreamWritabilityChanged(_ isWritable: Bool) {
        guard phase == .exchanging, !exchange.state.requestIsComplete else { return }
        if isWritable { resumeReading() } else { pauseReading() }
    }

    // MARK: - Writing

    private func writeStart(of head: ResponseHead, _ bytes: UnsafeRawBufferPointer) {
        let fieldsStart = head.fields.first.map { Int($0.nameOffset) } ?? (head.byteCount &- 2)
        output.writeStaticString("HTTP/1.1")
        output.writeBytes(bytes.slice(8, fieldsStart &- 8))
        HeadWriter.copyFields(head.fields, of: bytes, dropping: .notReturned, to: &output)
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
