import HTTP1
import NIOCore
import NIOHTTP2

/// Makes a channel speak HTTP/2: with prior knowledge on a plain listener, or as ALPN `h2` has it behind TLS.
enum HTTP2Pipeline {
    /// How many bytes a stream's client may send ahead (SETTINGS_INITIAL_WINDOW_SIZE).
    static let streamWindowByteCount = 65_535
    /// How many bytes a connection's client may send ahead on all streams together.
    static let connectionWindowByteCount = 1 << 20
    /// How much of an answer waits for a stream's window before the upstream is not read any more.
    static let streamBufferByteCount = 32 << 10

    /// Adds the handlers of an HTTP/2 connection at the end of a channel's pipeline.
    ///
    /// To be called on the channel's event loop, from a channel initializer or later; bytes received before are fired
    /// into the pipeline by the caller.
    /// - Parameters:
    ///   - channel: the TCP channel, with TLS in its pipeline or without.
    ///   - loop: the loop's context.
    ///   - peer: who is at the other end; every stream has it.
    ///   - place: the connection's place among those that the limits allow, if it has one already. If not it takes one,
    ///     and is closed when there is none.
    /// - Throws: when the channel is closed.
    static func configure(
        _ channel: any Channel, loop: LoopContext, peer: ClientPeer, place: ConnectionPlace? = nil
    ) throws {
        let limits = loop.serving.configuration.limits
        let connection = HTTP2Connection(loop: loop, peer: peer, place: place)
        let bound = NIOLoopBound(connection, eventLoop: channel.eventLoop)
        let http2 = NIOHTTP2Handler(
            mode: .server, eventLoop: channel.eventLoop, connectionConfiguration: connectionConfiguration(limits),
            streamConfiguration: streamConfiguration
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                let connection = bound.value
                try stream.pipeline.syncOperations.addHandlers([
                    HTTP2Stream(connection: connection),
                    ClientConnection(loop: connection.loop, transport: .stream(of: connection.peer)),
                ])
            }
        }
        try channel.pipeline.syncOperations.addHandlers([connection, http2])
    }

    /// The bounds that `NIOHTTP2Handler` keeps; what it does not count, ``HTTP2FrameBudget`` does.
    private static func connectionConfiguration(
        _ limits: ProxyConfiguration.Limits
    ) -> NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        // RFC 9113 section 6.5.2 counts 32 bytes more for each field. What is above it ends the connection; what is
        // above `limits.headers` alone gets the answer that HTTP/1.1 has for it.
        let listByteCount = limits.head.startLineBytes + limits.head.headerBytes + 32 * limits.head.fieldCount
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.http2Streams),
            HTTP2Setting(parameter: .maxHeaderListSize, value: listByteCount),
            HTTP2Setting(parameter: .initialWindowSize, value: streamWindowByteCount),
        ]
        configuration.headerBlockValidation = .enabled
        configuration.contentLengthValidation = .enabled
        configuration.targetWindowSize = connectionWindowByteCount
        configuration.maximumSequentialEmptyDataFrames = 16
        configuration.maximumSequentialContinuationFrames = 8
        configuration.maximumBufferedControlFrames = 1_000
        // Frames that cross our reset on the way are no mistake of the client's.
        configuration.maximumRecentlyResetStreams = max(2 * limits.http2Streams, 64)
        configuration.maximumConnectionGlitches = 1_000
        // gRPC clients measure the round trip with a PING each; this is what is too fast even for them.
        configuration.controlFrameRateLimit.maximumCount = 400
        configuration.controlFrameRateLimit.windowLength = .seconds(2)
        return configuration
    }

    private static var streamConfiguration: NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.targetWindowSize = streamWindowByteCount
        configuration.outboundBufferSizeHighWatermark = streamBufferByteCount
        configuration.outboundBufferSizeLowWatermark = streamBufferByteCount / 2
        configuration.streamResetFrameRateLimit.maximumCount = 200
        configuration.streamResetFrameRateLimit.windowLength = .seconds(2)
        configuration.streamErrorRateLimit.maximumCount = 200
        configuration.streamErrorRateLimit.windowLength = .seconds(10)
        return configuration
    }
}
