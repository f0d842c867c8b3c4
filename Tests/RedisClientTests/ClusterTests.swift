import NIOCore
import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite("a cluster", .serialized)
struct ClusterTests {
    private static let prefix = "{portcullis}:"
    private static let slot = HashSlot.slot(of: prefix)

    private static func configuration(_ servers: [RedisServerProcess]) -> RedisConfiguration {
        var configuration = RedisConfiguration.local(port: 0, commandTimeout: .milliseconds(500))
        configuration.topology = .cluster(nodes: servers.map { endpoint($0) }, slot: slot)
        return configuration
    }

    private static func endpoint(_ server: RedisServerProcess) -> RedisEndpoint {
        .tcp(host: "127.0.0.1", port: server.port)
    }

    /// Asks for keys of which the second always has a value, as a deny-list asks, and counts what comes.
    private final class Load: Sendable {
        let isOver = Atomic<Bool>(false)
        let right = Atomic<Int>(0)
        let wrong = Atomic<Int>(0)
        let refused = Atomic<Int>(0)

        func run(_ client: RedisClient, _ eventLoop: any EventLoop, _ keys: [String]) async throws {
            while !isOver.load(ordering: .relaxed) {
                let outcome = try await eventLoop.flatSubmit {
                    let promise = eventLoop.makePromise(of: Outcome.self)
                    client.connection(on: eventLoop).send(
                        RedisCommand.encode(["MGET"] + keys), expecting: .array(count: keys.count),
                        to: SplittableHandler(RedisCommand.encode(["MGET"] + keys), promise))
                    return promise.futureResult
                }.get()
                switch outcome {
                case .success(let value):
                    let isRight = value == .array([.null, .bulk(Array("1".utf8)), .null])
                    if isRight { right.add(1, ordering: .relaxed) } else { wrong.add(1, ordering: .relaxed) }
                case .failure:
                    refused.add(1, ordering: .relaxed)
                    try await Task.sleep(for: .milliseconds(1))
                }
            }
        }
    }

    private final class SplittableHandler: RedisReplyHandler {
        private let command: ByteBuffer
        private let promise: EventLoopPromise<Outcome>

        init(_ command: ByteBuffer, _ promise: EventLoopPromise<Outcome>) {
            self.command = command
            self.promise = promise
            super.init()
        }

        override var splittableRead: ByteBuffer? { command }
        override func received(_ reply: RedisReply) { promise.succeed(.success(reply.copy())) }
        override func failed(_ failure: RedisFailure) { promise.succeed(.failure(failure)) }
    }

    @Test("a slot that moves under load is answered for all the while; a killed node's replica is followed")
    func movedSlotAndLostNode() async throws {
        let owner = Self.slot * 3 / HashSlot.count
        let cluster = try await RedisClusterProcesses(replicated: (owner + 1) % 3)
        let source = cluster.primaries[owner]
        let target = cluster.primaries[(owner + 1) % 3]
        let keys = ["jti", "sub", "all"].map { "\(Self.prefix)revoked:\($0)" }
        // Only a node that does not own the slot is configured: it names the others.
        let configuration = Self.configuration([cluster.primaries[(owner + 2) % 3]])
        try await withClient(configuration) { client, group in
            #expect(client.primary == Self.endpoint(source))
            #expect(await client.outcome("SET", keys[1], "1") == .success(.status("OK")))
            let load = Load()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for eventLoop in group.makeIterator() {
                    for _ in 0..<4 { tasks.addTask { try await load.run(client, eventLoop, keys) } }
                }
                defer { load.isOver.store(true, ordering: .relaxed) }
                try await Self.migrate(cluster, from: source, to: target, key: keys[1], load)
                #expect(await eventually { client.primary == Self.endpoint(target) && client.isReady })
                let before = load.right.load(ordering: .relaxed)
                #expect(await eventually { load.right.load(ordering: .relaxed) > before + 100 })
            }
            #expect(load.wrong.load(ordering: .relaxed) == 0)
            try await Self.loseNode(target, replica: cluster.replica, client, key: keys[1])
        }
    }

    /// Moves the slot step by step, and looks at each whether questions are answered.
    private static func migrate(
        _ cluster: RedisClusterProcesses, from source: RedisServerProcess, to target: RedisServerProcess, key: String,
        _ load: Load
    ) async throws {
        func isAnswering() async -> Bool {
            let before = load.right.load(ordering: .relaxed)
            return await eventually { load.right.load(ordering: .relaxed) > before + 100 }
        }
        let (sourceName, targetName) = (try cluster.identifier(of: source), try cluster.identifier(of: target))
        #expect(await isAnswering())
        #expect(try target.command("CLUSTER", "SETSLOT", String(slot), "IMPORTING", sourceName) == "OK")
        #expect(try source.command("CLUSTER", "SETSLOT", String(slot), "MIGRATING", targetName) == "OK")
        // The source has one key and lacks two.
        #expect(await isAnswering())
        #expect(try source.command("MIGRATE", "127.0.0.1", String(target.port), key, "0", "5000") == "OK")
        // It lacks all of them.
        #expect(await isAnswering())
        for server in [target, source] + cluster.primaries {
            try server.command("CLUSTER", "SETSLOT", String(slot), "NODE", targetName)
        }
    }

    @Test("its nodes are asked, and followed, with TLS throughout", .enabled(if: RedisServerProcess.speaksTLS))
    func encrypted() async throws {
        let encryption = try RedisEncryption()
        let owner = Self.slot * 3 / HashSlot.count
        let cluster = try await RedisClusterProcesses(replicated: owner, encryption: encryption)
        func endpoint(_ server: RedisServerProcess) -> RedisEndpoint {
            .tcp(host: "127.0.0.1", port: cluster.clientPort(of: server))
        }
        var configuration = Self.configuration([])
        configuration.topology = .cluster(
            nodes: [endpoint(cluster.primaries[(owner + 1) % 3])], slot: Self.slot)
        configuration.tls = try RedisTLS(
            authorityFile: encryption.authority.root.certificate, certificateFile: encryption.client.certificate,
            privateKeyFile: encryption.client.privateKey, serverName: nil)
        let key = "\(Self.prefix)k"
        try await withClient(configuration) { client in
            #expect(client.primary == endpoint(cluster.primaries[owner]))
            #expect(await client.outcome("SET", key, "1") == .success(.status("OK")))
            let isCopied = try await eventually { try cluster.replica.command("DBSIZE") == "1" }
            #expect(isCopied)
            cluster.primaries[owner].kill()
            let isFollowed = await eventually(within: .seconds(20)) {
                await client.outcome("GET", key) == .success(.bulk(Array("1".utf8)))
            }
            #expect(isFollowed && client.primary == endpoint(cluster.replica))
        }
    }

    private static func loseNode(
        _ node: RedisServerProcess, replica: RedisServerProcess, _ client: RedisClient, key: String
    ) async throws {
        #expect(try await eventually { try replica.command("DBSIZE") == "1" })
        node.kill()
        #expect(await eventually { await client.outcome("GET", key) == .failure(.notConnected) })
        let isFollowed = await eventually(within: .seconds(20)) {
            await client.outcome("SET", "\(prefix)new", "2") == .success(.status("OK"))
        }
        #expect(isFollowed && client.primary == endpoint(replica))
        let isKept = await eventually { await client.outcome("GET", key) == .success(.bulk(Array("1".utf8))) }
        #expect(isKept)
    }
}
