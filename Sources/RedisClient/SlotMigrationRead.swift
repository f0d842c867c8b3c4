import NIOCore

/// One `MGET` asked key by key while its slot moves from one node of a cluster to another.
///
/// During that time a node refuses to answer for several keys of which it lacks one (`TRYAGAIN`, `ASK`). One key it
/// answers, or names the node that has or will have it (`ASK`), which is then the only one that can. So every part is
/// true at a moment after the whole was asked, and what was written before that is found. A missing part, or none in
/// time, fails the whole.
final class SlotMigrationRead {
    /// How often a part is asked again, 2 ms apart, while the other node is being connected to.
    private static let maximumAttempts = 25

    private let handler: RedisReplyHandler
    private let keys: [[UInt8]]
    private let connection: RedisConnection
    private let eventLoop: any EventLoop
    private var values: [[UInt8]?]
    private var missingCount: Int
    private var attempts = 0
    private var deadline: Scheduled<Void>?
    private var isDone = false

    /// Starts to ask.
    /// - Parameters:
    ///   - command: The `MGET`, encoded; any other command fails.
    ///   - handler: Told the outcome, once.
    ///   - connection: That of the node that has refused.
    ///   - eventLoop: The connection's.
    ///   - timeout: How long all of it may take.
    static func begin(
        _ command: ByteBuffer, for handler: RedisReplyHandler, on connection: RedisConnection,
        eventLoop: any EventLoop, timeout: TimeAmount
    ) {
        let arguments = RedisCommand.arguments(of: command)
        guard arguments.count > 1, arguments[0].elementsEqual("MGET".utf8) else {
            return handler.failed(.server(code: "TRYAGAIN"))
        }
        let read = SlotMigrationRead(handler, Array(arguments[1...]), connection, eventLoop)
        read.deadline = eventLoop.assumeIsolated().scheduleTask(in: timeout) { read.fail(.timedOut) }
        for index in read.keys.indices { read.ask(index) }
    }

    private init(
        _ handler: RedisReplyHandler, _ keys: [[UInt8]], _ connection: RedisConnection, _ eventLoop: any EventLoop
    ) {
        self.handler = handler
        self.keys = keys
        self.connection = connection
        self.eventLoop = eventLoop
        values = Array(repeating: nil, count: keys.count)
        missingCount = keys.count
    }

    private func ask(_ index: Int) {
        let command = RedisCommand.encode([Array("GET".utf8), keys[index]])
        connection.send(command, expecting: .bulkOrNull, to: Part(index, of: self, isImporter: false))
    }

    /// Asks the node that the slot moves to.
    private func askImporter(_ index: Int) {
        guard !isDone else { return }
        guard let importer = connection.importer, importer.isReady else {
            attempts += 1
            guard attempts <= Self.maximumAttempts * keys.count else { return fail(.notConnected) }
            eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(2)) { self.askImporter(index) }
            return
        }
        let command = RedisCommand.encode([Array("GET".utf8), keys[index]])
        importer.send(Self.asking, expecting: .ok, to: RedisReplyHandler())
        importer.send(command, expecting: .bulkOrNull, to: Part(index, of: self, isImporter: true))
    }

    private static let asking = RedisCommand.encode("ASKING")

    fileprivate func received(_ value: [UInt8]?, for index: Int) {
        guard !isDone else { return }
        values[index] = value
        missingCount -= 1
        if missingCount == 0 { finish() }
    }

    fileprivate func failed(_ failure: RedisFailure, for index: Int, isImporter: Bool) {
        if failure == .server(code: "ASK"), !isImporter {
            askImporter(index)
        } else {
            fail(failure)
        }
    }

    private func finish() {
        guard end() else { return }
        var buffer = ByteBuffer(string: "*\(values.count)\r\n")
        for value in values {
            guard let value else {
                buffer.writeString("$-1\r\n")
                continue
            }
            buffer.writeString("$\(value.count)\r\n")
            buffer.writeBytes(value)
            buffer.writeString("\r\n")
        }
        guard let reader = RedisReplyReader(), reader.feed(buffer), case .reply(let reply) = reader.next() else {
            return handler.failed(.protocolViolation)
        }
        handler.received(RedisReply(reply))
        reader.free(reply)
    }

    private func fail(_ failure: RedisFailure) {
        if end() { handler.failed(failure) }
    }

    /// - Returns: Whether it was not over.
    private func end() -> Bool {
        guard !isDone else { return false }
        isDone = true
        deadline?.cancel()
        deadline = nil
        return true
    }

    private final class Part: RedisReplyHandler {
        private let index: Int
        private let read: SlotMigrationRead
        private let isImporter: Bool

        init(_ index: Int, of read: SlotMigrationRead, isImporter: Bool) {
            self.index = index
            self.read = read
            self.isImporter = isImporter
            super.init()
        }

        override func received(_ reply: RedisReply) {
            read.received(reply.kind == .bulk ? reply.withBytes { Array($0) } : nil, for: index)
        }

        override func failed(_ failure: RedisFailure) {
            read.failed(failure, for: index, isImporter: isImporter)
        }
    }
}
