import NIOCore
import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite("a server that misbehaves", .timeLimit(.minutes(1)))
struct MisbehavingServerTests {
    @Test("a surplus reply reaches nobody and ends the connection")
    func surplusReply() async throws {
        let server = try await FakeRedisServer.start { request in
            [.send(request.command[0] == "FIRST" ? ":1\r\n:2\r\n" : ":3\r\n")]
        }
        let harness = ConnectionHarness(.local(port: server.port))
        #expect(try await harness.startAndWait())
        #expect(try await harness.send("FIRST", expecting: .integer) == .success(.integer(1)))
        #expect(await eventually { server.connectionCount == 2 })
        #expect(try await harness.waitUntilReady())
        #expect(try await harness.send("SECOND", expecting: .integer) == .success(.integer(3)))
        try await harness.stop()
    }

    @Test("a reply before any command ends the connection")
    func greeting() async throws {
        let server = try await FakeRedisServer.start(onConnect: [.send(":1\r\n")]) { _ in [] }
        let harness = ConnectionHarness(.local(port: server.port))
        try await harness.start()
        #expect(await eventually { server.connectionCount >= 3 })
        #expect(try await harness.isReady() == false)
        try await harness.stop()
    }

    @Test(
        "a reply of another shape fails the command and everything behind it",
        arguments: [
            "+OK\r\n", "$1\r\n1\r\n", "*0\r\n", "$-1\r\n", "_\r\n", "HTTP/1.1 400 Bad Request\r\n", "\u{15}\u{3}\u{1}",
        ]
    )
    func wrongShape(reply: String) async throws {
        let server = try await FakeRedisServer.start { request in
            request.command[0] == "LAST" ? [.send(reply), .send(":1\r\n:2\r\n:3\r\n")] : []
        }
        let harness = ConnectionHarness(.local(port: server.port))
        #expect(try await harness.startAndWait())
        async let first = harness.send("FIRST", expecting: .integer)
        async let second = harness.send("SECOND", expecting: .integer)
        #expect(await eventually { (try? await harness.onLoop { $0.pendingCount }) == 2 })
        let last = try await harness.send("LAST", expecting: .integer)
        #expect(last == .failure(.protocolViolation))
        #expect(try await first == .failure(.protocolViolation))
        #expect(try await second == .failure(.protocolViolation))
        try await harness.stop()
    }

    @Test("replies split at each byte reach the same commands")
    func splitReplies() async throws {
        let server = try await FakeRedisServer.start { request in
            [.sendSplit("*3\r\n$2\r\n\r\n\r\n$-1\r\n$\(request.command[1].count)\r\n\(request.command[1])\r\n")]
        }
        var configuration = RedisConfiguration.local(port: server.port)
        configuration.prepareChannel = { try $0.pipeline.syncOperations.addHandler(ByteByByteHandler()) }
        let harness = ConnectionHarness(configuration)
        #expect(try await harness.startAndWait())
        for marker in ["a", "bc", "def"] {
            let expected = RedisValue.array([.bulk([13, 10]), .null, .bulk(Array(marker.utf8))])
            #expect(try await harness.send("GET", marker, expecting: .array(count: 3)) == .success(expected))
        }
        try await harness.stop()
    }

    @Test("half a reply and then the end fails every waiting command")
    func halfReply() async throws {
        let server = try await FakeRedisServer.start { _ in [.send("$5\r\nhel"), .close] }
        let harness = ConnectionHarness(.local(port: server.port))
        #expect(try await harness.startAndWait())
        #expect(try await harness.send("GET", "k", expecting: .bulkOrNull) == .failure(.connectionClosed))
        try await harness.stop()
    }

    @Test("a server that accepts and closes is tried again and never taken for ready")
    func acceptAndClose() async throws {
        let server = try await FakeRedisServer.start(onConnect: [.close]) { _ in [] }
        let harness = ConnectionHarness(.local(port: server.port))
        try await harness.start()
        #expect(await eventually { server.connectionCount >= 3 })
        #expect(try await harness.send("GET", "k") == .failure(.notConnected))
        try await harness.stop()
    }

