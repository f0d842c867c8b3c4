import Logging
import NIOCore

extension ProxyServer {
    /// How long the start waits for names to be resolved: a gateway without DNS starts, too.
    private static let firstLookUpLimit = TimeAmount.seconds(5)

    /// Begins to watch the upstreams, on one event loop for all.
    static func startMonitors(
        of upstreams: [Upstream], for loops: [NIOLoopBound<LoopContext>], on eventLoop: any EventLoop,
        resolver: NameResolver, logger: Logger
    ) async throws -> [NIOLoopBound<UpstreamMonitor>] {
        let started = eventLoop.makePromise(of: Void.self)
        let monitors = try await eventLoop.submit {
            let monitors = upstreams.enumerated().map { index, upstream in
                UpstreamMonitor(upstream, eventLoop: eventLoop, resolver: resolver, logger: logger) { states in
                    for loop in loops {
                        loop.eventLoop.execute { loop.value.pools[index].update(states) }
                    }
                }
            }
            EventLoopFuture.andAllComplete(monitors.map { $0.start() }, on: eventLoop).cascade(to: started)
            let timer = eventLoop.scheduleTask(in: firstLookUpLimit) { started.succeed() }
            started.futureResult.whenComplete { _ in timer.cancel() }
            return monitors.map { NIOLoopBound($0, eventLoop: eventLoop) }
        }.get()
        try await started.futureResult.get()
        return monitors
    }

    /// What is known about the upstreams now, in the order of the configuration.
    package func upstreamStatus() async -> [UpstreamStatus] {
        var found: [UpstreamStatus] = []
        for monitor in monitors {
            if let status = try? await monitor.eventLoop.submit({ monitor.value.status }).get() { found.append(status) }
        }
        return found
    }
}
