import Logging
import NIOCore
import NIOPosix
import RedisClient
import TestSupport

/// Runs `body` with a client on two event loops that is ready, and shuts both down afterwards.
func withClient<Value>(
    _ configuration: RedisConfiguration,
    logger: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
    waitsUntilReady: Bool = true,
    _ body: (RedisClient, any EventLoopGroup) async throws -> Value
) async throws -> Value {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let client = RedisClient(configuration: configuration, eventLoopGroup: group, logger: logger)
    let result: Result<Value, any Error>
    do {
        if waitsUntilReady { _ = await eventually { client.isReady } }
        result = .success(try await body(client, group))
    } catch {
        result = .failure(error)
    }
    await client.shutdown()
    try await group.shutdownGracefully()
    return try result.get()
}

/// As above, for tests that need no event loop.
func withClient<Value>(
    _ configuration: RedisConfiguration,
    logger: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
    waitsUntilReady: Bool = true,
    _ body: (RedisClient) async throws -> Value
) async throws -> Value {
    try await withClient(configuration, logger: logger, waitsUntilReady: waitsUntilReady) { client, _ in
        try await body(client)
    }
}

extension RedisClient {
    /// The outcome of a command as a value.
    func outcome(_ arguments: String...) async -> Outcome {
        do throws(RedisFailure) {
            return .success(try await execute(arguments.map { Array($0.utf8) }))
        } catch {
            return .failure(error)
        }
    }
}
