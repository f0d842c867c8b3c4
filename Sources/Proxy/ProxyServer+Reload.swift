package import NIOCore

extension ProxyServer {
    /// A configuration whose upstreams are watched, so that it can be put in force at once.
    package struct Prepared: Sendable {
        let configuration: ProxyConfiguration
        let watches: [UpstreamWatch]
    }

    /// Begins to watch the upstreams that are new; nothing else changes yet.
    ///
    /// One configuration at a time: what was prepared must be put in force, or discarded, before the next is prepared.
    ///
    /// - Parameter configuration: the configuration.
    /// - Returns: what can be put in force, once the names of the new upstreams have been looked up.
    /// - Throws: when an event loop has been shut down already.
    package func prepare(_ configuration: ProxyConfiguration) async throws -> Prepared {
        let known = watches
        var new: [(id: UInt64, upstream: Upstream)] = []
        for upstream in configuration.upstreams where !known.contains(where: { $0.upstream == upstream }) {
            new.append((nextUpstreamID(), upstream))
        }
        let started = try await startWatching(new)
        let watches = configuration.upstreams.compactMap { upstream in
            known.first { $0.upstream == upstream } ?? started.first { $0.upstream == upstream }
        }
        return Prepared(configuration: configuration, watches: watches)
    }

    /// Puts a configuration in force: on each event loop in one step, from the next request on.
    ///
    /// Upstreams that have not changed keep their connections and what is known of them; those that are gone end what
    /// they have begun.
    ///
    /// - Parameters:
    ///   - prepared: the configuration.
    ///   - makeAuthentication: called once per event loop, on that loop and in that step; what it returns makes the
    ///     authentication of each connection.
    /// - Throws: when an event loop has been shut down already.
    package func adopt(
        _ prepared: Prepared, makeAuthentication: @escaping @Sendable (any EventLoop) -> (() -> Authentication)
    ) async throws {
        var found: [UpstreamKnowledge] = []
        for watch in prepared.watches { found.append(try await watch.knowledge()) }
        let knowledge = found
        for loop in loops {
            try await loop.eventLoop.submit {
                loop.value.adopt(
                    prepared.configuration, knowing: knowledge, makeAuthentication: makeAuthentication(loop.eventLoop))
            }.get()
        }
        let previous = exchangeWatches(prepared.watches)
        // What was found out since it was asked for has reached no pool.
        let kept = Set(previous.map(\.id))
        for watch in prepared.watches where !kept.contains(watch.id) { try await watch.publishAgain() }
        let current = Set(prepared.watches.map(\.id))
        for watch in previous where !current.contains(watch.id) { await watch.stop() }
    }

    /// Stops watching what was to be put in force and will not be.
    package func discard(_ prepared: Prepared) async {
        let kept = Set(watches.map(\.id))
        for watch in prepared.watches where !kept.contains(watch.id) { await watch.stop() }
    }
}
