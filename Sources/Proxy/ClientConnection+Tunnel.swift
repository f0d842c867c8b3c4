import HTTP1
import NIOCore

/// A WebSocket: after the upstream's `101` bytes go both ways as they come, each side held back by the other.
///
/// The exchange stays as it is for as long as the tunnel lives, identity included, so that whoever revokes a token can
/// find its tunnels among the loop's connections. It is logged once, at the end.
extension ClientConnection {
    /// Whether a `101` would be the answer to what this client asked.
    var awaitsTunnel: Bool { phase == .exchanging && parser.head.asksForWebSocket }

    /// The upstream agreed: passes its `101` on and opens the tunnel.
    func openTunnel(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer) {
        exchange.status = head.status
        exchange.trace?.upstreamAnswered(status: head.status)
        beginOutput()
        writeStart(of: head, bytes)
        output.writeStaticString("Connection: Upgrade\r\nUpgrade: websocket\r\nVia: 1.1 portcullis\r\n\r\n")
        writeOutput()
        phase = .tunnelling
        tunnel = TunnelState()
        setTunnelDeadline()
        context?.flush()
    }

    /// What the client sent before the `101` goes first.
    func startTunnel() {
        guard phase == .tunnelling else { return }
        if let context, !hasTakenAll(context) { upstream?.setReading(false) }
        resumeReading()
        advance()
    }

    /// Passes on what the client sent.
    func forwardTunnel() {
        guard let upstream else { return }
        let bytes = input
        input = ByteBuffer()
        setTunnelDeadline()
        upstream.write(bytes)
        upstream.flush()
        // The flush may have ended the tunnel.
        guard phase == .tunnelling, self.upstream === upstream else { return }
        if !upstream.takesMore() { pauseReading() }
    }

    /// Passes on what the upstream sent.
    func tunnelReceived(_ bytes: ByteBuffer) {
        guard phase == .tunnelling, let context else { return }
        setTunnelDeadline()
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        guard phase == .tunnelling else { return }
        if !hasTakenAll(context) { upstream?.setReading(false) }
    }

    /// The client will send nothing more.
    func tunnelClientEnded() {
        if tunnel.ended(.client) { upstream?.endOutput() }
    }

    /// The upstream will send nothing more.
    func tunnelUpstreamEnded() {
        guard phase == .tunnelling, tunnel.ended(.upstream) else { return }
        whenFlushed { connection in
            guard connection.phase == .tunnelling else { return }
            connection.context?.close(mode: .output, promise: nil)
        }
    }

    /// The upstream's connection is gone, both ways.
    func tunnelUpstreamGone() {
        guard phase == .tunnelling else { return }
        upstream = nil
        if !tunnel.isOrderly { exchange.reason = "upstream_closed" }
        recordExchange()
        closeAfterFlush()
    }

    /// The client's connection is gone, both ways; what it had sent still reaches the upstream.
    func tunnelClientGone() {
        if !tunnel.isOrderly { exchange.reason = "client_closed" }
        recordExchange()
        upstream?.finish()
        upstream = nil
    }

    /// Sets the deadline for the next byte, whichever way.
    private func setTunnelDeadline() {
        setDeadline(milliseconds: serving.configuration.limits.tunnelIdleTimeoutMilliseconds)
    }
}
