import GatewayConfiguration
import JOSE
import Logging
import NIOCore
import Synchronization

/// Where the keys of all other issuers come from, kept up while the gateway runs.
final class IssuerKeySources: Sendable {
    /// The key sets in files, to be read again when they change.
    let files: [KeySetFile]
    /// What becomes of tokens with a `kid` that nobody knows.
    let unknownKeys: UnknownKeyPolicy

    private let published: [PublishedKeySet]
    private let fetchers: [HTTPDocumentFetcher]
    private let tasks = Mutex<[Task<Void, Never>]>([])

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
        var files: [KeySetFile] = []
        var published: [PublishedKeySet] = []
        var fetchers: [HTTPDocumentFetcher] = []
        var demands = [KeySetDemand?](repeating: nil, count: settings.issuers.count)
        for issuer in issuers {
            guard let index = settings.issuers.firstIndex(where: { $0.trusted.issuer == issuer.issuer }) else {
                continue
            }
            switch issuer.keySource {
            case .file(let path):
                files.append(KeySetFile(issuer: issuer.issuer, path: path, index: index, trust: trust))
            case .published(let keys):
                let fetcher = try Self.fetcher(keys, of: issuer, group: group)
                fetchers.append(fetcher)
                let demand = KeySetDemand(coolDownMilliseconds: keys.coolDownSeconds * 1000)
                demands[index] = demand
                published.append(
                    PublishedKeySet(
                        issuer: issuer.issuer, index: index, location: Self.location(keys, of: issuer),
                        settings: .init(
                            refreshMilliseconds: keys.refreshSeconds * 1000,
                            maximumStaleMilliseconds: keys.maximumStaleSeconds * 1000),
                        demand: demand,
                        surroundings: .init(fetcher: fetcher, trust: trust, metrics: metrics, logger: logger)))
            }
        }
        self.files = files
        self.published = published
        self.fetchers = fetchers
        unknownKeys = UnknownKeyPolicy(demands)
    }

    private static func location(
        _ keys: Configuration.PublishedKeys, of issuer: Configuration.Issuer
    ) -> PublishedKeySet.Location {
        if let url = keys.url.flatMap(IssuerURL.init) { return .keySet(url) }
        return .metadata(IssuerURL.metadata(ofIssuer: issuer.issuer))
    }

    private static func fetcher(
        _ keys: Configuration.PublishedKeys, of issuer: Configuration.Issuer, group: any EventLoopGroup
    ) throws(GatewayError) -> HTTPDocumentFetcher {
        do {
            return try HTTPDocumentFetcher(group: group, authoritiesFile: keys.authoritiesFile)
        } catch {
            throw GatewayError(
                .configuration,
                "issuer \(issuer.issuer): ca \(keys.authoritiesFile ?? "") holds no readable PEM certificates")
        }
    }

    /// Begins to fetch, and gives the first fetches a moment, so that the first requests do not meet unknown keys.
    ///
    /// An issuer may also be down: then the gateway starts all the same.
    /// - Parameter patience: how long to wait at most.
    func start(waitingFor patience: Duration) async {
        tasks.withLock { tasks in
            tasks = published.map { keySet in Task { await keySet.run() } }
        }
        let end = ContinuousClock.now + patience
        while ContinuousClock.now < end, await !haveAllKeys() { try? await Task.sleep(for: .milliseconds(5)) }
    }

    private func haveAllKeys() async -> Bool {
        for keySet in published where await !keySet.hasKeys { return false }
        return true
    }

    /// Stops fetching.
    func stop() async {
        for task in tasks.withLock({ $0 }) { task.cancel() }
        for fetcher in fetchers { await fetcher.shutdown() }
    }
}
