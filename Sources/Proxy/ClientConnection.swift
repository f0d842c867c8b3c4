import HTTP1
import NIOCore

/// A client's connection: reads requests, has them decided, and carries each to its end before it looks at the next.
///
/// This file has the life of the connection; the request's way is in `ClientConnection+Request.swift`, the answer's in
/// `ClientConnection+Response.swift`, the gateway's own answers in `ClientConnection+Answers.swift`, WebSockets in
/// `ClientConnection+Tunnel.swift`, and what happens when time runs out in `ClientConnection+Deadlines.swift`.
final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        /// Waiting for, or in the midst of, a request head.
        case readingHead
        /// The authentication has the request.
        case deciding
        /// Gathering a body for the control plane.
        case gathering
        /// The control plane has the request.
        case answering
        /// A connection to the upstream is being opened.
        case connecting
        /// Bytes go both ways.
        case exchanging
        /// The upstream has answered 101, and bytes go both ways unread.
        case tunnelling
        /// The last answer is out; what the client still sends is thrown away, so that it can read that answer.
        case lingering
        case closed
    }

    /// How many bytes may wait here while nobody can take them.
    static let pendingByteLimit = 64 << 10
    /// How many requests of one client are taken up before other clients have their turn.
    private static let requestsPerTurn = 16

    let loop: LoopContext
    /// What the request in hand goes by: the configuration that was in force when its head was complete.
    private(set) var serving: LoopServing
    private(set) var authentication: Authentication
    let handle = ConnectionHandle()
    var transport: ClientTransport
    var phase = Phase.readingHead
    var context: ChannelHandlerContext?
    var peer = ClientPeer(nil, trusted: [])
    var input = ByteBuffer()
    var parser: RequestHeadParser
    var exchange = Exchange()
    var upstream: UpstreamConnection?
    /// What is being put together for the client; empty between events.
    var output = ByteBuffer()
    /// Counts attempts to connect, so that one that comes too late is told apart.
    var connectAttempt = 0
    /// The place in the queue for a connection.
    var waitingTicket: WaitingQueue<UpstreamPool.Waiter>.Ticket?
    var inputHasEnded = false
    /// How many requests came.
    var requestCount = 0
    var tunnel = TunnelState()
    /// Whether the client takes what is written for it.
    private(set) var isWritable = true

    /// Whether the upstream is not read before the client has taken what waits for it.
    var isHoldingBack = false

    private var isAdvancing = false
    private var requestsThisTurn = 0
    /// Whether this client waits for its next turn.
    private var awaitsTurn = false
    /// Whether this client is kept from sending more.
    private(set) var isPaused = false
    private var hasStarted = false
    /// Its place among the connections; a stream has none of its own.
    private var place: ConnectionPlace?
    var bodyClock = BodyClock()
    var sendClock = SendClock()
    /// Whether it is being closed; what still comes in then is nobody's business.
    private var isClosing = false
    /// Whether the last answer has gone out.
    private(set) var hasFlushed = false
    var deadline = NIODeadline.distantFuture
    var timer: Scheduled<Void>?
    var timerDeadline = NIODeadline.distantFuture

    /// - Parameters:
    ///   - loop: the event loop's belongings.
    ///   - transport: what the requests arrive over.
    init(loop: LoopContext, transport: ClientTransport = ClientTransport()) {
        self.loop = loop
        self.transport = transport
        serving = loop.serving
        authentication = serving.makeAuthentication()
        parser = RequestHeadParser(limits: serving.configuration.limits.head)
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
    }

    private func start(_ context: ChannelHandlerContext) {
        guard !hasStarted else { return }
        hasStarted = true
        handle.connection = self
        peer =
            transport.peer?.judged(by: serving.configuration)
            ?? ClientPeer(context.channel.remoteAddress, trusted: serving.configuration.trustedProxies)
        listenToAuthentication()
        if !transport.isStream {
            place = transport.place ?? ConnectionPlace(for: peer, at: transport.listener, on: loop)
            guard place != nil else {
                answer(.tooManyConnections, reason: "connection_limit")
                return
            }
        }
        loop.updateNow()
        loop.add(self)
        setDeadline(milliseconds: serving.configuration.limits.keepAliveTimeoutMilliseconds)
    }

    private func listenToAuthentication() {
        authentication.peer = peer
        authentication.onDecision = { [unowned self] decision in
            loop.updateNow()
            decided(decision)
        }
    }

    /// Another configuration is in force: a connection between two requests need not hold on to the one before.
    func configurationChanged() {
        if phase == .readingHead { renew() }
    }

    /// Goes by the configuration that is in force now; only while no request is in hand.
    func renew() {
        guard serving !== loop.serving else { return }
        serving = loop.serving
        parser.limits = serving.configuration.limits.head
        peer = peer.judged(by: serving.configuration)
        authentication.onDecision = { _ in }
        authentication = serving.makeAuthentication()
        listenToAuthentication()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var received = unwrapInboundIn(data)
        if phase == .lingering || phase == .closed || isClosing { return }
        loop.updateNow()
        if input.readableBytes == 0 {
            input = received
        } else {
            // Without this, one pipelining client whose reads always end within a head would grow the buffer for ever.
            input.discardReadBytes()
            input.writeBuffer(&received)
        }
        advance()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        switch phase {
        case .exchanging, .tunnelling:
            if isWritable { readUpstreamAgain() } else { upstream?.setReading(false) }
        case .readingHead where isWritable:
            resumeReading()
            advance()
        default:
            break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        inputHasEnded = true
        inputEnded()
    }

    /// The client has said all it had to say: what is whole may well wait for its answer, the rest is given up.
    private func inputEnded() {
        switch phase {
        case .readingHead where awaitsTurn:
            break
        case .readingHead where input.readableBytes == 0 || isWritable:
            closeAfterFlush()
        case .lingering where hasFlushed:
            closeNow()
        case .gathering:
            closeNow()
        case .tunnelling:
            tunnelClientEnded()
        case .exchanging where !exchange.state.requestIsComplete:
            closeNow()
        case .deciding, .answering, .connecting, .exchanging:
            if input.readableBytes == 0 { exchange.state.giveUpKeepAlive() }
        case .readingHead, .lingering, .closed:
            break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let previous = phase
        phase = .closed
        timer?.cancel()
        timer = nil
        if previous == .deciding { authentication.cancel() }
        authentication.onDecision = { _ in }
        if previous == .tunnelling { tunnelClientGone() }
        upstream?.close()
        upstream = nil
        leaveQueue()
        input = ByteBuffer()
        dropOutput()
        if previous != .tunnelling, previous != .readingHead && previous != .lingering && previous != .closed {
            if exchange.status == 0 { exchange.status = 499 }
            exchange.reason = "client_closed"
            recordExchange()
        }
        exchange = Exchange()
        place?.giveUp(on: loop)
        place = nil
        loop.remove(self)
        handle.connection = nil
    }

    /// Lets go of a connection that is to be served otherwise.
    ///
    /// - Returns: the connection's place, which then belongs to whoever serves it.
    func leave() -> ConnectionPlace? {
        phase = .closed
        timer?.cancel()
        timer = nil
        authentication.onDecision = { _ in }
        input = ByteBuffer()
        loop.remove(self)
        handle.connection = nil
        defer { place = nil }
        return place
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset by the client, usually, or an end without TLS' closing alert; whatever it is, this connection is done.
        isClosing = true
        context.close(promise: nil)
    }

    // MARK: - Going on

    /// Does what can be done with the bytes at hand.
    func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        requestsThisTurn = 0
        takeInput()
        isAdvancing = false
        if inputHasEnded { inputEnded() }
    }

    private func takeInput() {
        while input.readableBytes > 0 {
            switch phase {
            case .readingHead:
                // Who does not take answers gets no further ones: they would pile up here.
                guard isWritable else {
                    pauseReading()
                    return
                }
                guard requestsThisTurn < Self.requestsPerTurn, !awaitsTurn else {
                    awaitTurn()
                    return
                }
                requestsThisTurn &+= 1
                guard readHead() else { return }
            case .gathering:
                guard gatherBody() else { return }
            case .exchanging where !exchange.state.requestIsComplete:
                forwardBody()
                guard phase == .readingHead else { return }
            case .tunnelling:
                forwardTunnel()
            case .deciding, .answering, .connecting, .exchanging:
                if input.readableBytes > Self.pendingByteLimit { pauseReading() }
                return
            case .lingering, .closed:
                input = ByteBuffer()
                return
            }
        }
    }

    /// Lets other clients have their turn: one that sends many requests at once must not make them wait for all of those.
    private func awaitTurn() {
        pauseReading()
        guard !awaitsTurn else { return }
        awaitsTurn = true
        loop.eventLoop.assumeIsolated().execute { [handle] in handle.connection?.turnCame() }
    }

    private func turnCame() {
        awaitsTurn = false
        guard phase == .readingHead else { return }
        loop.updateNow()
        resumeReading()
        advance()
    }

    /// Makes ready for the next request.
    func nextRequest() {
        exchange = Exchange()
        parser.reset()
        // What was read last would live for as long as the connection is idle.
        if input.readableBytes == 0 { input = ByteBuffer() }
        transport.acceptsPreface = false
        phase = .readingHead
        resumeReading()
        sendClock.reset()
        setDeadline(milliseconds: serving.configuration.limits.keepAliveTimeoutMilliseconds)
        advance()
    }

    /// Stops reading: somebody downstream is slower than this client.
    func pauseReading() {
        guard !isPaused else { return }
        isPaused = true
        bodyClock.pause(at: loop.now)
        try? context?.channel.syncOptions?.setOption(.autoRead, value: false)
    }

    /// Reads again.
    func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        bodyClock.resume(at: loop.now)
        try? context?.channel.syncOptions?.setOption(.autoRead, value: true)
        // A socket does that by itself.
        if transport.isStream { context?.read() }
    }

    // MARK: - Ending

    /// The gateway is stopping: the next head of an answer says that the connection ends with it.
    ///
    /// That may be the answer to a request that is on its way already: to close an idle connection now could cross with it.
    func drain() {
        // Who has the head of an answer that does not say so is told with the next one.
        if exchange.state.response == .awaited { exchange.state.giveUpKeepAlive() }
    }

    /// The gateway is stopping, and the time for further requests is over.
    func endIdle() {
        if phase == .readingHead && input.readableBytes == 0 {
            // Its last answer may still be on the way out.
            closeAfterFlush()
        } else {
            exchange.state.giveUpKeepAlive()
        }
    }

    /// Closes without another word.
    func closeNow() {
        guard phase != .closed else { return }
        isClosing = true
        context?.close(promise: nil)
    }

    /// Breaks off an answer of which the client has a part: only so it cannot take that part for the whole.
    func abort(_ reason: StaticString) {
        guard phase != .closed else { return }
        exchange.reason = reason
        recordExchange()
        // What comes now is thrown away, and the end is logged.
        phase = .lingering
        upstream?.close()
        upstream = nil
        context?.close(promise: nil)
    }

    /// Closes once everything written has gone out; if the client is still sending, not before it has read that.
    func closeAfterFlush() {
        guard context != nil, phase != .closed, phase != .lingering else { return }
        let mustLinger = !exchange.state.requestIsComplete || input.readableBytes > 0 || phase == .tunnelling
        phase = .lingering
        input = ByteBuffer()
        upstream = nil
        resumeReading()
        startSendClock()
        whenFlushed { connection in
            guard let context = connection.context else { return }
            connection.hasFlushed = true
            guard mustLinger, !connection.inputHasEnded else {
                context.close(promise: nil)
                return
            }
            connection.setDeadline(milliseconds: 2_000)
            context.close(mode: .output, promise: nil)
        }
    }

    /// Acts once everything written has gone out, or cannot go out any more; never on a connection that is closed.
    func whenFlushed(_ act: @escaping (ClientConnection) -> Void) {
        guard let context else { return }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [handle] _ in
            if let connection = handle.connection { act(connection) }
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: promise)
    }

    // MARK: - Output

    /// Takes an empty buffer to write into.
    func beginOutput() {
        output = loop.takeBuffer()
    }

    /// Hands what was put together to the channel.
    func writeOutput() {
        guard output.readableBytes > 0 else { return }
        let written = output
        output = ByteBuffer()
        context?.write(wrapOutboundOut(written), promise: nil)
        loop.giveBack(written)
    }

    /// Throws away what was put together.
    func dropOutput() {
        output = ByteBuffer()
    }
}
