import GatewayConfiguration
import JOSE
import Logging
import NIOCore
import Synchronization

/// Where the keys of all other issuers come from, kept up while the gateway runs.
final class IssuerKeySources: Sendable {
    /// The source of one issuer's keys.
    struct Source: Sendable {
        fileprivate enum Kind: Sendable {
            case file(KeySetFile)
            case published(PublishedKeySet, HTTPDocumentFetcher, KeySetDemand)
        }

        /// The issuer, as the configuration that brought it had it.
        fileprivate let issuer: Configuration.Issuer
        /// What the issuer is called in the trust store.
        let place: Int
        fileprivate let kind: Kind

        /// Whether it gives the keys of an issuer of another configuration as well.
        fileprivate func serves(_ other: Configuration.Issuer) -> Bool {
            issuer.issuer == other.issuer && issuer.keySource == other.keySource
                && issuer.algorithms == other.algorithms
        }
    }

    private struct State {
        var sources: [Source] = []
        /// The fetching of those that are published, by their place.
        var tasks: [Int: Task<Void, Never>] = [:]
        var nextPlace: Int
    }

    private let trust: TrustStore
    private let metrics: MetricsRegistry
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state: Mutex<State>

    /// Prepares the sources; nothing is fetched yet.
    ///
    /// - Parameters:
    ///   - issuers: the configured issuers.
    ///   - settings: has each of them at its place.
    ///   - trust: where keys are put in force.
    ///   - metrics: counts fetches.
    ///   - group: the event loops that fetch.
    ///   - logger: for the operator.
    /// - Throws: ``GatewayError`` for a file of authorities that cannot be used.
    init(
        _ issuers: [Configuration.Issuer], settings: AuthenticationSettings, trust: TrustStore,
        metrics: MetricsRegistry, group: any EventLoopGroup, logger: Logger
    ) throws(GatewayError) {
        self.trust = trust
        self.metrics = metrics
        self.group = group
        self.logger = logger
        state = Mutex(State(nextPlace: settings.issuers.count))
        var sources: [Source] = []
        for issuer in issuers {
            guard let place = settings.issuers.firstIndex(where: { $0.trusted.issuer == issuer.issuer }) else {
                continue
            }
            sources.append(try makeSource(issuer, place))
        }
        state.withLock { $0.sources = sources }
    }

    /// The key sets in files, to be read again when they change.
    var files: [KeySetFile] {
        state.withLock(\.sources).compactMap { source in
            if case .file(let file) = source.kind { file } else { nil }
        }
    }

    /// What becomes of tokens with a `kid` that nobody knows.
    ///
    /// - Parameter settings: has the issuers in the order of the verifiers.
    /// - Returns: the policy, with the issuers in the same order.
    func unknownKeys(_ settings: AuthenticationSettings) -> UnknownKeyPolicy {
        let sources = state.withLock(\.sources)
        return UnknownKeyPolicy(
            settings.issuers.map { issuer in
                guard let source = sources.first(where: { $0.issuer.issuer == issuer.trusted.issuer }),
                    case .published(_, _, let demand) = source.kind
                else { return nil }
                return demand
            })
    }

    // MARK: - Other issuers

    /// The sources for the issuers of another configuration; nothing changes yet.
    ///
    /// What becomes of them is said by ``use(_:)`` or ``discard(_:)``.
    ///
    /// - Parameter issuers: the issuers.
    /// - Returns: a source for each, and whether it is one that is in use.
    /// - Throws: ``GatewayError`` for a file of authorities that cannot be used.
    func sources(
        for issuers: [Configuration.Issuer]
    ) async throws(GatewayError) -> [(source: Source, isKept: Bool)] {
        let present = state.withLock(\.sources)
        var found: [(source: Source, isKept: Bool)] = []
        do throws(GatewayError) {
            for issuer in issuers {
                if let kept = present.first(where: { $0.serves(issuer) }) {
                    found.append((kept, true))
                    continue
                }
                let place = state.withLock { state in
                    defer { state.nextPlace += 1 }
                    return state.nextPlace
                }
                found.append((try makeSource(issuer, place), false))
            }
        } catch {
            await discard(found)
            throw error
        }
        return found
    }

