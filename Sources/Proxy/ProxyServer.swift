package import Logging
import NIOConcurrencyHelpers
package import NIOCore
package import NIOPosix

/// The public listeners, and event loops that each have all they need to serve their connections.
package final class ProxyServer: Sendable {
    private struct Listening {
        var channels: [ListenerClosing] = []
        var files: [UnixSocketFile] = []
        var isStopping = false
        var listenerCount = 0
    }

    private struct Watching {
        var watches: [UpstreamWatch] = []
        var nextID: UInt64 = 0
    }

    private let group: MultiThreadedEventLoopGroup
    let loops: [NIOLoopBound<LoopContext>]
    private let resolver: NameResolver
    private let logger: Logger
    private let listening = NIOLockedValueBox(Listening())
    private let connectionCount: ConnectionCount
    private let watching = NIOLockedValueBox(Watching())

    /// Prepares the data path on every event loop of a group.
    ///
    /// - Parameters:
    ///   - configuration: routes, upstreams and limits.
    ///   - group: the event loops that connections are spread over.
    ///   - controlPlane: answers the gateway's own endpoints.
    ///   - accessLog: where access-log lines go, or `nil` for none.
    ///   - tracing: how requests are traced, or `nil` for not at all.
    ///   - logger: for what the operator should know.
    ///   - resolver: finds the addresses behind the names of upstream targets.
    ///   - makeAuthentication: called once per event loop, on that loop; what it returns makes one authentication for
    ///     each connection.
    /// - Throws: when an event loop has been shut down already.
    package init(
        configuration: ProxyConfiguration, group: MultiThreadedEventLoopGroup, controlPlane: any ControlPlane,
        accessLog: AccessLogWriter?, tracing: TracingSettings? = nil, logger: Logger,
        resolver: NameResolver = .system,
        makeAuthentication: @escaping @Sendable (any EventLoop) -> (() -> Authentication)
    ) async throws {
        self.group = group
        self.resolver = resolver
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
                    connectionCount: count, tracing: tracing.map(LoopTracing.init), logger: logger)
                context.start()
                return NIOLoopBound(context, eventLoop: eventLoop)
            }.get()
            loops.append(loop)
        }
        self.loops = loops
        // The numbers that the pools of the first configuration have.
        let upstreams = configuration.upstreams.map { (nextUpstreamID(), $0) }
        _ = exchangeWatches(try await startWatching(upstreams))
    }

    /// The upstreams that are watched, in the order of the configuration.
    var watches: [UpstreamWatch] { watching.withLockedValue { $0.watches } }

    /// A number for an upstream that none had before.
    func nextUpstreamID() -> UInt64 {
        watching.withLockedValue { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
    }

    /// Begins to watch upstreams for all event loops.
    func startWatching(_ upstreams: [(id: UInt64, upstream: Upstream)]) async throws -> [UpstreamWatch] {
        try await Self.startWatching(upstreams, for: loops, on: group.next(), resolver: resolver, logger: logger)
    }

    /// Takes other upstreams for those of the configuration.
    ///
    /// - Returns: those before.
    func exchangeWatches(_ watches: [UpstreamWatch]) -> [UpstreamWatch] {
        watching.withLockedValue { state in
            defer { state.watches = watches }
            return state.watches
        }
    }

    /// What all event loops have counted since the start, and how many connections each listener has.
    package func metrics() async -> ProxyMetrics {
        var found = ProxyMetrics()
        for loop in loops {
            let part = try? await loop.eventLoop.submit({ loop.value.metrics.snapshot() }).get()
            if let part { found.add(part) }
        }
        return found
    }

    /// Has every event loop find out soon whether the exchanges it carries may go on.
    ///
    /// May be called as often as something is revoked, on any thread.
    package func recheckPermits() {
        for loop in loops { loop.eventLoop.execute { loop.value.recheckPermitsSoon() } }
    }

    /// How many client connections there are.
    package var connections: Int { connectionCount.current }

    /// Accepts connections, besides those of the listeners there already are.
    ///
    /// - Returns: the address bound, with the port that was chosen where 0 was asked for; `nil` for a Unix socket.
    /// - Throws: `IOError` when the address is taken or not allowed, ``UnixSocketRefusal`` for a Unix socket.
    package func listen(on listener: Listener) async throws -> SocketAddress? {
        let index = listening.withLockedValue { state in
            defer { state.listenerCount += 1 }
            return state.listenerCount
        }
        let sockets = ListeningSockets(group: group, loops: loops, logger: logger)
        switch listener.address {
        case .tcp(let host, let port):
            let opening = makeOpening(listener, index, isLocal: false)
            let channels = try await sockets.bindTCP(
                host: host, port: port, sharesPort: listener.sharesPort, opening: opening)
            watch(channels, handsOver: listener.sharesPort)
            return channels.first?.localAddress
        case .unix(let path, let mode):
            let opening = makeOpening(listener, index, isLocal: true)
            let (channel, file) = try await sockets.bindUnix(path: path, mode: mode, opening: opening)
            listening.withLockedValue { $0.files.append(file) }
            watch([channel], handsOver: false)
            return nil
        }
    }

    private func makeOpening(_ listener: Listener, _ index: Int, isLocal: Bool) -> ConnectionOpening {
        ConnectionOpening(
            listener: index, tls: listener.tls, expectsProxyProtocol: listener.expectsProxyProtocol, isLocal: isLocal,
            logger: logger)
    }

    private func watch(_ channels: [any Channel], handsOver: Bool) {
        listening.withLockedValue { state in
            state.channels += channels.map { ListenerClosing(channel: $0, handsOver: handsOver) }
        }
        for channel in channels {
            channel.closeFuture.whenComplete { [listening, logger] _ in
                guard !listening.withLockedValue({ $0.isStopping }) else { return }
                logger.critical("an accepting socket has failed: new clients are turned away; restart the gateway")
            }
        }
    }

    /// Stops accepting, lets what is in flight finish, and closes the rest when the time is over.
    ///
    /// Idle connections stay at first: a client may have sent its next request already. That request is answered, with
    /// `Connection: close`.
    /// - Parameter graceMilliseconds: how long to wait for exchanges in flight; connections may be idle for half of it and
    ///   not longer than 5 seconds.
    package func shutdown(graceMilliseconds: Int64) async {
        let start = ContinuousClock.now
        for watch in watches { await watch.stop() }
        let listening = listening.withLockedValue { state in
            defer { state = Listening(isStopping: true) }
            return state
        }
        for file in listening.files { file.remove() }
        for loop in loops { try? await loop.eventLoop.submit { loop.value.drain() }.get() }
        await withTaskGroup(of: Void.self) { group in
            for channel in listening.channels { group.addTask { await channel.close() } }
        }
        await waitForConnections(until: start + .milliseconds(min(graceMilliseconds / 2, 5_000)))
        for loop in loops { try? await loop.eventLoop.submit { loop.value.endIdle() }.get() }
        await waitForConnections(until: start + .milliseconds(graceMilliseconds))
        let left = connections
        if left > 0 {
            logger.warning("closing connections that did not finish in time", metadata: ["connections": "\(left)"])
        }
        for loop in loops { try? await loop.eventLoop.submit { loop.value.closeAll() }.get() }
    }

    private func waitForConnections(until end: ContinuousClock.Instant) async {
        while ContinuousClock.now < end, await hasConnections() { try? await Task.sleep(for: .milliseconds(10)) }
    }

    private func hasConnections() async -> Bool {
        for loop in loops {
            if (try? await loop.eventLoop.submit({ loop.value.hasConnections }).get()) == true { return true }
        }
        return false
    }
}
