import HTTP1
import NIOCore

/// A client's connection: reads requests, has them decided, and carries each to its end before it looks at the next.
///
/// This file has the life of the connection; the request's way is in `ClientConnection+Request.swift`, the answer's in
/// `ClientConnection+Response.swift`, and the gateway's own answers in `ClientConnection+Answers.swift`.
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
        /// The last answer is out; what the client still sends is thrown away, so that it can read that answer.
        case lingering
        case closed
    }

    /// How many bytes may wait here while nobody can take them.
    static let pendingByteLimit = 64 << 10

    let loop: LoopContext
    let authentication: Authentication
    var phase = Phase.readingHead
    var context: ChannelHandlerContext?
    var peer = ClientPeer(nil, trusted: [])
    private let hasPeer: Bool
    var input = ByteBuffer()
    var parser: RequestHeadParser
    var exchange = Exchange()
    var upstream: UpstreamConnection?
    /// What is being put together for the client; empty between events.
    var output = ByteBuffer()
    /// Counts attempts to connect, so that one that comes too late is told apart.
    var connectAttempt = 0
    var inputHasEnded = false

    private var isAdvancing = false
    /// Whether this client is kept from sending more.
    private(set) var isPaused = false
    private var hasStarted = false
    private var isCounted: Bool
    /// The network whose connections this one is counted among.
    private var countedNetwork: UInt128?
    /// Whether it is being closed; what still comes in then is nobody's business.
    private var isClosing = false
    /// Whether the client takes what is written for it.
    private var isWritable = true
    /// Whether the last answer has gone out.
    private var hasFlushed = false
    private var deadline = NIODeadline.distantFuture
    private var timer: Scheduled<Void>?
    private var timerDeadline = NIODeadline.distantFuture

    /// - Parameters:
    ///   - loop: the event loop's belongings.
    ///   - peer: the client, where it is not simply who is at the other end of a TCP connection.
    ///   - isCounted: whether the connection has its place among the connections already, which it gives back in the end.
    init(loop: LoopContext, peer: ClientPeer? = nil, isCounted: Bool = false) {
        self.loop = loop
        self.isCounted = isCounted
        if let peer { self.peer = peer }
        hasPeer = peer != nil
        authentication = loop.makeAuthentication()
        parser = RequestHeadParser(limits: loop.configuration.limits.head)
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
        let limits = loop.configuration.limits
        if !hasPeer {
            peer = ClientPeer(context.channel.remoteAddress, trusted: loop.configuration.trustedProxies)
        }
        authentication.peer = peer
        authentication.onDecision = { [unowned self] decision in
            loop.updateNow()
            decided(decision)
        }
        guard isCounted || takesPlace(limits) else {
            answer(.tooManyConnections, reason: "connection_limit")
            return
        }
        loop.updateNow()
        loop.add(self)
        setDeadline(milliseconds: limits.keepAliveTimeoutMilliseconds)
    }

    /// Whether there is room for one more connection: among all, and among those of its address.
    private func takesPlace(_ limits: ProxyConfiguration.Limits) -> Bool {
        guard loop.connectionCount.increment(upTo: limits.connections) else { return false }
        isCounted = true
        guard let network = peer.countedNetwork(limits) else { return true }
        guard loop.connectionCount.byAddress.increment(network, upTo: limits.connectionsPerAddress) else {
            return false
        }
        countedNetwork = network
        return true
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
        case .exchanging:
            upstream?.setReading(isWritable)
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
        case .readingHead where input.readableBytes == 0 || isWritable:
            closeAfterFlush()
        case .lingering where hasFlushed:
            closeNow()
        case .gathering:
            closeNow()
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
        upstream?.close()
        upstream = nil
        input = ByteBuffer()
        dropOutput()
        if previous != .readingHead && previous != .lingering && previous != .closed {
            if exchange.status == 0 { exchange.status = 499 }
            exchange.reason = "client_closed"
            logExchange()
        }
        exchange = Exchange()
        if isCounted {
            isCounted = false
            loop.connectionCount.decrement()
        }
        if let network = countedNetwork {
            countedNetwork = nil
            loop.connectionCount.byAddress.decrement(network)
        }
        loop.remove(self)
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
                guard readHead() else { return }
            case .gathering:
                guard gatherBody() else { return }
            case .exchanging where !exchange.state.requestIsComplete:
                forwardBody()
                guard phase == .readingHead else { return }
            case .deciding, .answering, .connecting, .exchanging:
                if input.readableBytes > Self.pendingByteLimit { pauseReading() }
                return
            case .lingering, .closed:
                input = ByteBuffer()
                return
            }
        }
    }

    /// Makes ready for the next request.
    func nextRequest() {
        exchange = Exchange()
        parser.reset()
        phase = .readingHead
        resumeReading()
        setDeadline(milliseconds: loop.configuration.limits.keepAliveTimeoutMilliseconds)
        advance()
    }

    /// Stops reading: somebody downstream is slower than this client.
    func pauseReading() {
        guard !isPaused else { return }
        isPaused = true
        try? context?.channel.syncOptions?.setOption(.autoRead, value: false)
    }

    /// Reads again.
    func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        try? context?.channel.syncOptions?.setOption(.autoRead, value: true)
    }

    // MARK: - Ending

    /// The gateway is stopping: an idle connection ends now, a busy one after its answer.
    func drain() {
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

    /// Closes once everything written has gone out; if the client is still sending, not before it has read that.
    func closeAfterFlush() {
        guard let context, phase != .closed, phase != .lingering else { return }
        let mustLinger = !exchange.state.requestIsComplete || input.readableBytes > 0
        phase = .lingering
        input = ByteBuffer()
        upstream = nil
        resumeReading()
        setDeadline(milliseconds: loop.configuration.limits.bodyIdleTimeoutMilliseconds)
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in
            guard let self, let context = self.context else { return }
            hasFlushed = true
            guard mustLinger, !inputHasEnded else {
                context.close(promise: nil)
                return
            }
            setDeadline(milliseconds: 2_000)
            context.close(mode: .output, promise: nil)
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

    // MARK: - Deadlines

    /// Sets the one deadline of the connection.
    ///
    /// The timer is left alone unless it would ring too late: it finds out by itself when it rings too early, so that
    /// a busy connection hardly ever touches it.
    func setDeadline(milliseconds: Int64) {
        deadline = loop.now + .milliseconds(milliseconds)
        if timer == nil || deadline < timerDeadline { armTimer() }
    }

    private func armTimer() {
        timer?.cancel()
        timerDeadline = deadline
        timer = loop.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            self?.timerRang()
        }
    }

    private func timerRang() {
        timer = nil
        guard phase != .closed else { return }
        loop.updateNow()
        if loop.now < deadline { armTimer() } else { deadlinePassed() }
    }

    private func deadlinePassed() {
        switch phase {
        case .readingHead:
            if parser.isInsideHead { answer(.requestTimeout, reason: "header_timeout") } else { closeNow() }
        case .gathering:
            answer(.requestTimeout, reason: "body_timeout")
        case .deciding:
            authentication.cancel()
            answer(.decisionTimeout, reason: "decision_timeout")
        case .answering:
            answer(.internalError, reason: "internal")
        case .connecting:
            connectAttempt += 1
            answer(.upstreamTimeout, reason: "upstream_timeout")
        case .exchanging:
            exchangeTimedOut()
        case .lingering, .closed:
            closeNow()
        }
    }

    private func exchangeTimedOut() {
        let waitsForClient = !exchange.state.requestIsComplete && !isPaused
        upstream?.close()
        upstream = nil
        guard exchange.state.response == .awaited else {
            // Part of the answer is out: only a broken connection tells the client that the rest is missing.
            exchange.reason = "upstream_timeout"
            closeNow()
            return
        }
        if waitsForClient {
            answer(.requestTimeout, reason: "body_timeout")
        } else {
            answer(.upstreamTimeout, reason: "upstream_timeout")
        }
    }
}