    @Test("a server that never answers the handshake is given up within the connect time-out")
    func silentHandshake() async throws {
        let server = try await FakeRedisServer.start(answersHandshake: false) { _ in [] }
        var configuration = RedisConfiguration.local(port: server.port)
        configuration.connectTimeout = .milliseconds(40)
        let harness = ConnectionHarness(configuration)
        try await harness.start()
        #expect(await eventually { server.connectionCount >= 2 })
        #expect(try await harness.send("GET", "k") == .failure(.notConnected))
        try await harness.stop()
    }

    @Test("no command is sent before every step of the handshake was answered with OK")
    func handshakeOrder() async throws {
        let commands = Mutex<[[String]]>([])
        let server = try await FakeRedisServer.start(answersHandshake: false) { request in
            commands.withLock { $0.append(request.command) }
            return [.send(request.command[0] == "SELECT" && request.connection == 0 ? "-ERR no\r\n" : "+OK\r\n")]
        }
        var configuration = RedisConfiguration.local(port: server.port)
        configuration.credentials = RedisCredentials(username: "user", password: "word")
        configuration.database = 3
        let harness = ConnectionHarness(configuration)
        #expect(try await harness.startAndWait())
        let seen = commands.withLock { $0 }
        let login = [["AUTH", "user", "word"], ["SELECT", "3"]]
        #expect(seen == login + login + [["CLIENT", "SETNAME", "portcullis"]])
        try await harness.stop()
    }

    @Test("a late reply never reaches a command of the next connection")
    func lateReply() async throws {
        let server = try await FakeRedisServer.start { request in
            request.connection == 0 ? [.sendLater(":1\r\n", milliseconds: 600)] : [.send(":2\r\n")]
        }
        // Long enough for a slow machine to answer the second command in time.
        var configuration = RedisConfiguration.local(port: server.port, commandTimeout: .milliseconds(300))
        // A command's deadline comes before that of a handshake that is long done.
        configuration.connectTimeout = .hours(1)
        let harness = ConnectionHarness(configuration)
        #expect(try await harness.startAndWait())
        #expect(try await harness.send("FIRST", expecting: .integer) == .failure(.timedOut))
        #expect(await eventually { server.connectionCount == 2 })
        #expect(try await harness.waitUntilReady())
        #expect(try await harness.send("SECOND", expecting: .integer) == .success(.integer(2)))
        try await harness.stop()
    }

    @Test("a server that does not read cannot make the client hold more than its bounds")
    func boundedQueue() async throws {
        let server = try await FakeRedisServer.start { _ in [] }
        var configuration = RedisConfiguration.local(port: server.port)
        configuration.maximumPendingCommands = 3
        configuration.maximumPendingBytes = 200
        let harness = ConnectionHarness(configuration)
        #expect(try await harness.startAndWait())
        let outcomes = Mutex<[Outcome]>([])
        try await harness.onLoop { connection in
            let handler = RecordingHandler { outcome, _ in outcomes.withLock { $0.append(outcome) } }
            let long = RedisCommand.encode("SET", String(repeating: "k", count: 150))
            connection.send(long, expecting: .any, to: handler)
            connection.send(long, expecting: .any, to: handler)
            #expect(outcomes.withLock { $0 } == [.failure(.queueFull)])
            for _ in 0..<3 { connection.send(RedisCommand.encode("A"), expecting: .any, to: handler) }
            #expect(connection.pendingCount == 3)
        }
        #expect(outcomes.withLock { $0 } == [.failure(.queueFull), .failure(.queueFull)])
        try await harness.stop()
        #expect(outcomes.withLock { $0.suffix(3) } == [Outcome](repeating: .failure(.connectionClosed), count: 3)[...])
    }

    @Test("an empty command is refused, since it would have no reply")
    func emptyCommand() async throws {
        let server = try await FakeRedisServer.start { _ in [] }
        let harness = ConnectionHarness(.local(port: server.port))
        #expect(try await harness.startAndWait())
        #expect(try await harness.send() == .failure(.invalidCommand))
        try await harness.stop()
    }
}

/// Hands on what is received one byte at a time.
private final class ByteByByteHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        while let byte = buffer.readSlice(length: 1) { context.fireChannelRead(wrapInboundOut(byte)) }
    }
}
