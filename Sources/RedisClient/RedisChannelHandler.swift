import NIOCore

/// Carries bytes between one channel and the `RedisConnection` it serves, until either lets go.
///
/// Once detached it ignores everything the channel still brings, so a reply that comes after its
/// connection was given up has nowhere to go.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let attempt: UInt64
    private var connection: RedisConnection?
    private var context: ChannelHandlerContext?
    private let reader: RedisReplyReader

    init(connection: RedisConnection, attempt: UInt64, reader: RedisReplyReader) {
        self.connection = connection
        self.attempt = attempt
        self.reader = reader
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        connection = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        connection?.channelActive(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard connection != nil else { return }
        connection?.readBegan()
        guard reader.feed(unwrapInboundIn(data)) else { return end(.protocolViolation) }
        // A reply's receiver may stop the connection, which detaches this handler.
        while let connection {
            switch reader.next() {
            case .incomplete: return
            case .violation: return end(.protocolViolation)
            case .reply(let reply):
                connection.received(RedisReply(reply))
                reader.free(reply)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.connectionClosed)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(RedisTLS.isFailure(error) ? .tlsFailed : .connectionClosed)
        context.close(promise: nil)
    }

    /// Sends bytes at once.
    func write(_ buffer: ByteBuffer) {
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    /// Lets go of the connection and closes the channel.
    func detachAndClose() {
        connection = nil
        context?.close(promise: nil)
    }

    private func end(_ cause: RedisFailure) {
        connection?.channelEnded(self, cause: cause)
    }
}
