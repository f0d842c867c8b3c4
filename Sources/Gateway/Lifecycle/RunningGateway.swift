import Credentials
import Logging
import NIOCore
import NIOPosix
import Proxy
import RedisClient
import Synchronization

/// A gateway that has been started: where it listens, and how it ends.
package final class RunningGateway: Sendable {
    private struct Parts {
        var trust: TrustStore?
        var redis: RedisClient?
        var revocation: RevocationParts?
        var server: ProxyServer?
        var tracing: TracingParts?
        var graceMilliseconds: Int64 = 0
        var admin: AdminListener?
        var store: SQLCredentialStore?
        var pool: HashingPool?
        var reloaders: [Reloader] = []
        var configurationReloading: ConfigurationReloading?
        var keySources: IssuerKeySources?
        var identityService: IdentityService?
        var machines: MachineAuthenticator?
        var publicPorts: [Int] = []
        var adminPort = 0
    }

    let adminGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let group: MultiThreadedEventLoopGroup
    private let logger: Logger
    private let parts = Mutex(Parts())

    init(group: MultiThreadedEventLoopGroup, logger: Logger) {
        self.group = group
        self.logger = logger
    }

    /// The ports of the public listeners that have one, in the order of the file.
    package internal(set) var publicPorts: [Int] {
        get { parts.withLock { $0.publicPorts } }
        set { parts.withLock { $0.publicPorts = newValue } }
    }

    /// The port of the admin listener.
    package internal(set) var adminPort: Int {
        get { parts.withLock { $0.adminPort } }
        set { parts.withLock { $0.adminPort = newValue } }
    }

    /// The keys in force, which may be exchanged while the gateway runs.
    var trust: TrustStore? {
        parts.withLock(\.trust)
    }

    func add(_ trust: TrustStore) {
        parts.withLock { $0.trust = trust }
    }

    func add(_ redis: RedisClient?) {
        parts.withLock { $0.redis = redis }
    }

    func add(_ revocation: RevocationParts) {
        parts.withLock { $0.revocation = revocation }
    }

    func add(_ server: ProxyServer, graceMilliseconds: Int64) {
        parts.withLock {
            $0.server = server
            $0.graceMilliseconds = graceMilliseconds
        }
    }

    func add(_ tracing: TracingParts) {
        parts.withLock { $0.tracing = tracing }
    }

    func add(_ admin: AdminListener) {
        parts.withLock { $0.admin = admin }
    }

    func add(_ keySources: IssuerKeySources) {
        parts.withLock { $0.keySources = keySources }
    }

    func add(_ reloader: Reloader) {
        parts.withLock { $0.reloaders.append(reloader) }
    }

    func add(_ reloading: ConfigurationReloading) {
        parts.withLock { $0.configurationReloading = reloading }
    }

    /// Sets how long requests in flight may take to end.
    func setGrace(milliseconds: Int64) {
        parts.withLock { $0.graceMilliseconds = milliseconds }
    }

    func add(_ store: SQLCredentialStore, _ pool: HashingPool) {
        parts.withLock {
            $0.store = store
            $0.pool = pool
        }
    }

    func add(_ identityService: IdentityService) {
        parts.withLock { $0.identityService = identityService }
    }

    func add(_ machines: MachineAuthenticator) {
        parts.withLock { $0.machines = machines }
    }

    /// Drains the public listener, then ends everything it needed.
    package func shutdown() async {
        let parts = parts.withLock { $0 }
        // Each holds the other.
        self.parts.withLock { $0.configurationReloading = nil }
        await parts.configurationReloading?.stop()
        for reloader in parts.reloaders { reloader.stop() }
        await parts.keySources?.stop()
        let start = ContinuousClock.now
        await parts.server?.shutdown(graceMilliseconds: parts.graceMilliseconds)
        // Within what is left of the grace, but a moment at least.
        let left = Duration.milliseconds(parts.graceMilliseconds) - start.duration(to: .now)
        await parts.tracing?.exporter.shutdown(within: min(max(left, .milliseconds(200)), .seconds(2)))
        await parts.admin?.shutdown()
        await parts.identityService?.shutDown()
        await parts.pool?.shutDown()
        await parts.machines?.shutDown()
        parts.store?.close()
        await parts.revocation?.shutdown()
        await parts.redis?.shutdown()
        try? await group.shutdownGracefully()
        try? await adminGroup.shutdownGracefully()
        logger.notice("gateway has stopped")
    }
}
