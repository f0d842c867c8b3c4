import Credentials
import Foundation
package import GatewayConfiguration
import Hummingbird
package import JOSE
import LibCrypto
package import Logging
import NIOCore
import NIOPosix
import PeerIdentity
package import Proxy
import RedisClient
import Revocation
import ServiceLifecycle
import Sessions
import Synchronization

/// The whole gateway: joins the parts, starts them in order, and ends them in the opposite one.
package final class Gateway: Service {
    let configuration: Configuration
    let configurationPath: String
    let logger: Logger
    let auditLogger: Logger
    private let output: AccessLogWriter
    let traceInterval: Duration
    let reloader: Reloader
    let metrics = MetricsRegistry()
    private let serviceNotifier = ServiceNotifier.fromEnvironment()
    private let configurationReloading = Mutex<ConfigurationReloading?>(nil)

    /// Prepares a gateway; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - configuration: what it is to be.
    ///   - configurationPath: the file, named in advice.
    ///   - logger: for the operator.
    ///   - auditLogger: for security events.
    ///   - output: where access-log lines go.
    ///   - traceInterval: how long spans wait to be exported together.
    package init(
        configuration: Configuration, configurationPath: String, logger: Logger, auditLogger: Logger,
        output: AccessLogWriter, traceInterval: Duration = SpanExporter.interval
    ) {
        self.configuration = configuration
        self.configurationPath = configurationPath
        self.logger = logger
        self.auditLogger = auditLogger
        self.output = output
        self.traceInterval = traceInterval
        reloader = Reloader(logger: logger)
    }

    /// Takes up the configuration, keys and certificates as they are on disk now; what cannot be used is logged, and then
    /// everything stays as it was.
    package func reload() async {
        serviceNotifier.notify(.reloading)
        _ = await configurationReloading.withLock { $0 }?.reload()
        serviceNotifier.notify(.ready)
    }

    /// Starts, serves until a graceful shutdown is asked for, and drains.
    ///
    /// - Throws: ``GatewayError`` when it cannot start.
    package func run() async throws {
        let running = try await start()
        serviceNotifier.notify(.ready)
        try? await gracefulShutdown()
        serviceNotifier.notify(.stopping)
        await running.shutdown()
    }

    /// Starts everything.
    ///
    /// - Returns: the running gateway, which must be shut down.
    /// - Throws: ``GatewayError``.
    package func start() async throws -> RunningGateway {
        do throws(CryptoError) {
            try CryptoLibrary.requireAlgorithms()
        } catch {
            throw GatewayError(.internalFailure, "OpenSSL cannot be used: \(error)")
        }
        let loopCount = configuration.workerCount > 0 ? configuration.workerCount : System.coreCount
        let plan = try GatewayPlan(configuration, path: configurationPath, loopCount: loopCount)
        warnAboutConfiguration()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loopCount)
        let running = RunningGateway(group: group, logger: logger)
        do {
            try await assemble(plan, on: group, loopCount: loopCount, into: running)
        } catch {
            await running.shutdown()
            throw error
        }
        return running
    }

    private func assemble(
        _ plan: GatewayPlan, on group: MultiThreadedEventLoopGroup, loopCount: Int, into running: RunningGateway
    ) async throws {
        let logger = logger
        let redis = plan.redis.map {
            RedisClient(configuration: $0, eventLoopGroup: group, logger: logger)
        }
        running.add(redis)
        let inProcess = InProcessDenyList(keys: plan.revocationKeys)
        let revocation = RevocationParts(
            configuration, plan, redis: redis, inProcess: inProcess, logger: logger, clock: Self.clock)
        running.add(revocation)
        var opened: OpenCredentials?
        if let settings = configuration.credentials { opened = try await openCredentials(settings, running) }
        let credentials = opened
        let tracing = startTracing(running)
        let authenticator = try guarded(
            credentials?.authenticator, redis, keyPrefix: plan.revocationKeys.prefix, tracing?.tracer, running)
        let settings = plan.authentication
        let rateLimits = plan.rateLimits
        let trust = try Self.asGatewayError { () throws(JOSEError) in try settings.makeTrustStore() }
        let keySources = try IssuerKeySources(
            configuration.issuers, settings: settings, trust: trust, metrics: metrics, group: running.adminGroup,
            logger: logger)
        running.add(trust)
        running.add(keySources)
        let publicAPI = try makePublicAPI(
            plan, trust, redis, inProcess, revocation, authenticator, credentials?.machines)
        let authentications = AuthenticationFactory(
            revocation: revocation, trust: trust, keySources: keySources, redis: redis,
            machines: credentials?.machines, logger: logger)
        let server = try await ProxyServer(
            configuration: plan.proxyConfiguration(
                endpoints: publicAPI.endpoints,
                connectionLimit: Self.connectionLimit(configuration, loopCount: loopCount, logger)), group: group,
            controlPlane: controlPlane(publicAPI, tracing?.tracer),
            accessLog: configuration.accessLog == .off ? nil : output, tracing: tracing?.dataPath, logger: logger
        ) { eventLoop in authentications.make(settings, rateLimits, on: eventLoop) }
        running.add(server, graceMilliseconds: configuration.limits.shutdownGraceMilliseconds)
        await keySources.start(waitingFor: .seconds(1))
        reloader.use(keySources.files)
        revocation.mirror?.addListener { [weak server] in server?.recheckPermits() }
        await revocation.start()
        await waitForRedis(redis)
        if let redis, redis.isReady { await RedisAdvice(redis: redis, logger: logger).give() }
        await revocation.waitUntilUsable(milliseconds: configuration.redis?.connectTimeoutMilliseconds ?? 0)
        try await watchKeys(plan.authentication.ownIssuerIndex, trust, publicAPI.sessions, running)
        await watch(plan.listeners, running)
        let listing: any RevocationListing =
            redis.map { RedisRevocationListing(client: $0, keys: plan.revocationKeys) } ?? inProcess
        let keyDirectory = keyDirectory
        let reloading = ConfigurationReloading(
            .init(
                file: ConfigurationFile(
                    path: configurationPath, environment: ProcessInfo.processInfo.environment),
                loopCount: loopCount, server: server, authentications: authentications, bearer: publicAPI.bearer,
                endpoints: publicAPI.endpoints,
                connectionLimit: { Self.connectionLimit($0, loopCount: loopCount, logger) },
                running: running, reloader: reloader, metrics: metrics, clock: Self.clock, logger: logger),
            started: configuration, rateLimits: rateLimits)
        let status = StatusDocument(
            server: server, reloading: reloading, redis: redis, revocation: revocation, trust: trust,
            keyDirectory: keyDirectory, loopCount: loopCount, clock: Self.clock)
        let admin = AdminAPI(
            readiness: Readiness(
                redis: redis, keys: plan.revocationKeys, mirror: revocation.mirror, server: server,
                group: running.adminGroup),
            metrics: MetricsDocument(
                server: server, registry: metrics, revocation: revocation, redis: redis,
                listenerNames: plan.listeners.map(\.settings.keyPath),
                version: Version.current, output: output, spans: tracing?.exporter.queue, keyDirectory: keyDirectory),
            authorization: AdminAuthorization(
                token: configuration.listeners.adminToken, auditLog: publicAPI.auditLog),
            endpoints: publicAPI.administration(
                listing: listing, keyDirectory: keyDirectory, credentials: credentials,
                keyRevocation: APIKeyRevocation(
                    writer: revocation.writer,
                    cacheLifetimeSeconds: configuration.credentials?.apiKeyCacheLifetimeSeconds ?? 0)) + [
                    AdminProcess(status: status, reloading: reloading, auditLog: publicAPI.auditLog)
                ])
        running.add(reloading)
        await reloading.start()
        try await listen(server, plan.listeners, admin, running)
        configurationReloading.withLock { $0 = reloading }
    }

    /// Has certificates exchanged when their files are.
    private func watch(_ listeners: [ListenerPlan], _ running: RunningGateway) async {
        for plan in listeners {
            guard let tls = plan.tls else { continue }
            let reloading = CertificateReloading(settings: plan.settings, tls: tls, logger: logger)
            reloading.warnOfExpiry()
            reloader.add(reloading)
        }
        running.add(reloader)
        await reloader.start()
    }

    /// How many clients there may be at a time, open files considered.
    private static func connectionLimit(_ configuration: Configuration, loopCount: Int, _ logger: Logger) -> Int {
        let wanted = configuration.limits.connectionLimit
        let budget = DescriptorBudget(raisingLimitFor: configuration, loopCount: loopCount)
        guard budget.connections < wanted else { return wanted }
        logger.warning(
            "fewer connections than limits.connections says: raise the limit on open files, or lower the setting",
            metadata: [
                "connections": "\(budget.connections)", "configured": "\(wanted)", "open_files": "\(budget.limit)",
                "open_files_needed": "\(wanted * 2 + budget.reserve)",
            ])
        return budget.connections
    }

    private func makePublicAPI(
        _ plan: GatewayPlan, _ trust: TrustStore, _ redis: RedisClient?, _ inProcess: InProcessDenyList,
        _ revocation: RevocationParts, _ authenticator: (any Authenticating)?, _ machines: MachineAuthenticator?
    ) throws -> PublicAPI {
        let auditLog = AuditLog(logger: auditLogger, metrics: metrics)
        let clock = Self.clock
        var sessions: SessionService?
        if let policy = plan.sessionPolicy, let keys = plan.signingKeys {
            let store: any SessionStore =
                revocation.sessionClient.map {
                    revocation.persistent(
                        RedisSessionStore(client: $0, keys: SessionKeys(prefix: plan.revocationKeys.prefix)))
                } ?? InProcessSessionStore(denyList: inProcess)
            sessions = try SessionService(
                policy: policy, signingKeys: keys, store: store, clock: clock,
                audit: auditLog.record)
        }
        let bearer = try Self.asGatewayError { () throws(JOSEError) in
            try BearerVerification(settings: plan.authentication, trust: trust, clock: clock)
        }
        let status = RevocationStatus(
            settings: plan.authentication, redis: redis, inProcess: inProcess, keys: plan.revocationKeys,
            mirror: revocation.mirror)
        let oauth = sessions.map {
            OAuthAPI(
                .init(
                    sessions: $0, authenticator: authenticator, machines: machines,
                    bearer: bearer, status: status, revocations: revocation.writer, clock: clock,
                    auditLog: auditLog), plan: plan, login: configuration.login,
                issuer: configuration.tokens?.issuer ?? "")
        }
        let ownIssuer = plan.authentication.ownIssuerIndex
        return PublicAPI(
            sessions: sessions, authenticator: authenticator, bearer: bearer,
            publicKeys: { trust.current.keys(ofIssuer: ownIssuer) }, revocations: revocation.writer,
            lifetimes: plan.lifetimes,
            delivery: TokenDelivery(
                cookieProof: configuration.login.usesCookies
                    ? plan.sessionPolicy.map { OriginProof(issuer: $0.issuer) } : nil),
            status: status, clock: clock, auditLog: auditLog, oauth: oauth)
    }

    private static let clock: @Sendable () -> Int64 = { Int64(Date.now.timeIntervalSince1970 * 1000) }

    private func controlPlane(_ publicAPI: PublicAPI, _ tracer: GatewayTracer?) -> any ControlPlane {
        let own = HummingbirdControlPlane(
            responder: publicAPI.router().buildResponder(), logger: logger, tracer: tracer)
        guard !configuration.crossOrigins.isEmpty else { return own }
        return CrossOriginAccess(origins: Set(configuration.crossOrigins), next: own)
    }

    /// Gives the connections to Redis a moment, so that the first requests do not meet one that is still being made.
    ///
    /// Redis may also be down: then the gateway starts all the same.
    private func waitForRedis(_ redis: RedisClient?) async {
        guard let redis, let limit = configuration.redis?.connectTimeoutMilliseconds else { return }
        let end = ContinuousClock.now + .milliseconds(limit)
        while !redis.isReady, ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(5)) }
    }

    private func listen(
        _ server: ProxyServer, _ plans: [ListenerPlan], _ adminAPI: AdminAPI, _ running: RunningGateway
    ) async throws {
        let adminAddress = configuration.listeners.adminAddress
        let admin = AdminListener(
            responder: adminAPI.router().buildResponder(), group: running.adminGroup, logger: logger)
        running.add(admin)
        do {
            running.adminPort = try await admin.start(
                host: adminAddress.host, port: adminAddress.port)
        } catch {
            throw Self.addressRefused("listeners.admin.address", adminAddress, error)
        }
        var bound: [String] = []
        for plan in plans {
            var address = plan.settings.address
            do {
                let socketAddress = try await server.listen(on: plan.listener)
                if case .tcp(var chosen) = address, let port = socketAddress?.port {
                    chosen.port = port
                    address = .tcp(chosen)
                    running.publicPorts.append(port)
                }
                bound.append(address.description)
            } catch {
                throw Self.addressRefused("\(plan.settings.keyPath).address", address, error)
            }
        }
        logger.notice(
            "gateway is listening",
            metadata: [
                "public": "\(bound.joined(separator: " "))",
                "admin": "\(adminAddress.host):\(running.adminPort)",
            ])
    }

    private func warnAboutConfiguration() {
        for warning in Self.warnings(configuration) { logger.warning("\(warning)") }
    }

    /// What somebody may not know that he chose, in constant words.
    static func warnings(_ configuration: Configuration) -> [String] {
        var warnings: [String] = []
        if configuration.redis == nil {
            warnings.append("no redis configured: sessions and revocations live in this process and end with it")
        }
        if configuration.revocation.mode == .off {
            warnings.append("revocation is off: a token is accepted until it expires, whatever happens")
        }
        if let tracing = configuration.tracing, !tracing.headers.isEmpty,
            ExpectedPeer.Host(url: tracing.endpoint) == .plain
        {
            warnings.append("tracing.headers go to \(tracing.endpoint) in clear: write https:// if they are secret")
        }
        return warnings
    }

    private static func addressRefused(
        _ key: String, _ address: any CustomStringConvertible, _ error: any Error
    ) -> GatewayError {
        let reason =
            switch error {
            case let error as IOError: String(cString: strerror(error.errnoCode))
            case let error as UnixSocketRefusal: error.description
            default: "\(error)"
            }
        return GatewayError(
            .unavailable, "\(key) \(address) cannot be bound: \(reason); stop what uses it or choose another")
    }

    private static func asGatewayError<Value>(
        _ body: () throws(JOSEError) -> Value
    ) throws(GatewayError) -> Value {
        do throws(JOSEError) {
            return try body()
        } catch {
            throw GatewayError(.configuration, "a key of an issuer cannot be used: \(error.code)")
        }
    }
}

extension Gateway {
    /// Finds out whether a configuration could be started, as far as that can be known without opening anything.
    ///
    /// - Parameters:
    ///   - configuration: the configuration.
    ///   - path: its file, named in advice.
    /// - Throws: ``GatewayError`` with the first key or key file that is missing or unusable.
    package static func validate(_ configuration: Configuration, path: String) throws(GatewayError) {
        let plan = try GatewayPlan(configuration, path: path, loopCount: 1)
        _ = try asGatewayError { () throws(JOSEError) in try plan.authentication.makeTrustStore() }
    }

    /// Whose tokens a configuration accepts, with the keys that are known before anybody has been asked for them.
    ///
    /// - Parameters:
    ///   - configuration: the configuration.
    ///   - path: its file, named in advice.
    /// - Returns: the issuers in the order of the configuration, the gateway itself first.
    /// - Throws: ``GatewayError`` for keys that are missing or unusable.
    package static func trustedIssuers(
        _ configuration: Configuration, path: String
    ) throws(GatewayError) -> [TrustedIssuer] {
        try GatewayPlan(configuration, path: path, loopCount: 1).authentication.issuers.map(\.trusted)
    }
}
