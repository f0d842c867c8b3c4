package import Logging
package import NIOCore
import Synchronization

/// Redis for callers anywhere: one connection for each event loop of a group, shared between the data
/// path, which takes its loop's connection, and the control plane, which awaits replies.
///
/// Shut it down before its event loops.
package final class RedisClient: Sendable {
    private let configuration: RedisConfiguration
    private let logger: Logger
    private let connections: [ObjectIdentifier: NIOLoopBoundBox<RedisConnection>]
    private let eventLoops: [any EventLoop]
    private let nextEventLoop = Atomic<Int>(0)
    private let status = RedisStatus()
    /// Where the server may become another one: which it is, and who finds out.
    private let directory: PrimaryDirectory?
    private let monitor: NIOLoopBoundBox<TopologyMonitor>?
    private let scriptDigests = Mutex<[RedisScript: [UInt8]]>([:])

    /// Makes a client and begins to connect, without waiting for it.
    package init(configuration: RedisConfiguration, eventLoopGroup: any EventLoopGroup, logger: Logger) {
        let directory = configuration.topology.isMoving ? PrimaryDirectory() : nil
        var connections: [ObjectIdentifier: NIOLoopBoundBox<RedisConnection>] = [:]
        var eventLoops: [any EventLoop] = []
        for eventLoop in eventLoopGroup.makeIterator() {
            let connection = RedisConnection(
                configuration: configuration,
                eventLoop: eventLoop,
                logger: logger,
                status: status,
                directory: directory,
                jitter: { Double.random(in: 0..<1) }
            )
            let box = NIOLoopBoundBox.makeBoxSendingValue(connection, eventLoop: eventLoop)
            connections[ObjectIdentifier(eventLoop)] = box
            eventLoops.append(eventLoop)
            eventLoop.execute { box.value.start() }
        }
        self.configuration = configuration
        self.logger = logger
        self.connections = connections
        self.eventLoops = eventLoops
        self.directory = directory
        monitor =
            if let directory { Self.startMonitor(configuration, directory, status, eventLoops.first, logger) } else {
                nil
            }
    }

    private static func startMonitor(
        _ configuration: RedisConfiguration, _ directory: PrimaryDirectory, _ status: RedisStatus,
        _ eventLoop: (any EventLoop)?, _ logger: Logger
    ) -> NIOLoopBoundBox<TopologyMonitor>? {
        guard let eventLoop,
            let monitor = TopologyMonitor(
                configuration: configuration, directory: directory, status: status, eventLoop: eventLoop,
                logger: logger)
        else { return nil }
        let box = NIOLoopBoundBox.makeBoxSendingValue(monitor, eventLoop: eventLoop)
        eventLoop.execute { box.value.start() }
        return box
    }

    /// The server that is asked and written; `nil` while none is known.
    package var primary: RedisEndpoint? {
        if case .standalone(let endpoint) = configuration.topology { return endpoint }
        return directory?.primary
    }

    /// The sentinels or the cluster's nodes that are asked for the primary, and whether they can be.
    package var sourceStates: [(endpoint: RedisEndpoint, isReady: Bool)] { status.sourceStates }

    /// Makes a connection for one purpose alone, such as to wait for a stream's next entries, which would hold up
    /// whatever else was sent on a shared one.
    ///
    /// It is not started, and belongs to the caller, who stops it; shutting the client down does not.
    /// - Parameters:
    ///   - eventLoop: Where it is used; it need not be of the client's group.
    ///   - commandTimeout: How long after it was queued a command may wait for its reply: more than a blocking
    ///     command blocks.
    ///   - clientName: The name shown by `CLIENT LIST`; without spaces.
    /// - Returns: The connection, which follows the primary as the client's own do.
    package func makeDedicatedConnection(
        on eventLoop: any EventLoop, commandTimeout: TimeAmount, clientName: String
    ) -> RedisConnection {
        var configuration = configuration
        configuration.commandTimeout = commandTimeout
        configuration.clientName = clientName
        return RedisConnection(
            configuration: configuration, eventLoop: eventLoop, logger: logger, status: nil, directory: directory,
            jitter: { Double.random(in: 0..<1) })
    }

    /// Why the last connection that ended, or could not be made, did; `nil` while none has.
    package var lastFailure: RedisFailure? { status.lastFailure }

    /// Whether every event loop has a ready connection.
    package var isReady: Bool { !eventLoops.isEmpty && status.readyCount == eventLoops.count }

    /// How often a ready connection was lost since the start.
    package var connectionLossCount: Int { status.lossCount }

    /// The connection of one of the group's event loops, for the data path.
    ///
    /// Call it on that event loop.
    package func connection(on eventLoop: any EventLoop) -> RedisConnection {
        // No request chooses the loop: it is asked for at the start and at each reload, with the loops of the very group
        // that the client was made with.
        guard let box = connections[ObjectIdentifier(eventLoop)] else {
            preconditionFailure("the event loop is not of the client's group")
        }
        return box.value
    }

    /// Runs one command.
    /// - Parameter arguments: The command's name and its arguments, any bytes.
    /// - Returns: The reply.
    /// - Throws: `RedisFailure`, also when the server refuses the command.
    package func execute(_ arguments: [[UInt8]]) async throws(RedisFailure) -> RedisValue {
        let results = try await executeInOrder([arguments])
        guard let result = results.first else { throw .protocolViolation }
        return try result.get()
    }

    /// Runs one command whose arguments are text.
    /// - Throws: `RedisFailure`, also when the server refuses the command.
    package func execute(_ arguments: String...) async throws(RedisFailure) -> RedisValue {
        try await execute(arguments.map { Array($0.utf8) })
    }

    /// Runs commands one after the other on one connection, sent together: for `WAIT`, whose answer is about
    /// the writes of its own connection.
    ///
    /// Other commands may run in between. When a cluster redirects the first, all are sent once more: those after it
    /// must be of no effect without it.
    /// - Returns: The outcome of each command, as many as there are commands.
    /// - Throws: `RedisFailure` when the caller is cancelled or the client is shut down.
    package func executeInOrder(
        _ commands: [[[UInt8]]]
    ) async throws(RedisFailure) -> [Result<RedisValue, RedisFailure>] {
        var redirections = RedirectionPolicy(isCluster: isCluster)
        while true {
            let results = try await executeOnce(commands)
            guard let pause = redirections.pause(after: results.first) else { return results }
            do { try await Task.sleep(for: pause) } catch { throw .cancelled }
        }
    }

    private func executeOnce(
        _ commands: [[[UInt8]]]
    ) async throws(RedisFailure) -> [Result<RedisValue, RedisFailure>] {
        guard !commands.isEmpty else { return [] }
        guard !status.isStopped, let eventLoop = pickEventLoop() else { throw .notConnected }
        let encoded = commands.map { RedisCommand.encode($0) }
        let execution = PendingExecution()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard execution.wait(continuation) else { return }
                eventLoop.execute { self.send(encoded, for: execution, on: eventLoop) }
            }
        } onCancel: {
            execution.finish(.failure(.cancelled))
        }
        return try outcome.get()
    }

    /// Runs a script: by its digest, and by its source when the server does not know the digest (any more).
    /// - Throws: `RedisFailure`, also when the server refuses the script or the script fails.
    package func evaluate(
        _ script: RedisScript,
        keys: [String],
        arguments: [String]
    ) async throws(RedisFailure) -> RedisValue {
        let operands = ([String(keys.count)] + keys + arguments).map { Array($0.utf8) }
        let digest = try await digest(of: script)
        do throws(RedisFailure) {
            return try await executeConfirmed([Array("EVALSHA".utf8), digest] + operands)
        } catch .server(code: "NOSCRIPT") {
            // Nothing has run, and EVAL makes the server know the script again.
            return try await executeConfirmed([Array("EVAL".utf8), Array(script.source.utf8)] + operands)
        }
    }

    /// Runs a command, and has replicas confirm what it wrote if that is configured.
    /// - Throws: `RedisFailure`; `.server(code: "NOREPLICAS")` when it was carried out but too few have confirmed it.
    private func executeConfirmed(_ command: [[UInt8]]) async throws(RedisFailure) -> RedisValue {
        guard configuration.confirmingReplicas > 0 else { return try await execute(command) }
        let wait = ["WAIT", String(configuration.confirmingReplicas), String(configuration.confirmationMilliseconds)]
        let results = try await executeInOrder([command, wait.map { Array($0.utf8) }])
        guard results.count == 2 else { throw .protocolViolation }
        let value = try results[0].get()
        guard case .integer(let confirmed) = try results[1].get() else { throw .protocolViolation }
        guard confirmed >= Int64(configuration.confirmingReplicas) else { throw .server(code: "NOREPLICAS") }
        return value
    }

    /// Closes every connection and fails what waits.
    ///
    /// Safe to call more than once.
    package func shutdown() async {
        status.stop()
        if let monitor { try? await eventLoops.first?.submit { monitor.value.stop() }.get() }
        for eventLoop in eventLoops {
            // Fails only when the event loop has ended, and the connection with it.
            try? await eventLoop.submit { self.connection(on: eventLoop).stop() }.get()
        }
    }
}

