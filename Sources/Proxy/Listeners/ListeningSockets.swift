import Glibc
import Logging
import NIOCore
import NIOPosix

/// Makes the accepting sockets of listeners.
///
/// A TCP port has one per event loop, among which the kernel spreads the connections (`SO_REUSEPORT`), so that each is
/// served where it was accepted. A Unix socket cannot be shared like that: the first loop accepts for all and deals out in
/// turn.
struct ListeningSockets {
    private static let backlog: Int32 = 4096

    let group: MultiThreadedEventLoopGroup
    let loops: [NIOLoopBound<LoopContext>]
    let logger: Logger

    /// Binds a Unix socket.
    func bindUnix(
        path: String, mode: UInt32, opening: ConnectionOpening
    ) async throws -> (channel: any Channel, file: UnixSocketFile) {
        let (descriptor, file) = try UnixSocketFile.bind(path, mode: mode)
        let contexts = Dictionary(uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) })
        do {
            let channel = try await bootstrap(accepting: loops[0].eventLoop, serving: group) { channel in
                guard let loop = contexts[ObjectIdentifier(channel.eventLoop)] else {
                    throw EventLoopError.unsupportedOperation
                }
                try opening.start(channel, loop: loop.value)
            }.withBoundSocket(descriptor).get()
            // Asked once more, for a longer queue than the bootstrap gives to a socket it did not make.
            _ = listen(descriptor, Self.backlog)
            return (channel, file)
        } catch {
            file.remove()
            throw error
        }
    }

    /// Binds a TCP port on every loop; one that is shared may be another gateway's too, so that one can take over.
    func bindTCP(
        host: String, port: Int, sharesPort: Bool, opening: ConnectionOpening
    ) async throws -> [any Channel] {
        let address = try SocketAddress.makeAddressResolvingHost(host, port: port)
        guard loops.count > 1 || sharesPort else {
            return [try await bindTCP(loops[0], address, opening, sharesPort: false)]
        }
        if port != 0, !sharesPort {
            // Tried alone at first: with SO_REUSEPORT a second gateway would share the port without a word. A port that
            // the system chooses is nobody else's.
            try await bindTCP(loops[0], address, opening, sharesPort: false).close()
        }
        var channels: [any Channel] = []
        do {
            var chosen = address
            for loop in loops {
                let channel = try await bindTCP(loop, chosen, opening, sharesPort: true)
                channels.append(channel)
                chosen = channel.localAddress ?? chosen
            }
            return channels
        } catch {
            for channel in channels { try? await channel.close() }
            throw error
        }
    }

    private func bindTCP(
        _ loop: NIOLoopBound<LoopContext>, _ address: SocketAddress, _ opening: ConnectionOpening, sharesPort: Bool
    ) async throws -> any Channel {
        var bootstrap = bootstrap(accepting: loop.eventLoop, serving: loop.eventLoop) { channel in
            try opening.start(channel, loop: loop.value)
        }
        bootstrap = bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        if sharesPort {
            bootstrap = bootstrap.serverChannelOption(
                .socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)), value: 1)
        }
        if address.protocol == .inet6 {
            // Whether IPv4 comes along would else depend on the machine, and could bypass ranges written for IPv4.
            bootstrap = bootstrap.serverChannelOption(
                ChannelOptions.socket(.init(IPPROTO_IPV6), .init(IPV6_V6ONLY)), value: 1)
        }
        return try await bootstrap.bind(to: address).get()
    }

    private func bootstrap(
        accepting: any EventLoop, serving: any EventLoopGroup,
        start: @escaping @Sendable (any Channel) throws -> Void
    ) -> ServerBootstrap {
        let logger = logger
        return ServerBootstrap(group: accepting, childGroup: serving)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // The sockets of its connections have what it has.
                    channel.limitUnsentBytes()
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(logger: logger))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.recvAllocator, value: ReceiveAllocator())
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.writeBufferWaterMark, value: ProxyConfiguration.writeBufferWaterMark)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try start(channel) }
            }
    }
}
