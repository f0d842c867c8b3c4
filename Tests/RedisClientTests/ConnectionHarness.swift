import Logging
import NIOCore
import NIOPosix
import RedisClient
import Synchronization
import TestSupport

/// One `RedisConnection` on an event loop of the shared group, to be used from a test's task.
final class ConnectionHarness: Sendable {
    let eventLoop: any EventLoop
    private let box: NIOLoopBoundBox<RedisConnection>

    init(_ configuration: RedisConfiguration) {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let connection = RedisConnection(
            configuration: configuration,
            eventLoop: eventLoop,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        self.eventLoop = eventLoop
        box = NIOLoopBoundBox.makeBoxSendingValue(connection, eventLoop: eventLoop)
    }

    /// Runs `body` on the event loop.
    func onLoop<Value: Sendable>(_ body: @escaping @Sendable (RedisConnection) throws -> Value) async throws -> Value {
        try await eventLoop.submit { try body(self.box.value) }.get()
    }

    func start() async throws {
        try await onLoop { $0.start() }
    }

    func stop() async throws {
        try await onLoop { $0.stop() }
    }

    func isReady() async throws -> Bool {
        try await onLoop { $0.isReady }
    }

    /// Starts the connection and waits until it is ready.
    func startAndWait() async throws -> Bool {
        try await start()
        return try await waitUntilReady()
    }

    func waitUntilReady() async throws -> Bool {
        try await eventually { try await self.isReady() }
    }

    /// Sends one command and waits for its outcome.
    func send(_ arguments: String..., expecting shape: ReplyShape = .any) async throws -> Outcome {
        let command = RedisCommand.encode(arguments)
        return try await eventLoop.flatSubmit {
            let promise = self.eventLoop.makePromise(of: Outcome.self)
            let handler = RecordingHandler { result, count in
                precondition(count == 1, "a handler was called twice")
                promise.succeed(result)
            }
            self.box.value.send(command, expecting: shape, to: handler)
            return promise.futureResult
        }.get()
    }
}

/// What became of a command.
typealias Outcome = Result<RedisValue, RedisFailure>

/// Passes on what a handler is told and how often it was told something.
final class RecordingHandler: RedisReplyHandler {
    private let record: (Outcome, Int) -> Void
    private var callCount = 0

    init(_ record: @escaping (Outcome, Int) -> Void) {
        self.record = record
        super.init()
    }

    override func received(_ reply: RedisReply) {
        callCount += 1
        record(.success(reply.copy()), callCount)
    }

    override func failed(_ failure: RedisFailure) {
        callCount += 1
        record(.failure(failure), callCount)
    }
}

extension RedisConfiguration {
    /// For tests on loopback: quick to connect again, patient with replies.
    static func local(port: Int, commandTimeout: TimeAmount = .seconds(10)) -> RedisConfiguration {
        var configuration = RedisConfiguration(host: "127.0.0.1", port: port)
        configuration.connectTimeout = .seconds(5)
        configuration.commandTimeout = commandTimeout
        configuration.backoff = ReconnectBackoff(initial: .milliseconds(5), maximum: .milliseconds(50))
        // What is asked now and then to see whether the server is there would be counted among a test's own commands.
        configuration.checkInterval = nil
        return configuration
    }
}
