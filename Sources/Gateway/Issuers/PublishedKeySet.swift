import JOSE
import Logging
import NIOCore

/// Keeps one issuer's published keys in force: fetches them in time, and withdraws them when they have grown too old.
actor PublishedKeySet {
    /// Where the keys are.
    enum Location: Sendable, Equatable {
        /// At this address.
        case keySet(IssuerURL)
        /// Where the issuer's metadata says, which is at one of these addresses.
        case metadata([IssuerURL])
    }

    /// What it needs of the gateway.
    struct Surroundings: Sendable {
        var fetcher: any DocumentFetching
        var trust: TrustStore
        var metrics: MetricsRegistry
        var logger: Logger
        /// Milliseconds that only grow.
        var clock: @Sendable () -> Int64 = { Int64(clamping: NIODeadline.now().uptimeNanoseconds / 1_000_000) }
        /// A random number in `0..<1`.
        var jitter: @Sendable () -> Double = { Double.random(in: 0..<1) }
    }

    private let issuer: String
    private let index: Int
    private let location: Location
    private let demand: KeySetDemand
    private let surroundings: Surroundings
    private var schedule: KeySetSchedule
    /// Where the metadata said that the keys are; looked up again after a failure.
    private var discovered: IssuerURL?
    private var entityTag: String?
    private var isInForce = false
    private var document: [UInt8] = []
    private var loggedFailure: KeySetFailure?

    /// - Parameters:
    ///   - issuer: its name.
    ///   - index: its place in the trust store.
    ///   - location: where its keys are.
    ///   - settings: when to fetch.
    ///   - demand: how event loops ask for a fetch.
    ///   - surroundings: the rest.
    init(
        issuer: String, index: Int, location: Location, settings: KeySetSchedule.Settings, demand: KeySetDemand,
        surroundings: Surroundings
    ) {
        self.issuer = issuer
        self.index = index
        self.location = location
        self.demand = demand
        self.surroundings = surroundings
        schedule = KeySetSchedule(settings)
    }

    /// Fetches whenever it is time, until the task is cancelled.
    func run() async {
        demand.onDemand { [weak self] in Task { await self?.fetchOnDemand() } }
        // Beside the fetches: one that takes long must not keep keys in force that are too old.
        async let watch: Void = watchAge()
        while !Task.isCancelled {
            let now = surroundings.clock()
            switch schedule.next(nowMilliseconds: now) {
            case .fetch: await fetch()
            case .wait(let until):
                // A fetch on demand moves the next one, so it is looked at again after a while.
                let pause = min(max(until - now, 1), 1_000)
                try? await Task.sleep(for: .milliseconds(pause))
            }
        }
        await watch
    }

    private func watchAge() async {
        while (try? await Task.sleep(for: .milliseconds(500))) != nil { judgeAge() }
    }

    /// Whether keys are in force.
    var hasKeys: Bool { isInForce }

    private func fetchOnDemand() async {
        // One that is under way will do.
        guard schedule.demanded() else { return }
        await fetch()
    }

    private func fetch() async {
        demand.fetchBegan()
        defer { demand.fetchEnded() }
        let outcome: Result<FetchedDocument, KeySetFailure>
        do throws(KeySetFailure) {
            outcome = .success(try await keySet())
        } catch {
            outcome = .failure(error)
        }
        let now = surroundings.clock()
        do throws(KeySetFailure) {
            switch try outcome.get() {
            case .notModified(let age):
                // They may have grown too old while the question was under way; now they are confirmed.
                if !isInForce { try publish(document) }
                schedule.fetchSucceeded(nowMilliseconds: now, maximumAgeMilliseconds: age)
                succeeded("not_modified")
            case .document(let bytes, let tag, let age):
                try publish(bytes)
                entityTag = tag
                schedule.fetchSucceeded(nowMilliseconds: now, maximumAgeMilliseconds: age)
                succeeded("ok")
            }
        } catch {
            schedule.fetchFailed(nowMilliseconds: now, jitter: surroundings.jitter())
            failed(error)
        }
        judgeAge()
    }

    private func keySet() async throws(KeySetFailure) -> FetchedDocument {
        let url: IssuerURL
        switch location {
        case .keySet(let address): url = address
        case .metadata(let addresses): url = try await discover(addresses)
        }
        return try await surroundings.fetcher.fetch(url, entityTag: isInForce ? entityTag : nil)
    }

    private func discover(_ addresses: [IssuerURL]) async throws(KeySetFailure) -> IssuerURL {
        if let discovered { return discovered }
        let url = try await Self.discover(addresses, issuer: issuer, surroundings.fetcher)
        discovered = url
        return url
    }

    /// Asks an issuer's metadata where its keys are.
    static func discover(
        _ addresses: [IssuerURL], issuer: String, _ fetcher: any DocumentFetching
    ) async throws(KeySetFailure) -> IssuerURL {
        var failure = KeySetFailure.malformedMetadata
        for address in addresses {
            do throws(KeySetFailure) {
                guard case .document(let bytes, _, _) = try await fetcher.fetch(address, entityTag: nil)
                else { continue }
                return try IssuerMetadata(json: bytes, issuer: issuer).keySetURL
            } catch {
                // The first address is the usual one, so its failure tells most.
                if failure == .malformedMetadata { failure = error }
            }
        }
        throw failure
    }

    private func publish(_ bytes: [UInt8]) throws(KeySetFailure) {
        // To put the same keys in force again would make every event loop forget the tokens it knows.
        guard !isInForce || bytes != document else { return }
        do throws(JOSEError) {
            let keys = try JSONWebKeySet(json: bytes, provenance: .published)
            try surroundings.trust.publish(keys, ofIssuer: index)
            isInForce = true
            document = bytes
        } catch {
            throw .unusableKeySet(error.code)
        }
    }

    /// Puts the keys out of force when they are too old, and back when they have been confirmed.
    private func judgeAge() {
        let counts = schedule.availability(nowMilliseconds: surroundings.clock())
        guard isInForce, !counts else { return }
        isInForce = false
        entityTag = nil
        surroundings.trust.withdraw(issuer: index)
        surroundings.logger.error(
            "an issuer's keys are too old to be used: its tokens get 503 until they can be fetched",
            metadata: ["issuer": "\(issuer)"])
    }

    private func succeeded(_ result: String) {
        surroundings.metrics.count(.keySetFetches, ("issuer", issuer), ("result", result))
        guard loggedFailure != nil || result == "ok" else { return }
        loggedFailure = nil
        surroundings.logger.info("an issuer's keys were fetched", metadata: ["issuer": "\(issuer)"])
    }

    private func failed(_ failure: KeySetFailure) {
        discovered = nil
        surroundings.metrics.count(.keySetFetches, ("issuer", issuer), ("result", "failed"))
        guard loggedFailure != failure else { return }
        loggedFailure = failure
        surroundings.logger.warning(
            "an issuer's keys could not be fetched; the last good ones stay in use while they may",
            metadata: ["issuer": "\(issuer)", "problem": "\(failure.description)"])
    }
}
