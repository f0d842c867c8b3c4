import Foundation
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Proxy

/// A running gateway with a backend behind it, all on loopback.
struct World {
    struct Settings {
        var limits = ProxyConfiguration.Limits()
        var responseTimeoutMilliseconds: Int64 = 10_000
        var idleConnections = 256
        /// Where the upstream `dead` is, and how long connecting to it may take.
        var deadPort = 1
        var connectTimeoutMilliseconds: Int64 = 1_000
        var retries = 0
        var trusted: [String] = []
        var routes: [Route] = World.routes
        var accessLog: AccessLogWriter?
        var tracing: TracingSettings?
        var trustsLocalPeers = false
        var loopCount = 1
        /// The listeners; the first one's port is the world's.
        var listeners = [Listener(address: .tcp(host: "127.0.0.1", port: 0))]
    }

    static let routes = [
        Route(label: "api", path: "/api/", methods: [], destination: .upstream(0), policy: 7),
        Route(label: "admin", path: "/admin", destination: .upstream(0), policy: 9),
        Route(label: "public", path: "/public", destination: .upstream(0)),
        Route(label: "get", path: "/get", methods: ["GET"], destination: .upstream(0)),
        Route(label: "dead", path: "/dead", destination: .upstream(1)),
        Route(label: "control", path: "/control", destination: .controlPlane),
        Route(label: "verify", path: "/auth/verify", destination: .verify, policy: 1),
        Route(label: "host", host: "only.test", path: "/hosted", destination: .upstream(0), policy: 3),
    ]

    let backend: Backend
    let server: ProxyServer
    let desk: AuthenticationDesk
    let controlPlane: StubControlPlane
    /// Where the listeners listen.
    let addresses: [SocketAddress?]

    var port: Int { addresses.first??.port ?? 0 }

    func client(receiveBufferBytes: Int32? = nil) throws -> RawClient {
        try RawClient(port: port, receiveBufferBytes: receiveBufferBytes)
    }

    /// One request on a connection of its own.
    func ask(_ request: String, isHead: Bool = false) throws -> RawResponse {
        let client = try client()
        try client.send(request)
        return try client.readResponse(isHead: isHead)
    }

    /// Runs a test in a world of its own, and takes the world down afterwards.
    static func run(
        _ settings: Settings = Settings(), _ body: (World) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.loopCount)
        let backend = Backend()
        try await backend.start(group: .singletonMultiThreadedEventLoopGroup)
        let desk = AuthenticationDesk()
        let controlPlane = StubControlPlane()
        var upstreams = [
            Upstream(
                name: "backend", targets: [.init(host: "127.0.0.1", port: backend.port)],
                responseTimeoutMilliseconds: settings.responseTimeoutMilliseconds,
                idleConnections: settings.idleConnections),
            Upstream(
                name: "dead", targets: [.init(host: "127.0.0.1", port: settings.deadPort)],
                connectTimeoutMilliseconds: settings.connectTimeoutMilliseconds),
        ]
        upstreams[0].retries = settings.retries
        let configuration = ProxyConfiguration(
            routes: RouteTable(settings.routes), upstreams: upstreams, limits: settings.limits,
            trustedProxies: settings.trusted.compactMap(NetworkRange.init),
            trustsLocalPeers: settings.trustsLocalPeers)
        let server = try await ProxyServer(
            configuration: configuration, group: group, controlPlane: controlPlane, accessLog: settings.accessLog,
            tracing: settings.tracing,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        ) { eventLoop in { StubAuthentication(desk: desk, eventLoop: eventLoop) } }
        let outcome: Result<Void, any Error>
        do {
            var addresses: [SocketAddress?] = []
            for listener in settings.listeners { addresses.append(try await server.listen(on: listener)) }
            let world = World(
                backend: backend, server: server, desk: desk, controlPlane: controlPlane, addresses: addresses)
            outcome = .success(try await body(world))
        } catch {
            outcome = .failure(error)
        }
        await server.shutdown(graceMilliseconds: 0)
        await backend.stop()
        try await group.shutdownGracefully()
        try outcome.get()
    }
}

/// Waits until a condition holds; fails when it does not within ten seconds.
func eventually(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
) async rethrows {
    let end = ContinuousClock.now + .seconds(10)
    while try !condition() {
        if ContinuousClock.now > end {
            Issue.record("never happened: \(what)", sourceLocation: sourceLocation)
            return
        }
        try? await Task.sleep(for: .milliseconds(1))
    }
}

/// Tests that run a whole gateway: one at a time, for they block their thread.
@Suite("The running gateway", .serialized)
struct GatewayTests {}
