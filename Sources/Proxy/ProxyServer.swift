import Glibc
package import Logging
import NIOConcurrencyHelpers
package import NIOCore
package import NIOPosix

/// The public listener: one accepting socket per event loop, each with all it needs to serve its connections.
package final class ProxyServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let loops: [NIOLoopBound<LoopContext>]
    private let logger: Logger
    private let listeners = NIOLockedValueBox<[any Channel]>([])
    private let connectionCount: ConnectionCount
    let monitors: [NIOLoopBound<UpstreamMonitor>]

    /// Prepares the data path on every event loop of a group.
    ///
    /// - Parameters:
    ///   - configuration: routes, upstreams and limits.
    ///   - group: the event loops that connections are spread over.
    ///   - controlPlane: answers the gateway's own endpoints.
    ///   - accessLog: where access-log lines go, or `nil` for none.
    ///   - logger: for what the operator should know.
    ///   - resolver: finds the addresses behind the names of upstream targets.
    ///   - makeAuthentication: called once per event loop, on that loop; what it returns makes one authentication for
    ///     each connection.
    /// - Throws: when an event loop has been shut down already.
    package init(
        configuration: ProxyConfiguration, group: MultiThreadedEventLoopGroup, controlPlane: any ControlPlane,
        accessLog: AccessLogWriter?, logger: Logger, resolver: NameResolver = .system,
        makeAuthentication: @escaping @Sendable (any EventLoop) -> (() -> Authentication)
    ) async throws {
        self.group = group
        self.logger = logger
        let count = ConnectionCount()
        let fraction = configuration.accessLogFraction
        connectionCount = count
        var loops: [NIOLoopBound<LoopContext>] = []
        for eventLoop in group.makeIterator() {
            let loop = try await eventLoop.submit {
                let context = LoopContext(
                    eventLoop: eventLoop, configuration: configuration, controlPlane: controlPlane,
                    makeAuthentication: makeAuthentication(eventLoop),
                    accessLog: accessLog.map { AccessLog(writer: $0, fraction: fraction) },
                    connectionCount: count)
                for pool in context.pools { pool.logger = logger }
                context.start()
                return NIOLoopBound(context, eventLoop: eventLoop)
            }.get()
            loops.append(loop)
        }
        self.loops = loops
        monitors = try await Self.startMonitors(
            of: configuration.upstreams, for: loops, on: group.next(), resolver: resolver, logger: logger)
    }

    /// How many client connections there are.
    package var connections: Int { connectionCount.current }

    /// Binds the address on every loop.
    ///
    /// - Returns: the address bound, with the port that was chosen where 0 was asked for.
    /// - Throws: `IOError` when the address is taken or not allowed.
    package func listen(host: String, port: Int) async throws -> SocketAddress {
        guard loops.count > 1 else {
            let channel = try await bind(loops[0], host: host, port: port, sharesPort: false)
            listeners.withLockedValue { $0 = [channel] }
            return try Self.address(of: channel)
        }
        if port != 0 {
            // Tried alone at first: with SO_REUSEPORT a second gateway would share the port without a word. A port that
            // the system chooses is nobody else's.
            try await bind(loops[0], host: host, port: port, sharesPort: false).close()
        }
        var channels: [any Channel] = []
        do {
            var chosen = port
            for loop in loops {
                let channel = try await bind(loop, host: host, port: chosen, sharesPort: true)
                channels.append(channel)
                chosen = try Self.address(of: channel).port ?? port
            }
            let address = try Self.address(of: channels[0])
            listeners.withLockedValue { $0 = channels }
            return address
        } catch {
            for channel in channels { try? await channel.close() }
            throw error
        }
    }

    private static func address(of channel: any Channel) throws -> SocketAddress {
        guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
        return address
    }

    private func bind(
        _ loop: NIOLoopBound<LoopContext>, host: String, port: Int, sharesPort: Bool
    ) async throws -> any Channel {
        var bootstrap = ServerBootstrap(group: loop.eventLoop, childGroup: loop.eventLoop)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(.writeBufferWaterMark, value: ProxyConfiguration.writeBufferWaterMark)
        if sharesPort {
            bootstrap = bootstrap.serverChannelOption(
                .socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)), value: 1)
        }
        return try await bootstrap.childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    ClientConnection(loop: loop.value, transport: ClientTransport(acceptsPreface: true)))
            }
        }.bind(host: host, port: port).get()
    }

    /// Stops accepting, lets what is in flight finish, and closes the rest when the time is over.
    ///
    /// - Parameter graceMilliseconds: how long to wait for exchanges in flight.
    package func shutdown(graceMilliseconds: Int64) async {
        for channel in listeners.withLockedValue({ $0 }) { try? await channel.close() }
        for monitor in monitors { try? await monitor.eventLoop.submit { monitor.value.stop() }.get() }
        for loop in loops { try? await loop.eventLoop.submit { loop.value.drain() }.get() }
        let end = ContinuousClock.now + .milliseconds(graceMilliseconds)
        while ContinuousClock.now < end, await hasConnections() { try? await Task.sleep(for: .milliseconds(10)) }
        let left = connections
        if left > 0 {
            logger.warning("closing connections that did not finish in time", metadata: ["connections": "\(left)"])
        }
        for loop in loops { try? await loop.eventLoop.submit { loop.value.closeAll() }.get() }
    }

    private func hasConnections() async -> Bool {
        for loop in loops {
            if (try? await loop.eventLoop.submit({ loop.value.hasConnections }).get()) == true { return true }
        }
        return false
    }
}
