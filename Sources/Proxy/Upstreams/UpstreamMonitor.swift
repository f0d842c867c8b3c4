import Logging
import NIOCore

/// Finds out, once for the process, what every event loop needs to know about an upstream: the addresses behind its
/// targets' names, and which of them pass their health checks.
///
/// Loop-bound: it lives on one event loop and publishes to all.
final class UpstreamMonitor {
    private struct Check {
        var state = HealthState()
        var next: Scheduled<Void>?
    }

    private let upstream: Upstream
    private let eventLoop: any EventLoop
    private let resolver: NameResolver
    private let logger: Logger
    private let publish: ([UpstreamEndpoint.State]) -> Void

    private var names: [ResolvedName]
    private var lookUps: [Scheduled<Void>?]
    private var checks: [UpstreamEndpoint.State: Check] = [:]
    /// What was told last.
    private(set) var published: [UpstreamEndpoint.State] = []
    private var isStopped = false

    /// - Parameters:
    ///   - upstream: what to watch.
    ///   - eventLoop: where to live.
    ///   - resolver: finds addresses.
    ///   - logger: tells the operator.
    ///   - publish: called on the event loop with all that is known, each time it changes.
    init(
        _ upstream: Upstream, eventLoop: any EventLoop, resolver: NameResolver, logger: Logger,
        publish: @escaping ([UpstreamEndpoint.State]) -> Void
    ) {
        self.upstream = upstream
        self.eventLoop = eventLoop
        self.resolver = resolver
        self.logger = logger
        self.publish = publish
        names = Array(repeating: ResolvedName(), count: upstream.targets.count)
        lookUps = Array(repeating: nil, count: upstream.targets.count)
    }

    /// Begins.
    ///
    /// - Returns: when each name has been looked up once, with success or without.
    func start() -> EventLoopFuture<Void> {
        var firstLookUps: [EventLoopFuture<Void>] = []
        for (index, target) in upstream.targets.enumerated() {
            if let address = NameResolver.literalAddress(of: target) {
                _ = names[index].answered([address])
            } else {
                firstLookUps.append(lookUp(index))
            }
        }
        changed()
        return EventLoopFuture.andAllComplete(firstLookUps, on: eventLoop)
    }

    /// Ends all that it has begun.
    func stop() {
        isStopped = true
        for lookUp in lookUps { lookUp?.cancel() }
        for check in checks.values { check.next?.cancel() }
        checks = [:]
    }

    /// What is known now.
    var status: UpstreamStatus {
        let targets = upstream.targets.indices.map { index in
            UpstreamStatus.Target(
                name: upstream.targets[index].name, health: health(ofTarget: index), addresses: names[index].addresses)
        }
        return UpstreamStatus(name: upstream.name, targets: targets)
    }

    private func health(ofTarget index: Int) -> UpstreamStatus.Health {
        let addresses = names[index].addresses
        guard !addresses.isEmpty else { return .unresolved }
        guard upstream.health != nil else { return .unchecked }
        let verdicts = addresses.map { checks[.init(target: index, address: $0)]?.state.verdict ?? .unknown }
        if verdicts.contains(.healthy) { return .healthy }
        return verdicts.contains(.unknown) ? .unknown : .unhealthy
    }

    /// Something is known that was not: checks are begun and ended, and the event loops told.
    private func changed() {
        let endpoints = names.indices.flatMap { index in
            names[index].addresses.map { UpstreamEndpoint.State(target: index, address: $0) }
        }
        if let check = upstream.health {
            let current = Set(endpoints)
            for gone in checks.keys where !current.contains(gone) {
                checks.removeValue(forKey: gone)?.next?.cancel()
            }
            for endpoint in endpoints where checks[endpoint] == nil {
                checks[endpoint] = Check()
                probe(endpoint, check)
            }
        }
        let states = endpoints.map { endpoint in
            var state = endpoint
            // Who has not been asked yet is used: a gateway that has just started must not refuse everything.
            state.isHealthy = checks[endpoint]?.state.verdict != .unhealthy
            return state
        }
        guard states != published else { return }
        published = states
        publish(states)
    }

    /// Tells all again, for event loops that have begun to listen.
    func publishAgain() {
        publish(published)
    }

    // MARK: - Names

    private func lookUp(_ index: Int) -> EventLoopFuture<Void> {
        guard case .network(let host, let port) = upstream.targets[index].address else {
            return eventLoop.makeSucceededVoidFuture()
        }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        return resolver.resolve(host, port, eventLoop).hop(to: eventLoop).map { ($0, "no address") }
            .recover { ([], ($0 as? NameResolver.Failure)?.description ?? "\($0)") }
            .map { addresses, reason in bound.value.lookedUp(index, addresses, reason) }
    }

    private func lookedUp(_ index: Int, _ addresses: [SocketAddress], _ reason: String) {
        guard !isStopped else { return }
        let failuresBefore = names[index].failures
        let target = upstream.targets[index].name
        if names[index].answered(addresses) { changed() }
        if names[index].failures == 1 {
            logger.warning(
                "the name of an upstream target cannot be resolved; what was last known is used",
                metadata: ["upstream": "\(upstream.name)", "target": "\(target)", "reason": "\(reason)"])
        } else if names[index].failures == 0, failuresBefore > 0 {
            logger.notice(
                "the name of an upstream target is resolved again",
                metadata: ["upstream": "\(upstream.name)", "target": "\(target)"])
        }
        let pause = names[index].pauseMilliseconds(interval: upstream.resolveIntervalMilliseconds)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        lookUps[index] = eventLoop.scheduleTask(in: Self.jittered(pause)) { _ = bound.value.lookUp(index) }
    }

    // MARK: - Health

    private func probe(_ endpoint: UpstreamEndpoint.State, _ check: Upstream.HealthCheck) {
        let connector = UpstreamConnector(
            target: upstream.targets[endpoint.target], address: endpoint.address, tls: upstream.tls)
        HealthProbe.run(connector, check, on: eventLoop).assumeIsolated().whenSuccess { [self] outcome in
            probed(endpoint, check, outcome)
        }
    }

    private func probed(
        _ endpoint: UpstreamEndpoint.State, _ check: Upstream.HealthCheck, _ outcome: HealthProbe.Outcome
    ) {
        guard !isStopped, var entry = checks[endpoint] else { return }
        let isNew = entry.state.probed(passed: outcome == .passed, by: check)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        // An address that went and came back meanwhile has two probes under way, but gets one successor.
        entry.next?.cancel()
        entry.next = eventLoop.scheduleTask(in: Self.jittered(check.intervalMilliseconds)) {
            bound.value.probe(endpoint, check)
        }
        checks[endpoint] = entry
        guard isNew else { return }
        var metadata: Logger.Metadata = [
            "upstream": "\(upstream.name)", "target": "\(upstream.targets[endpoint.target].name)",
            "address": "\(endpoint.address)",
        ]
        if case .failed(let reason) = outcome {
            metadata["reason"] = "\(reason)"
            logger.warning("upstream target is unhealthy", metadata: metadata)
        } else {
            logger.info("upstream target is healthy", metadata: metadata)
        }
        changed()
    }

    /// A tenth more or less, so that what began together does not stay together.
    private static func jittered(_ milliseconds: Int64) -> TimeAmount {
        .nanoseconds(Int64(Double(milliseconds) * 1_000_000 * Double.random(in: 0.9...1.1)))
    }
}
