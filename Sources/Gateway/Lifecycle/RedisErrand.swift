import Logging
import NIOCore
import NIOPosix
import RedisClient

/// What a command does at the gateways' Redis, with a client that is there for it alone.
enum RedisErrand {
    /// Connects, does it, and lets go of the connection.
    ///
    /// - Parameters:
    ///   - configuration: where Redis is.
    ///   - patienceMilliseconds: how long to wait for the connection; after it the errand fails by itself.
    ///   - logger: for the client; by default nobody hears, since the outcome is told.
    ///   - body: what is to be done.
    /// - Returns: what came of it.
    static func run<Value>(
        _ configuration: RedisConfiguration, patienceMilliseconds: Int64,
        logger: Logger = Logger(label: "redis", factory: { _ in SwiftLogNoOpLogHandler() }),
        _ body: (RedisClient) async -> Value
    ) async -> Value {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = RedisClient(configuration: configuration, eventLoopGroup: group, logger: logger)
        let end = ContinuousClock.now + .milliseconds(patienceMilliseconds)
        while !client.isReady, ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(5)) }
        let value = await body(client)
        await client.shutdown()
        try? await group.shutdownGracefully()
        return value
    }
}
