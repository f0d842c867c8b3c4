import NIOCore
import NIOPosix
import Synchronization

/// A server that answers Redis commands as a test says, in order to misbehave.
///
/// It answers `CLIENT SETNAME` and `PING` as it should unless told otherwise, so that a client becomes and stays ready.
package final class FakeRedisServer: Sendable {
    /// One thing to do with a connection.
    package enum Step: Sendable {
        /// Send text.
        case send(String)
        /// Send bytes.
        case sendBytes([UInt8])
        /// Send text, each byte by itself.
        case sendSplit(String)
        /// Send text after a while, if the connection still stands.
        case sendLater(String, milliseconds: Int64)
        /// Close the connection.
        case close
    }

    /// What a test decides about: which connection (from 0) sent which command.
    package struct Request: Sendable {
        /// The number of the connection, from 0.
        package let connection: Int
        /// The command's name and arguments.
        package let command: [String]
    }

    /// Decides what happens upon a command.
    package typealias Behaviour = @Sendable (Request) -> [Step]

    private let channel: any Channel
    private let connectionCounter: ConnectionCounter

    private final class ConnectionCounter: Sendable {
        let count = Atomic<Int>(0)
    }

    private init(channel: any Channel, counter: ConnectionCounter) {
        self.channel = channel
        connectionCounter = counter
    }

    /// Starts a server on a free loopback port.
    /// - Parameters:
    ///   - onConnect: What to do with a new connection before it sends anything.
    ///   - answersHandshake: Whether `CLIENT SETNAME` and `PING` are answered without asking `behaviour`.
    ///   - behaviour: Decides what happens upon each command.
    /// - Returns: The server, listening.
    /// - Throws: When it cannot listen.
    package static func start(
        onConnect: [Step] = [],
        answersHandshake: Bool = true,
        behaviour: @escaping Behaviour
    ) async throws -> FakeRedisServer {
        let counter = ConnectionCounter()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                let number = counter.count.wrappingAdd(1, ordering: .relaxed).oldValue
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        FakeRedisHandler(
                            number: number,
                            onConnect: onConnect,
                            answersHandshake: answersHandshake,
                            behaviour: behaviour
                        )
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return FakeRedisServer(channel: channel, counter: counter)
    }

    /// The port it listens on.
    package var port: Int { channel.localAddress?.port ?? 0 }

    /// How many connections it has accepted.
    package var connectionCount: Int { connectionCounter.count.load(ordering: .relaxed) }

    /// Stops listening.
    package func stop() async throws {
        try await channel.close()
    }
}
