import HTTP1
import NIOCore

/// The answers that the gateway gives itself. Every problem becomes HTTP in ``answer(_:reason:)`` and nowhere else.
extension ClientConnection {
    // MARK: - Problems

    /// Answers with a problem, and goes on with the connection if its framing is still known.
    func answer(_ problem: Problem, reason: StaticString) {
        guard phase != .closed, phase != .lingering else { return }
        skipBodyAtHand()
        // There was no head to take an identifier from.
        if exchange.startedAt == .uptimeNanoseconds(0) { exchange.requestID = loop.makeRequestID() }
        if problem.closesConnection { exchange.state.giveUpKeepAlive() }
        exchange.status = problem.status
        exchange.reason = reason
        let body = ProblemBody.render(problem, requestID: exchange.requestID.text)
        beginAnswer(status: problem.status)
        if let challenge = problem.challenge { writeField("WWW-Authenticate: ", challenge) }
        if let seconds = problem.retryAfterSeconds { writeField("Retry-After: ", String(seconds)) }
        if let allow = problem.allow { writeField("Allow: ", allow) }
        writeField("Content-Type: ", ProblemBody.contentType)
        output.writeStaticString("Cache-Control: no-store\r\n")
        endAnswer(body: ByteBuffer(string: body))
    }

    // MARK: - Own endpoints

    /// `OPTIONS *` (RFC 9110 section 9.3.7): asks about the server, and the server is well.
    func answerEmpty() {
        exchange.status = 204
        skipBodyAtHand()
        beginAnswer(status: 204)
        endAnswer(body: nil)
    }

    /// The token is good: `200` with the identity, for the proxy that asked.
    func answerVerified() {
        exchange.status = 200
        skipBodyAtHand()
        beginAnswer(status: 200)
        if let identity = exchange.identity { output.writeBytes(identity.headerLines) }
        output.writeStaticString("Cache-Control: no-store\r\n")
        endAnswer(body: ByteBuffer())
    }

    /// Begins to gather the body of a request to the control plane.
    func gather() {
        if case .length(let count) = parser.head.framing, count > ControlRequest.bodyByteLimit {
            answer(.bodyTooLarge, reason: "body_too_large")
            return
        }
        if exchange.body.hasEnded {
            callControlPlane()
            return
        }
        phase = .gathering
        setDeadline(milliseconds: serving.configuration.limits.headerTimeoutMilliseconds)
        if parser.head.expectsContinue, input.readableBytes == 0 {
            context?.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
        }
    }

    /// Gathers what is there of the body.
    ///
    /// - Returns: whether there may be more to do with the bytes at hand.
    func gatherBody() -> Bool {
        while input.readableBytes > 0, !exchange.body.hasEnded {
            switch nextBodyEvent() {
            case .failure(let violation):
                answer(Problem(violation), reason: "malformed_request")
                return false
            case .success(.data(let skipping, let count)):
                input.moveReaderIndex(forwardBy: skipping)
                var gathered = exchange.gathered ?? ByteBuffer()
                exchange.gathered = nil
                guard gathered.readableBytes + count <= ControlRequest.bodyByteLimit,
                    var part = input.readSlice(length: count)
                else {
                    answer(.bodyTooLarge, reason: "body_too_large")
                    return false
                }
                gathered.writeBuffer(&part)
                exchange.gathered = gathered
            case .success(.trailers(let skipping, let count)):
                input.moveReaderIndex(forwardBy: skipping + count)
            case .success(.needMore):
                input = ByteBuffer()
                return false
            case .success(.end(let consumed)):
                input.moveReaderIndex(forwardBy: consumed)
            }
        }
        guard exchange.body.hasEnded else { return false }
        callControlPlane()
        return phase == .readingHead
    }

    private func callControlPlane() {
        exchange.state.requestEnded()
        phase = .answering
        setDeadline(milliseconds: 60_000)
        let request = makeControlRequest()
        let controlPlane = loop.controlPlane
        let eventLoop = loop.eventLoop
        let handle = NIOLoopBound(handle, eventLoop: eventLoop)
        let ticket = request.requestID
        Task(executorPreference: loop.taskExecutor) {
            let response = await controlPlane.respond(to: request)
            eventLoop.execute {
                guard let connection = handle.value.connection else { return }
                connection.loop.updateNow()
                connection.controlPlaneAnswered(response, ticket: ticket)
            }
        }
    }

    private func controlPlaneAnswered(_ response: ControlResponse, ticket: String) {
        guard phase == .answering, exchange.requestID.text == ticket else { return }
        exchange.status = response.status
        if response.status >= 400 { exchange.reason = "refused" }
        beginAnswer(status: response.status)
        for (name, value) in response.fields where Self.isSafe(name) && Self.isSafe(value) {
            output.writeString(name)
            writeField(": ", value)
        }
        endAnswer(body: response.status == 204 ? nil : response.body)
        advance()
    }

