package import NIOCore

/// What a connection does with bytes received, as ``RedisChannelHandler`` and ``RedisConnection`` do it but without a
/// channel: for the benchmark that watches over its cost.
package final class RedisReplyProbe {
    private let reader: RedisReplyReader

    /// Makes one; `nil` when out of memory.
    package init?() {
        guard let reader = RedisReplyReader() else { return nil }
        self.reader = reader
    }

    /// Reads one reply and hands it on.
    ///
    /// - Parameters:
    ///   - bytes: the whole reply.
    ///   - shape: what it has to be.
    ///   - handler: whom it is for.
    /// - Returns: whether there was one, of that shape.
    package func deliver(_ bytes: ByteBuffer, expecting shape: ReplyShape, to handler: RedisReplyHandler) -> Bool {
        guard reader.feed(bytes), case .reply(let reply) = reader.next() else { return false }
        defer { reader.free(reply) }
        let view = RedisReply(reply)
        guard shape.fits(view) else { return false }
        handler.received(view)
        return true
    }
}
