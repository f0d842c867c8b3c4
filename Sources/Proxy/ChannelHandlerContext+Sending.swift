import NIOCore

/// What has become of what was written.
///
/// Back-pressure in both directions is built on this: one side is not read while bytes from it still wait here for the
/// other, however few they are. What a connection holds is then one read each way, and does not depend on how small the
/// pieces are that its bytes come in.
extension ChannelHandlerContext {
    /// Whether flushed bytes wait for the other end to take them.
    ///
    /// Asking costs about as much as parsing a short head: ask between parts of a body, not once per request.
    var hasUnsentBytes: Bool {
        // Channels that are no sockets need not know; asking them may even be a trap.
        guard channel is any SocketOptionProvider else { return !channel.isWritable }
        return ((try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0) > 0
    }

    /// Acts once everything written has gone out, or cannot go out any more.
    func whenSent(_ act: @escaping () -> Void) {
        let promise = eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in act() }
        writeAndFlush(NIOAny(ByteBuffer()), promise: promise)
    }
}
