import JOSE
import LibCrypto
import Logging
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Gateway

@Suite("An issuer that misbehaves while its keys are fetched")
struct KeySetSourceTests {
    /// Answers once with keys, and then only when it is told to.
    private final class HangingFetcher: DocumentFetching {
        private struct State {
            var asked = 0
            var waiting: [CheckedContinuation<Void, Never>] = []
        }

        private let keys: [UInt8]
        private let state = Mutex(State())

        init(_ keys: String) { self.keys = Array(keys.utf8) }

        var asked: Int { state.withLock(\.asked) }

        func release() {
            for waiting in state.withLock({ state in
                defer { state.waiting = [] }
                return state.waiting
            }) { waiting.resume() }
        }

        func fetch(_ url: IssuerURL, entityTag: String?) async throws(KeySetFailure) -> FetchedDocument {
            let isFirst = state.withLock { state in
                state.asked += 1
                return state.asked == 1
            }
            if isFirst { return .document(keys, entityTag: "\"1\"", maximumAgeMilliseconds: nil) }
            await withCheckedContinuation { continuation in
                state.withLock { $0.waiting.append(continuation) }
            }
            return .notModified(maximumAgeMilliseconds: nil)
        }
    }

    private static func document(_ key: PrivateKey, algorithm: SignatureAlgorithm = .es256) throws -> String {
        JSONWebKeySet.publicJSON(for: [
            try JSONWebKey(material: .publicKey(key.publicKey), keyID: "ec", algorithm: algorithm)
        ])
    }

    private static func store(_ keys: JSONWebKeySet, algorithms: Set<SignatureAlgorithm> = [.es256]) throws
        -> TrustStore
    {
        try TrustStore(
            issuers: [
                TrustedIssuer(issuer: ForeignIssuer.name, audiences: ["api"], algorithms: algorithms, keys: keys)
            ], leewaySeconds: 0)
    }

    @Test("a fetch that does not end keeps no keys in force beyond max_stale; its answer brings them back")
    func hangingFetch() async throws {
        let fetcher = HangingFetcher(try Self.document(try ForeignIssuer.shared.get().key))
        let trust = try Self.store(.unknown)
        let clock = MovingClock()
        let address = try #require(IssuerURL("https://idp.test/keys"))
        let source = PublishedKeySet(
            issuer: "https://idp.test", index: 0, location: .keySet(address),
            settings: .init(refreshMilliseconds: 1000, maximumStaleMilliseconds: 5000),
            demand: KeySetDemand(coolDownMilliseconds: 1000),
            surroundings: .init(
                fetcher: fetcher, trust: trust, metrics: MetricsRegistry(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                clock: { clock.nanoseconds }))
        let task = Task { await source.run() }
        let isInForce = try await eventually { trust.current.generation == 1 }
        #expect(isInForce)
        clock.advance(1000)
        let isAskedAgain = try await eventually { fetcher.asked == 2 }
        #expect(isAskedAgain)
        #expect(trust.current.issuers[0].isAvailable)
        clock.advance(5000)
        let isWithdrawn = try await eventually { !trust.current.issuers[0].isAvailable }
        #expect(isWithdrawn, "keys that nobody confirms are still in force")
        fetcher.release()
        let isBack = try await eventually { trust.current.issuers[0].isAvailable }
        #expect(isBack, "the keys were confirmed and are not in force")
        task.cancel()
        // It may ask once more before it sees that it is to end.
        let releaser = Task {
            while !Task.isCancelled {
                fetcher.release()
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
        await task.value
        releaser.cancel()
    }

    @Test("an answer that comes byte by byte is given up in time")
    func drip() async throws {
        let server = try await IssuerServer.start()
        server.set("/keys", .drip)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let fetcher = try HTTPDocumentFetcher(group: group, authoritiesFile: nil, timeout: .milliseconds(500))
        let address = try #require(IssuerURL(server.url + "/keys"))
        await #expect(throws: KeySetFailure.unreachable) { try await fetcher.fetch(address, entityTag: nil) }
        await fetcher.shutdown()
        await server.stop()
        try await group.shutdownGracefully()
    }

    @Test("a set none of whose keys the issuer may sign with is refused, and the last good one stays")
    func unfit() throws {
        let issuer = try ForeignIssuer.shared.get()
        let good = try JSONWebKeySet(json: Array(try Self.document(issuer.key).utf8))
        let trust = try Self.store(good)
        let unfit = try JSONWebKeySet(json: Array(try Self.document(issuer.rsaKey, algorithm: .rs256).utf8))
        #expect(throws: JOSEError(.noUsableKey)) { try trust.publish(unfit, ofIssuer: 0) }
        #expect(throws: JOSEError(.noUsableKey)) { try trust.publish(.unknown, ofIssuer: 0) }
        #expect(trust.current.generation == 0)
        #expect(trust.current.issuers[0].keys.keys.map(\.keyID) == ["ec"])
        try trust.publish(unfit, ofIssuer: 0, algorithms: [.rs256])
        #expect(trust.current.generation == 1)
    }
}