    /// Lets go of sources that are not to be used after all.
    func discard(_ sources: [(source: Source, isKept: Bool)]) async {
        for (source, isKept) in sources where !isKept { await Self.end(source) }
    }

    /// Goes on with other sources: begins to fetch where that is new, and stops where an issuer is gone.
    func use(_ sources: [(source: Source, isKept: Bool)]) async {
        let places = Set(sources.map(\.source.place))
        let gone = state.withLock { state in
            let gone = state.sources.filter { !places.contains($0.place) }
            state.sources = sources.map(\.source)
            for source in gone { state.tasks.removeValue(forKey: source.place)?.cancel() }
            return gone
        }
        for source in gone { await Self.end(source) }
    }

    // MARK: - Fetching

    /// Begins to fetch, and gives the first fetches a moment, so that the first requests do not meet unknown keys.
    ///
    /// An issuer may also be down: then the gateway starts all the same.
    /// - Parameter patience: how long to wait at most.
    func start(waitingFor patience: Duration) async {
        let begun = state.withLock { state in
            var begun: [PublishedKeySet] = []
            for source in state.sources where state.tasks[source.place] == nil {
                guard case .published(let keySet, _, _) = source.kind else { continue }
                state.tasks[source.place] = Task { await keySet.run() }
                begun.append(keySet)
            }
            return begun
        }
        let end = ContinuousClock.now + patience
        while ContinuousClock.now < end, await !Self.haveKeys(begun) { try? await Task.sleep(for: .milliseconds(5)) }
    }

    private static func haveKeys(_ keySets: [PublishedKeySet]) async -> Bool {
        for keySet in keySets where await !keySet.hasKeys { return false }
        return true
    }

    /// Stops fetching.
    func stop() async {
        let state = state.withLock { $0 }
        for task in state.tasks.values { task.cancel() }
        for source in state.sources { await Self.end(source) }
    }

    private static func end(_ source: Source) async {
        if case .published(_, let fetcher, _) = source.kind { await fetcher.shutdown() }
    }

    // MARK: - Making

    private func makeSource(_ issuer: Configuration.Issuer, _ place: Int) throws(GatewayError) -> Source {
        switch issuer.keySource {
        case .file(let path):
            let file = KeySetFile(issuer: issuer.issuer, path: path, index: place, trust: trust)
            return Source(issuer: issuer, place: place, kind: .file(file))
        case .published(let keys):
            let fetcher = try Self.fetcher(keys, of: issuer, group: group)
            let demand = KeySetDemand(coolDownMilliseconds: keys.coolDownSeconds * 1000)
            let keySet = PublishedKeySet(
                issuer: issuer.issuer, index: place, location: Self.location(keys, of: issuer),
                settings: .init(
                    refreshMilliseconds: keys.refreshSeconds * 1000,
                    maximumStaleMilliseconds: keys.maximumStaleSeconds * 1000),
                demand: demand,
                surroundings: .init(fetcher: fetcher, trust: trust, metrics: metrics, logger: logger))
            return Source(issuer: issuer, place: place, kind: .published(keySet, fetcher, demand))
        }
    }

    static func location(
        _ keys: Configuration.PublishedKeys, of issuer: Configuration.Issuer
    ) -> PublishedKeySet.Location {
        if let url = keys.url.flatMap(IssuerURL.init) { return .keySet(url) }
        return .metadata(IssuerURL.metadata(ofIssuer: issuer.issuer))
    }

    static func fetcher(
        _ keys: Configuration.PublishedKeys, of issuer: Configuration.Issuer, group: any EventLoopGroup,
        timeout: Duration = HTTPDocumentFetcher.timeout
    ) throws(GatewayError) -> HTTPDocumentFetcher {
        do {
            return try HTTPDocumentFetcher(group: group, authoritiesFile: keys.authoritiesFile, timeout: timeout)
        } catch {
            throw GatewayError(
                .configuration,
                "issuer \(issuer.issuer): ca \(keys.authoritiesFile ?? "") holds no readable PEM certificates")
        }
    }
}
