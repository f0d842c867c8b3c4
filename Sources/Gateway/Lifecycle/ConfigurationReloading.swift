import Foundation
import GatewayConfiguration
import JOSE
import Logging
import Proxy
import Revocation

/// Takes up a changed configuration while the gateway runs: whole, or not at all.
///
/// Everything is read and tried first. Then each event loop exchanges in one step what it goes by; requests in hand keep what
/// they began with.
actor ConfigurationReloading {
    /// What it needs of the gateway.
    struct Parts: Sendable {
        var file: ConfigurationFile
        var loopCount: Int
        var server: ProxyServer
        var authentications: AuthenticationFactory
        var bearer: BearerVerification
        /// What the gateway answers itself.
        var endpoints: [(path: String, method: String)]
        /// How many clients there may be at a time, open files considered.
        var connectionLimit: @Sendable (Configuration) -> Int
        var running: RunningGateway
        var reloader: Reloader
        var metrics: MetricsRegistry
        var clock: @Sendable () -> Int64
        var logger: Logger
    }

    /// A configuration that has been read and tried.
    private struct Candidate: Sendable {
        var configuration: Configuration
        var plan: GatewayPlan
        var restartKeys: [String]
        var digest: String?
    }

    private let parts: Parts
    private let restartSettings: RestartSettings
    private let queue = DispatchQueue(label: "portcullis.configuration")
    /// What is in force.
    private var configuration: Configuration
    private var rateLimits: RouteRateLimits?
    private(set) var digest: String?
    private(set) var lastReport: ReloadReport?
    /// What the file was when it was read last.
    private var seen: FileFingerprint?
    private var current: Task<ReloadReport, Never>?
    private var next: Task<ReloadReport, Never>?
    private var watch: Task<Void, Never>?
    private var isStopped = false

    /// - Parameters:
    ///   - parts: the rest of the gateway.
    ///   - configuration: what it was started with.
    ///   - rateLimits: the limits in force.
    init(_ parts: Parts, started configuration: Configuration, rateLimits: RouteRateLimits?) {
        self.parts = parts
        self.configuration = configuration
        self.rateLimits = rateLimits
        restartSettings = RestartSettings(started: configuration)
        parts.metrics.set(.lastReloadSuccessful, to: 1)
    }

    /// The gateway's own place among the issuers; `nil` when it issues nothing.
    nonisolated var ownIssuerPlace: Int? { restartSettings.started.tokens == nil ? nil : 0 }

    // MARK: - When

    /// Begins to look at the file now and then, if the configuration says so.
    func start() async {
        let file = parts.file
        (seen, digest) = await onQueue { (file.fingerprint, file.digest) }
        watch = Task { [weak self] in
            var changed: FileFingerprint?
            while let interval = await self?.interval, (try? await Task.sleep(for: interval)) != nil {
                changed = await self?.look(changed)
            }
        }
    }

    private var interval: Duration { .milliseconds(configuration.reload.intervalMilliseconds) }

    /// Looks at the file; one that has changed is read when it has been the same for two looks, for it may just be being
    /// written.
    ///
    /// - Parameter changed: the change that the last look found.
    /// - Returns: the change that is not taken up yet.
    private func look(_ changed: FileFingerprint?) async -> FileFingerprint? {
        guard configuration.reload.watchesFile else { return nil }
        let file = parts.file
        // A file that is away for a moment is being replaced.
        guard let now = await onQueue({ file.fingerprint }), now != seen else { return nil }
        guard now == changed else { return now }
        _ = await reload()
        return nil
    }

    /// Takes up everything as it is on disk now.
    ///
    /// One reload at a time; whoever asks during one shares the next.
    func reload() async -> ReloadReport {
        if let next { return await next.value }
        let previous = current
        let task = Task {
            if let previous {
                _ = await previous.value
                began()
            }
            let report = await perform()
            if next == nil { current = nil }
            return report
        }
        if previous == nil { current = task } else { next = task }
        return await task.value
    }

    private func began() {
        current = next
        next = nil
    }

    /// Ends a reload that is under way, and begins no other.
    func stop() async {
        isStopped = true
        watch?.cancel()
        _ = await current?.value
        _ = await next?.value
    }

    // MARK: - What

    private func perform() async -> ReloadReport {
        var report = ReloadReport(atMilliseconds: 0)
        do throws(ReloadFailure) {
            guard !isStopped else { throw ReloadFailure(problems: ["the gateway is stopping"]) }
            let candidate = try await read()
            report.restartKeys = candidate.restartKeys
            try await apply(candidate)
            report.problems = await parts.reloader.reload()
        } catch {
            report.problems = error.problems
            for problem in error.problems {
                parts.logger.error(
                    "not reloaded: what was there before stays in use",
                    metadata: ["part": "configuration", "problem": "\(problem)"])
            }
        }
        report.atMilliseconds = parts.clock()
        lastReport = report
        parts.metrics.set(.lastReloadSuccessful, to: report.isSuccessful ? 1 : 0)
        return report
    }

    /// Reads the file and all that it names.
    private func read() async throws(ReloadFailure) -> Candidate {
        let (parts, restartSettings, rateLimits) = (parts, restartSettings, rateLimits)
        let outcome = await onQueue { () -> (FileFingerprint?, Result<Candidate, ReloadFailure>) in
            // Before it is read: what changes afterwards is read again.
            let seen = parts.file.fingerprint
            do throws(ReloadFailure) {
                return (seen, .success(try Self.read(parts, restartSettings, rateLimits)))
            } catch {
                return (seen, .failure(error))
            }
        }
        seen = outcome.0
        return try outcome.1.get()
    }

    private static func read(
        _ parts: Parts, _ restartSettings: RestartSettings, _ rateLimits: RouteRateLimits?
    ) throws(ReloadFailure) -> Candidate {
        let digest = parts.file.digest
        let written = try parts.file.load()
        var configuration = written
        let restartKeys = restartSettings.keep(in: &configuration)
        // What a restart would stumble over is better said now.
        if !restartKeys.isEmpty { _ = try plan(written, parts, nil) }
        return Candidate(
            configuration: configuration, plan: try plan(configuration, parts, rateLimits), restartKeys: restartKeys,
            digest: digest)
    }

    private static func plan(
        _ configuration: Configuration, _ parts: Parts, _ rateLimits: RouteRateLimits?
    ) throws(ReloadFailure) -> GatewayPlan {
        do throws(GatewayError) {
            let plan = try GatewayPlan(
                configuration, path: parts.file.path, loopCount: parts.loopCount, rateLimitsBefore: rateLimits)
            do throws(JOSEError) {
                _ = try plan.authentication.makeTrustStore()
            } catch {
                throw GatewayError(.configuration, "a key of an issuer cannot be used: \(error.code)")
            }
            return plan
        } catch {
            throw ReloadFailure(problems: error.description.components(separatedBy: "\nportcullis: "))
        }
    }

    /// Puts a configuration in force.
    private func apply(_ candidate: Candidate) async throws(ReloadFailure) {
        let (new, plan) = (candidate.configuration, candidate.plan)
        let proxyConfiguration = plan.proxyConfiguration(
            endpoints: parts.endpoints, connectionLimit: parts.connectionLimit(new))
        let prepared: ProxyServer.Prepared
        do {
            prepared = try await parts.server.prepare(proxyConfiguration)
        } catch {
            throw ReloadFailure(problems: ["the gateway is stopping"])
        }
        let judgesOtherwise = !Self.judgeAlike(new, configuration)
        if judgesOtherwise {
            do throws(ReloadFailure) {
                try await replaceIssuers(new, plan.authentication)
            } catch {
                await parts.server.discard(prepared)
                throw error
            }
        }
        let settings = judgesOtherwise ? plan.authentication : nil
        let (limits, authentications) = (plan.rateLimits, parts.authentications)
        do {
            try await parts.server.adopt(prepared) { authentications.remake(settings, limits, on: $0) }
        } catch {
            throw ReloadFailure(problems: ["the gateway is stopping"])
        }
        if let settings { parts.bearer.adopt(settings, trust: authentications.trust) }
        parts.reloader.use(authentications.keySources.files)
        parts.running.setGrace(milliseconds: new.limits.shutdownGraceMilliseconds)
        configuration = new
        rateLimits = limits
        digest = candidate.digest
        parts.logger.notice("configuration reloaded", metadata: ["digest": "\(candidate.digest ?? "")"])
        if !candidate.restartKeys.isEmpty {
            parts.logger.warning(
                "settings have changed that only a restart takes up",
                metadata: ["keys": "\(candidate.restartKeys.joined(separator: " "))"])
        }
    }

    /// Issuers that stay keep the keys in force; the others are fetched, and given a moment for it.
    private func replaceIssuers(
        _ configuration: Configuration, _ settings: AuthenticationSettings
    ) async throws(ReloadFailure) {
        let keySources = parts.authentications.keySources
        let sources: [(source: IssuerKeySources.Source, isKept: Bool)]
        do throws(GatewayError) {
            sources = try await keySources.sources(for: configuration.issuers)
        } catch {
            throw ReloadFailure(problems: [error.description])
        }
        // The gateway's own place is the first, and stays.
        let own = settings.issuers.filter { $0.origin == .own }.map {
            TrustStore.Successor(place: 0, issuer: $0.trusted, keepsKeys: true)
        }
        let others = zip(settings.issuers.dropFirst(own.count), sources).map {
            TrustStore.Successor(place: $1.source.place, issuer: $0.trusted, keepsKeys: $1.isKept)
        }
        do throws(JOSEError) {
            try parts.authentications.trust.replace(with: own + others)
        } catch {
            await keySources.discard(sources)
            throw ReloadFailure(problems: ["a key of an issuer cannot be used: \(error.code)"])
        }
        await keySources.use(sources)
        await keySources.start(waitingFor: .seconds(1))
    }

    /// Whether a token that was judged by one of the configurations need not be judged again by the other.
    private static func judgeAlike(_ one: Configuration, _ other: Configuration) -> Bool {
        one.routes == other.routes && one.issuers == other.issuers
            && one.requiresTokenType == other.requiresTokenType
            && one.hasHierarchicalScopes == other.hasHierarchicalScopes
            && one.revocation == other.revocation
    }

    private func onQueue<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work()) }
        }
    }
}
