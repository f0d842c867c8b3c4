import HTTP1
import NIOCore

extension ClientConnection {
    // MARK: - The head

    /// Parses the head of the next request and takes it up.
    ///
    /// - Returns: whether there may be more to do with the bytes at hand.
    func readHead() -> Bool {
        let wasInside = parser.isInsideHead
        let outcome = input.withUnsafeReadableBytes { bytes -> Result<RequestHeadParser.Progress, HTTPViolation> in
            do throws(HTTPViolation) {
                return .success(try parser.parse(bytes))
            } catch {
                return .failure(error)
            }
        }
        switch outcome {
        case .failure(let violation):
            if violation == .unsupportedVersion, becomesHTTP2() { return false }
            answer(Problem(violation), reason: "malformed_request")
            return false
        case .success(.needMore):
            // The time for a head runs from its first byte; later bytes do not lengthen it.
            if !wasInside { setDeadline(milliseconds: serving.configuration.limits.headerTimeoutMilliseconds) }
            return false
        case .success(.complete):
            exchange.headBytes = input.readSlice(length: parser.head.byteCount) ?? ByteBuffer()
            // Lets go of the received buffer's last reference but one, so that the channel can use it again.
            if input.readableBytes == 0 { input = ByteBuffer() }
            takeUp()
            return phase == .readingHead || phase == .gathering || phase == .exchanging || phase == .tunnelling
        }
    }

    private func takeUp() {
        if serving !== loop.serving { renew() }
        exchange.startedAt = loop.now
        exchange.body = BodyDecoder(parser.head.framing)
        requestCount &+= 1
        exchange.state = ExchangeState(
            requestIsComplete: exchange.body.hasEnded, clientKeepsAlive: mayKeepClient,
            isRepeatable: parser.head.method.isIdempotent)
        var refusal: (Problem, StaticString)?
        let bytes = exchange.headBytes
        bytes.withUnsafeReadableBytes { bytes in
            if let given = parser.head.value(of: .requestID, in: bytes), let id = RequestID(given: given) {
                exchange.requestID = id
            } else {
                exchange.requestID = loop.makeRequestID()
            }
            if let tracing = loop.tracing {
                exchange.trace = tracing.begin(
                    parser.head, bytes, isTrusted: peer.isTrusted, start: exchange.startedAt)
            }
            refusal = findRoute(bytes)
        }
        if let (problem, reason) = refusal {
            answer(problem, reason: reason)
            return
        }
        if parser.head.isAsteriskForm {
            answerEmpty()
            return
        }
        authenticate()
    }

    /// Whether the connection may serve another request after the one just read.
    ///
    /// Not after an asked-for upgrade: what the client sent ahead of the answer could be meant for the tunnel, and must
    /// not be read as a request when there is none.
    private var mayKeepClient: Bool {
        let limit = serving.configuration.limits.requestsPerConnection
        return parser.head.keepsAlive && !loop.isDraining && !parser.head.asksForWebSocket
            && (limit == 0 || requestCount < limit) && !(inputHasEnded && input.readableBytes == 0)
    }

    /// Finds the route; a refusal comes back with the word for it.
    private func findRoute(_ bytes: UnsafeRawBufferPointer) -> (Problem, StaticString)? {
        let head = parser.head
        if head.method == .connect || head.method == .trace { return (.methodNotImplemented, "method_refused") }
        if case .length(let count) = head.framing, count > serving.configuration.limits.bodyBytes {
            return (.bodyTooLarge, "body_too_large")
        }
        if head.isAsteriskForm { return nil }
        var match: RouteTable.Match
        if head.pathIsPlain {
            match = serving.configuration.routes.match(
                authority: head.authority.bytes(in: bytes), path: head.path.bytes(in: bytes), method: head.method,
                methodName: head.methodRange.bytes(in: bytes))
        } else {
            do throws(HTTPViolation) {
                let path = try PathNormalizer.normalize(head.path.bytes(in: bytes))
                exchange.normalizedPath = path
                match = path.withUnsafeBytes { path in
                    serving.configuration.routes.match(
                        authority: head.authority.bytes(in: bytes), path: path, method: head.method,
                        methodName: head.methodRange.bytes(in: bytes))
                }
                if leavesVerification(match, path: head.path.bytes(in: bytes)) { match = .notFound }
            } catch {
                return (Problem(error), "malformed_request")
            }
        }
        switch match {
        case .route(let index):
            exchange.route = serving.configuration.routes.routes[index]
            exchange.routeIndex = index
            return nil
        case .notFound: return (.notFound, "no_route")
        case .methodNotAllowed(let allow): return (.methodNotAllowed(allow: allow), "method_not_allowed")
        }
    }

    // MARK: - Authentication

    private func authenticate() {
        guard let route = exchange.route else { return }
        var policy = route.policy
        if route.destination == .verify || route.destination == .verifyPath {
            switch route.destination == .verify ? verificationPolicy() : pathVerificationPolicy(of: route) {
            case .check(let found): policy = found
            case .open:
                permitted(nil)
                return
            case .refuse(let denial):
                answer(denial.problem, reason: denial.reason)
                return
            }
        } else if policy == nil {
            permitted(nil)
            return
        }
        phase = .deciding
        traceAuthentication()
        let bytes = exchange.headBytes
        let decision = bytes.withUnsafeReadableBytes { authentication.begin(parser.head, $0, policy: policy) }
        if case .pending = decision {
            setDeadline(milliseconds: serving.configuration.limits.headerTimeoutMilliseconds)
        } else {
            decided(decision)
        }
    }

