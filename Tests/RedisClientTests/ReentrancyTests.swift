import NIOCore
import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite("handlers that call back")
struct ReentrancyTests {
    @Test("a handler may send from inside its reply, and from inside its failure")
    func sendFromCallbacks() async throws {
        let server = try await FakeRedisServer.start { request in [.send("+\(request.command[0])\r\n")] }
        let harness = ConnectionHarness(.local(port: server.port))
        #expect(try await harness.startAndWait())
        let outcomes = Mutex<[Outcome]>([])
        try await harness.onLoop { connection in
            let second = RecordingHandler { outcome, _ in outcomes.withLock { $0.append(outcome) } }
            let first = RecordingHandler { outcome, _ in
                outcomes.withLock { $0.append(outcome) }
                connection.send(RedisCommand.encode("TWO"), expecting: .status, to: second)
            }
            connection.send(RedisCommand.encode("ONE"), expecting: .status, to: first)
        }
        #expect(await eventually { outcomes.withLock { $0.count } == 2 })
        #expect(outcomes.withLock { $0 } == [.success(.status("ONE")), .success(.status("TWO"))])
        try await harness.onLoop { connection in
            let second = RecordingHandler { outcome, _ in outcomes.withLock { $0.append(outcome) } }
            let first = RecordingHandler { outcome, _ in
                outcomes.withLock { $0.append(outcome) }
                connection.send(RedisCommand.encode("TWO"), expecting: .status, to: second)
            }
            connection.send(RedisCommand.encode("ONE"), expecting: .status, to: first)
            connection.stop()
        }
        #expect(outcomes.withLock { Array($0.suffix(2)) } == [.failure(.connectionClosed), .failure(.notConnected)])
    }

    @Test("a handler may stop the connection from inside its reply; the replies behind it reach nobody")
    func stopFromReply() async throws {
        let server = try await FakeRedisServer.start { request in
            request.command[0] == "LAST" ? [.send("+A\r\n+B\r\n+C\r\n")] : []
        }
        let harness = ConnectionHarness(.local(port: server.port))
        #expect(try await harness.startAndWait())
        let outcomes = Mutex<[Outcome]>([])
        try await harness.onLoop { connection in
            let others = RecordingHandler { outcome, _ in outcomes.withLock { $0.append(outcome) } }
            let stopper = RecordingHandler { outcome, _ in
                connection.stop()
                outcomes.withLock { $0.append(outcome) }
            }
            connection.send(RedisCommand.encode("FIRST"), expecting: .status, to: stopper)
            connection.send(RedisCommand.encode("SECOND"), expecting: .status, to: others)
            connection.send(RedisCommand.encode("LAST"), expecting: .status, to: others)
        }
        #expect(await eventually { outcomes.withLock { $0.count } == 3 })
        let lost = Outcome.failure(.connectionClosed)
        #expect(outcomes.withLock { $0 } == [lost, lost, .success(.status("A"))])
        #expect(try await harness.isReady() == false)
        #expect(server.connectionCount == 1)
    }

    @Test("a handler may stop the connection from inside a failure; it does not connect again")
    func stopFromFailure() async throws {
        let server = try await FakeRedisServer.start { _ in [.close] }
        let harness = ConnectionHarness(.local(port: server.port))
        #expect(try await harness.startAndWait())
        let stopped = Atomic<Bool>(false)
        try await harness.onLoop { connection in
            let handler = RecordingHandler { _, _ in
                connection.stop()
                stopped.store(true, ordering: .relaxed)
            }
            connection.send(RedisCommand.encode("A"), expecting: .any, to: handler)
        }
        #expect(await eventually { stopped.load(ordering: .relaxed) })
        try await harness.start()
        #expect(try await harness.isReady() == false)
        #expect(try await harness.send("A") == .failure(.notConnected))
        #expect(server.connectionCount == 1)
    }

    @Test("the commands of one turn of the event loop leave in one write")
    func oneWritePerTurn() async throws {
        let server = try await FakeRedisServer.start { request in [.send("+\(request.command[0])\r\n")] }
        let writes = WriteCounter()
        var configuration = RedisConfiguration.local(port: server.port)
        configuration.prepareChannel = { try $0.pipeline.syncOperations.addHandler(CountingHandler(writes)) }
        let harness = ConnectionHarness(configuration)
        #expect(try await harness.startAndWait())
        let before = writes.count.load(ordering: .relaxed)
        let answered = Atomic<Int>(0)
        try await harness.onLoop { connection in
            for number in 0..<100 {
                let handler = RecordingHandler { outcome, _ in
                    #expect(outcome == .success(.status("C\(number)")))
                    answered.add(1, ordering: .relaxed)
                }
                connection.send(RedisCommand.encode("C\(number)"), expecting: .status, to: handler)
            }
        }
        #expect(await eventually { answered.load(ordering: .relaxed) == 100 })
        #expect(writes.count.load(ordering: .relaxed) == before + 1)
        try await harness.stop()
    }
}

private final class WriteCounter: Sendable {
    let count = Atomic<Int>(0)
}

private final class CountingHandler: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private let counter: WriteCounter

    init(_ counter: WriteCounter) {
        self.counter = counter
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        counter.count.add(1, ordering: .relaxed)
        context.write(data, promise: promise)
    }
}
