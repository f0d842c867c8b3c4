import Logging
import NIOCore
import NIOPosix
import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite("A connection for one purpose")
struct DedicatedConnectionTests {
    /// What a connection told, in order.
    private final class Told: Sendable {
        private let words = Mutex<[String]>([])
        var all: [String] { words.withLock { $0 } }
        func add(_ word: String) { words.withLock { $0.append(word) } }
    }

    private final class Outcome: RedisReplyHandler {
        private let told: Told
        init(_ told: Told) {
            self.told = told
            super.init()
        }
        override func received(_ reply: RedisReply) { told.add(reply.kind == .null ? "nothing" : "entries") }
        override func failed(_ failure: RedisFailure) { told.add("failed") }
    }

    @Test("a blocking read outlives the command time-out of the client, and each loss and return is told")
    func blocking() async throws {
        let server = try RedisServerProcess()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        var configuration = RedisConfiguration(host: "127.0.0.1", port: server.port)
        configuration.commandTimeout = .milliseconds(50)
        let client = RedisClient(
            configuration: configuration, eventLoopGroup: group,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let told = Told()
        let connection = try await loop.submit {
            let connection = client.makeDedicatedConnection(on: loop, commandTimeout: .seconds(10), clientName: "tail")
            connection.onReadinessChange = { [unowned connection] isReady in
                told.add(isReady ? "ready" : "lost")
                guard isReady else { return }
                let command = RedisCommand.encode(["XREAD", "BLOCK", "200", "STREAMS", "s", "0-0"])
                connection.send(command, expecting: .any, to: Outcome(told))
            }
            connection.start()
            return NIOLoopBound(connection, eventLoop: loop)
        }.get()
        let step1 = await eventually { told.all == ["ready", "nothing"] }
        #expect(step1)
        try server.restart()
        let step2 = await eventually { told.all == ["ready", "nothing", "lost", "ready", "nothing"] }
        #expect(step2)
        try await loop.submit { connection.value.stop() }.get()
        #expect(told.all.last == "lost")
        await client.shutdown()
        try await group.shutdownGracefully()
    }
}
