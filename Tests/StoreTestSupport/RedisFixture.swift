import Logging
import NIOCore
package import NIOPosix
package import RedisClient
package import TestSupport

/// A real Redis and a client of it, for one test.
package final class RedisFixture: Sendable {
    /// The server.
    package let server: RedisServerProcess
    /// A client of it; patient, since what is tested here is not how soon an answer comes.
    package let client: RedisClient
    /// The loops of the client.
    package let group: MultiThreadedEventLoopGroup

    private init() async throws {
        server = try RedisServerProcess()
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var configuration = RedisConfiguration(host: "127.0.0.1", port: server.port)
        configuration.commandTimeout = .seconds(10)
        client = RedisClient(
            configuration: configuration,
            eventLoopGroup: group,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        _ = await eventually { [client] in (try? await client.execute("PING")) != nil }
    }

    private func stop() async throws {
        await client.shutdown()
        try await group.shutdownGracefully()
    }

    /// Runs a test body with a Redis that ends with it.
    package static func with(_ body: (RedisFixture) async throws -> Void) async throws {
        let fixture = try await RedisFixture()
        do {
            try await body(fixture)
        } catch {
            try await fixture.stop()
            throw error
        }
        try await fixture.stop()
    }
}
