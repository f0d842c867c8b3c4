import Logging
import NIOCore

extension ProxyServer {
    /// How long to wait for names to be resolved: a gateway without DNS starts, too.
    private static let firstLookUpLimit = TimeAmount.seconds(5)

    /// Begins to watch upstreams, on one event loop for all.
    ///
    /// - Parameters:
    ///   - upstreams: the upstreams, with a number for each that no other has.
    ///   - loops: whom to tell.
    ///   - eventLoop: where to watch.
    ///   - resolver: finds addresses.
    ///   - logger: tells the operator.
    /// - Returns: the watches, in the same order, once each name has been looked up.
    /// - Throws: when the event loop has been shut down already.
    static func startWatching(
        _ upstreams: [(id: UInt64, upstream: Upstream)], for loops: [NIOLoopBound<LoopContext>],
        on eventLoop: any EventLoop, resolver: NameResolver, logger: Logger
    ) async throws -> [UpstreamWatch] {
        guard !upstreams.isEmpty else { return [] }
        let started = eventLoop.makePromise(of: Void.self)
        let watches = try await eventLoop.submit {
            let monitors = upstreams.map { id, upstream in
                UpstreamMonitor(upstream, eventLoop: eventLoop, resolver: resolver, logger: logger) { states in
                    let knowledge = UpstreamKnowledge(id: id, states: states)
                    for loop in loops { loop.eventLoop.execute { loop.value.update(knowledge) } }
                }
            }
            EventLoopFuture.andAllComplete(monitors.map { $0.start() }, on: eventLoop).cascade(to: started)
            let timer = eventLoop.scheduleTask(in: firstLookUpLimit) { started.succeed() }
            started.futureResult.whenComplete { _ in timer.cancel() }
            return zip(upstreams, monitors).map { known, monitor in
                UpstreamWatch(
                    id: known.id, upstream: known.upstream, monitor: NIOLoopBound(monitor, eventLoop: eventLoop))
            }
        }.get()
        try await started.futureResult.get()
        return watches
    }

    /// What is known about the upstreams now, in the order of the configuration.
    package func upstreamStatus() async -> [UpstreamStatus] {
        var found: [UpstreamStatus] = []
        for watch in watches {
            let monitor = watch.monitor
            if let status = try? await monitor.eventLoop.submit({ monitor.value.status }).get() { found.append(status) }
        }
        return found
    }
}
