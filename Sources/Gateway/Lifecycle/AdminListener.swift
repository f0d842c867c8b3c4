import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// The admin listener: an ordinary Hummingbird server on a thread of its own, which no client traffic can keep busy.
final class AdminListener: Sendable {
    private let responder: RouterResponder<AdminContext>
    private let group: MultiThreadedEventLoopGroup
    private let logger: Logger
    private let running = Mutex<Running?>(nil)

    private struct Running {
        var services: ServiceGroup
        var task: Task<Void, any Error>
    }

    init(responder: RouterResponder<AdminContext>, group: MultiThreadedEventLoopGroup, logger: Logger) {
        self.responder = responder
        self.group = group
        // The server's own notices would only repeat what the gateway says.
        var quiet = logger
        quiet.logLevel = .warning
        self.logger = quiet
    }

    /// Binds and serves.
    ///
    /// - Returns: the port bound.
    /// - Throws: what the socket says.
    func start(host: String, port: Int) async throws -> Int {
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: responder,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in
                bound.yield(channel.localAddress?.port ?? port)
            }, eventLoopGroupProvider: .shared(group), logger: logger)
        let services = ServiceGroup(configuration: ServiceGroupConfiguration(services: [application], logger: logger))
        let task = Task {
            defer { bound.finish() }
            try await services.run()
        }
        for await port in ports {
            running.withLock { $0 = Running(services: services, task: task) }
            return port
        }
        try await task.value
        throw ChannelError.unknownLocalAddress
    }

    /// Stops serving.
    func shutdown() async {
        guard let running = running.withLock({ $0.take() }) else { return }
        await running.services.triggerGracefulShutdown()
        _ = await running.task.result
    }
}