extension RedisClient {
    private var isCluster: Bool {
        if case .cluster = configuration.topology { true } else { false }
    }

    private func pickEventLoop() -> (any EventLoop)? {
        guard !eventLoops.isEmpty else { return nil }
        // Who is on one of the loops already need not go to another.
        if let here = eventLoops.first(where: { $0.inEventLoop }) { return here }
        let turn = nextEventLoop.wrappingAdd(1, ordering: .relaxed).oldValue
        return eventLoops[Int(UInt(bitPattern: turn) % UInt(eventLoops.count))]
    }

    private func send(_ commands: [ByteBuffer], for execution: PendingExecution, on eventLoop: any EventLoop) {
        // Cancelled before it was sent: then it is not sent.
        guard !execution.isDone else { return }
        let handler = ExecutionHandler(execution: execution, commandCount: commands.count)
        let connection = connection(on: eventLoop)
        for command in commands { connection.send(command, expecting: .any, to: handler) }
    }

    /// The server computes the digest, so that this target needs no cryptography.
    private func digest(of script: RedisScript) async throws(RedisFailure) -> [UInt8] {
        if let known = scriptDigests.withLock({ $0[script] }) { return known }
        guard case .bulk(let digest) = try await execute("SCRIPT", "LOAD", script.source) else {
            throw .protocolViolation
        }
        scriptDigests.withLock { digests in
            if digests.count >= Self.maximumKnownScripts { digests.removeAll() }
            digests[script] = digest
        }
        return digest
    }

    private static let maximumKnownScripts = 256
}
