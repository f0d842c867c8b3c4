import NIOCore
import NIOPosix

/// One event loop's connections to one upstream.
///
/// Targets take turns; the connection used last is used first.
final class UpstreamPool {
    let upstream: Upstream
    unowned let loop: LoopContext
    private var idle: [[UpstreamConnection]]
    /// The address of each target given as one; the others are looked up when a connection is opened.
    private let addresses: [SocketAddress?]
    private var nextTarget = 0

    init(_ upstream: Upstream, loop: LoopContext) {
        self.upstream = upstream
        self.loop = loop
        addresses = upstream.targets.map { try? SocketAddress(ipAddress: $0.host, port: $0.port) }
        idle = Array(repeating: [], count: upstream.targets.count)
        // Loops start at different targets, so that a burst of first requests is spread.
        nextTarget = Int.random(in: 0..<max(upstream.targets.count, 1))
    }

    /// The target whose turn it is.
    func chooseTarget() -> Int {
        let target = nextTarget
        nextTarget = target &+ 1 < upstream.targets.count ? target &+ 1 : 0
        return target
    }

    /// An idle connection to a target, ready to be used, if there is one.
    func takeIdle(target: Int) -> UpstreamConnection? {
        idle[target].popLast()
    }

    /// Opens a connection to a target.
    ///
    /// - Parameters:
    ///   - target: the target's index.
    ///   - completion: called on the event loop with the connection, or `nil` when it could not be opened.
    func connect(target: Int, completion: @escaping (UpstreamConnection?) -> Void) {
        let name = upstream.targets[target]
        let connection = UpstreamConnection(pool: self, target: target)
        let bound = NIOLoopBound(connection, eventLoop: loop.eventLoop)
        let bootstrap = ClientBootstrap(group: loop.eventLoop)
            .connectTimeout(.milliseconds(upstream.connectTimeoutMilliseconds))
            .channelOption(.writeBufferWaterMark, value: ProxyConfiguration.writeBufferWaterMark)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
        let opened =
            addresses[target].map { bootstrap.connect(to: $0) } ?? bootstrap.connect(host: name.host, port: name.port)
        opened.assumeIsolated().whenComplete { result in
            switch result {
            case .success: completion(connection)
            case .failure: completion(nil)
            }
        }
    }

    /// Takes back a connection that is clean.
    func giveBack(_ connection: UpstreamConnection) {
        guard idle[connection.target].count < upstream.idleConnections else {
            connection.close()
            return
        }
        connection.idleSince = loop.now
        idle[connection.target].append(connection)
    }

    /// Forgets a connection that closed while it was idle.
    func forget(_ connection: UpstreamConnection) {
        idle[connection.target].removeAll { $0 === connection }
    }

    /// Closes connections that nobody has used for long.
    func closeConnections(idleSince limit: NIODeadline) {
        for target in idle.indices {
            // The stack's bottom is its oldest part.
            while let oldest = idle[target].first, oldest.idleSince < limit {
                idle[target].removeFirst()
                oldest.close()
            }
        }
    }

    /// Closes every idle connection.
    func closeIdle() {
        let all = idle.joined()
        for target in idle.indices { idle[target] = [] }
        for connection in all { connection.close() }
    }
}
