import NIOCore
import NIOPosix

/// Listens on a free loopback port and connects each client with a server, both on one event loop, so that neither side
/// has to be locked.
enum RelayListener {
    /// Starts to listen.
    /// - Parameters:
    ///   - serverPort: Where the server listens.
    ///   - opened: Told of every channel.
    ///   - join: Puts in what passes bytes from one to the other; nothing is read before.
    /// - Returns: What listens.
    /// - Throws: When it cannot listen.
    static func start(
        to serverPort: Int, opened: @escaping @Sendable (any Channel) -> Void,
        join: @escaping @Sendable (_ client: any Channel, _ server: any Channel) throws -> Void
    ) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in
                opened(client)
                return ClientBootstrap(group: client.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .connect(host: "127.0.0.1", port: serverPort)
                    .flatMapThrowing { server in
                        opened(server)
                        try join(client, server)
                        server.setOption(.autoRead, value: true).and(client.setOption(.autoRead, value: true))
                            .whenComplete { _ in }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }
}