    /// Acts on a decision; the only way from a protected route to its upstream leads through a ``Permit``.
    func decided(_ decision: AuthenticationDecision) {
        guard phase == .deciding else { return }
        exchange.trace?.decided()
        switch decision {
        case .permit(let permit):
            loop.metrics.recordDecision(isPermitted: true, reason: "ok")
            exchange.rateLimit = permit.rateLimit
            exchange.permitBasis = permit.basis
            permitted(permit.identity)
        case .deny(let denial):
            loop.metrics.recordDecision(isPermitted: false, reason: denial.reason)
            exchange.rateLimit = denial.rateLimit
            answer(denial.problem, reason: denial.reason)
        case .pending: return
        }
        advance()
    }

    private func permitted(_ identity: Identity?) {
        exchange.identity = identity
        switch exchange.route?.destination {
        case .upstream(let index): forward(to: serving.pools[index])
        case .controlPlane: gather()
        case .verify, .verifyPath: answerVerified()
        case nil: answer(.internalError, reason: "internal")
        }
    }

    // MARK: - To the upstream

    /// Sends the head, and what is there of the body.
    func use(_ connection: UpstreamConnection, of pool: UpstreamPool) {
        guard let route = exchange.route else { return }
        phase = .exchanging
        upstream = connection
        connection.begin(for: self, method: parser.head.method)
        exchange.trace?.sent()
        let writer = RequestHeadWriter(
            head: parser.head, route: route, peer: peer, requestID: exchange.requestID, identity: exchange.identity,
            normalizedPath: exchange.normalizedPath, targetAuthority: connection.endpoint.authority,
            withheldCookie: serving.configuration.withheldCookie, trace: exchange.trace)
        var head = loop.takeBuffer()
        exchange.headBytes.withUnsafeReadableBytes { writer.write($0, to: &head) }
        connection.write(head)
        loop.giveBack(head)
        if exchange.state.requestIsComplete {
            setDeadline(milliseconds: pool.upstream.responseTimeoutMilliseconds)
            connection.flush()
        } else {
            startBodyClock()
            forwardBody()
        }
    }

    /// Passes on what there is of the request's body.
    func forwardBody() {
        guard let upstream else { return }
        let isChunked = parser.head.framing == .chunked
        while input.readableBytes > 0, !exchange.body.hasEnded {
            switch nextBodyEvent() {
            case .failure(let violation):
                bodyViolates(violation)
                return
            case .success(.data(let skipping, let count)):
                input.moveReaderIndex(forwardBy: skipping)
                exchange.bodyByteCount &+= count
                guard exchange.bodyByteCount <= serving.configuration.limits.bodyBytes else {
                    bodyViolates(.bodyTooLarge)
                    return
                }
                guard let part = input.readSlice(length: count) else { return }
                if isChunked { upstream.writeChunk(part) } else { upstream.write(part) }
            case .success(.trailers(let skipping, let count)):
                input.moveReaderIndex(forwardBy: skipping)
                gatherTrailers(input.readSlice(length: count))
            case .success(.needMore):
                input = ByteBuffer()
            case .success(.end(let consumed)):
                input.moveReaderIndex(forwardBy: consumed)
            }
        }
        if exchange.body.hasEnded {
            if isChunked {
                let fieldLimit = serving.configuration.limits.head.fieldCount
                upstream.write(exchange.trailers?.lastChunk(fieldLimit: fieldLimit) ?? Self.lastChunk)
            }
            exchange.state.requestEnded()
            if let pool = exchange.pool { setDeadline(milliseconds: pool.upstream.responseTimeoutMilliseconds) }
        }
        upstream.flush()
        // The flush may have ended the exchange; and reading may have been stopped while the request was being decided.
        guard phase == .exchanging, self.upstream === upstream, !exchange.state.requestIsComplete else { return }
        if upstream.takesMore() {
            resumeReading()
            setBodyDeadline()
        } else {
            pauseReading()
            setDeadline(milliseconds: serving.configuration.limits.bodyIdleTimeoutMilliseconds)
        }
    }

    private func gatherTrailers(_ bytes: ByteBuffer?) {
        // RFC 9110 section 7.6.1: what `Connection` names is to be removed here too; with such, all trailers go.
        guard let bytes, !parser.head.nominatesFields else { return }
        let section = exchange.trailers ?? TrailerSection()
        section.append(bytes)
        exchange.trailers = section
    }

    func nextBodyEvent() -> Result<ChunkedDecoder.Event, HTTPViolation> {
        input.withUnsafeReadableBytes { bytes in
            do throws(HTTPViolation) {
                return .success(try exchange.body.next(bytes))
            } catch {
                return .failure(error)
            }
        }
    }

    /// The body breaks a rule after its head was passed on: the upstream must not take what it has for the whole.
    private func bodyViolates(_ violation: HTTPViolation) {
        upstream?.close()
        upstream = nil
        if exchange.state.response == .awaited {
            answer(Problem(violation), reason: violation == .bodyTooLarge ? "body_too_large" : "malformed_request")
        } else {
            abort(violation == .bodyTooLarge ? "body_too_large" : "malformed_request")
        }
    }

    static let lastChunk = ByteBuffer(string: "0\r\n\r\n")
}