    private func makeControlRequest() -> ControlRequest {
        let head = parser.head
        return exchange.headBytes.withUnsafeReadableBytes { bytes in
            var fields: [(name: String, value: String)] = []
            for field in head.fields
            where field.traits.isDisjoint(with: [.hopByHop, .framing, .identity, .lookAlike, .host, .forwarding]) {
                fields.append(
                    (
                        String(decoding: field.name(in: bytes), as: UTF8.self),
                        String(decoding: field.value(in: bytes), as: UTF8.self)
                    ))
            }
            let path = exchange.normalizedPath.map { String(decoding: $0, as: UTF8.self) }
            return ControlRequest(
                method: String(decoding: head.methodRange.bytes(in: bytes), as: UTF8.self),
                target: (path ?? String(decoding: head.path.bytes(in: bytes), as: UTF8.self))
                    + String(decoding: head.query.bytes(in: bytes), as: UTF8.self),
                authority: String(decoding: head.authority.bytes(in: bytes), as: UTF8.self), fields: fields,
                body: exchange.gathered ?? ByteBuffer(), clientAddress: clientAddress(bytes),
                requestID: exchange.requestID.text, trace: exchange.trace?.place
            )
        }
    }

    /// Who asks: the peer, or whom a trusted proxy in front of it names.
    private func clientAddress(_ bytes: UnsafeRawBufferPointer) -> String {
        guard peer.isTrusted else { return peer.address }
        return peer.client(of: parser.head, bytes)?.text ?? peer.address
    }

    // MARK: - Writing

    private func beginAnswer(status: Int) {
        beginOutput()
        output.writeStaticString("HTTP/1.1 ")
        HeadWriter.writeDecimal(status, to: &output)
        output.writeStaticString(" ")
        output.writeString(StatusLine.reason(status))
        output.writeStaticString("\r\n")
        exchange.rateLimit?.write(to: &output)
    }

    /// Writes the rest of the head and the body, logs, and goes on or closes.
    private func endAnswer(body: ByteBuffer?) {
        if let body { HeadWriter.writeFraming(.length(body.readableBytes), to: &output) }
        output.writeBytes(loop.dateLine)
        let keeps = exchange.state.willKeepClient
        writePersistence()
        output.writeStaticString("\r\n")
        if var body, parser.head.method != .head { output.writeBuffer(&body) }
        writeOutput()
        context?.flush()
        recordExchange()
        guard phase != .closed else { return }
        if keeps { nextRequest() } else { closeAfterFlush() }
    }

    private func writeField(_ name: StaticString, _ value: String) {
        output.writeStaticString(name)
        output.writeString(value)
        output.writeStaticString("\r\n")
    }

    private static func isSafe(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    }

    /// Takes a body that is already here off the connection, so that an early answer need not close it.
    private func skipBodyAtHand() {
        guard !exchange.state.requestIsComplete else { return }
        while input.readableBytes > 0, !exchange.body.hasEnded {
            switch nextBodyEvent() {
            case .failure: return
            case .success(.data(let skipping, let count)), .success(.trailers(let skipping, let count)):
                input.moveReaderIndex(forwardBy: skipping + count)
            case .success(.needMore): input = ByteBuffer()
            case .success(.end(let consumed)): input.moveReaderIndex(forwardBy: consumed)
            }
        }
        if exchange.body.hasEnded { exchange.state.requestEnded() }
    }

    // MARK: - Counting and logging

    /// Counts the exchange, writes its access-log line and ends its trace.
    func recordExchange() {
        guard exchange.status != 0 else { return }
        let now = loop.now
        var upstreamTime: Int64?
        if let start = exchange.upstreamStartedAt {
            upstreamTime = ((exchange.upstreamEndedAt ?? now) - start).nanoseconds
        }
        let started = exchange.startedAt
        let duration = started == .uptimeNanoseconds(0) ? 0 : (now - started).nanoseconds
        var upstream: (counter: UpstreamCounter, nanoseconds: Int64)?
        if let pool = exchange.pool, let upstreamTime { upstream = (pool.counter, upstreamTime) }
        loop.metrics.record(
            route: exchange.routeIndex.map { serving.routeCounters[$0] }, method: parser.head.method,
            status: exchange.status, nanoseconds: duration, upstream: upstream)
        finishTrace()
        guard let log = loop.accessLog, log.takes(status: exchange.status, chance: loop.makeChance()) else { return }
        log.append(
            AccessLog.Entry(
                requestID: exchange.requestID,
                route: exchange.route?.label ?? "-",
                method: parser.head.method, status: exchange.status, reason: exchange.reason,
                durationNanoseconds: duration,
                upstreamNanoseconds: upstreamTime, subject: exchange.identity?.loggedSubject),
            nowMilliseconds: loop.wallClockMilliseconds)
    }
}
