import RedisClient
import Synchronization
import TestSupport

/// A sentinel that says what a test wants.
final class FakeSentinel: Sendable {
    /// What it says: the primary's port and since which epoch.
    struct Belief: Sendable {
        var port: Int
        var epoch: Int
    }

    private final class Shared: Sendable {
        let belief: Mutex<Belief>
        init(_ belief: Belief) { self.belief = Mutex(belief) }
    }

    private let server: FakeRedisServer
    private let shared: Shared

    private init(server: FakeRedisServer, shared: Shared) {
        self.server = server
        self.shared = shared
    }

    static func start(_ belief: Belief) async throws -> FakeSentinel {
        let shared = Shared(belief)
        let server = try await FakeRedisServer.start { request in
            let belief = shared.belief.withLock { $0 }
            switch request.command.prefix(2).map({ $0 }) {
            case ["SENTINEL", "GET-MASTER-ADDR-BY-NAME"]:
                return [.send(Self.array(["127.0.0.1", "\(belief.port)"]))]
            case ["SENTINEL", "MASTER"]:
                return [.send(Self.array(["name", "mymaster", "config-epoch", "\(belief.epoch)"]))]
            case ["SENTINEL", "SENTINELS"]: return [.send("*0\r\n")]
            case ["SUBSCRIBE", "+switch-master"]:
                return [.send("*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n")]
            default: return [.send("-ERR unknown\r\n")]
            }
        }
        return FakeSentinel(server: server, shared: shared)
    }

    var endpoint: RedisEndpoint { .tcp(host: "127.0.0.1", port: server.port) }

    func believe(_ belief: Belief) {
        shared.belief.withLock { $0 = belief }
    }

    func stop() async throws {
        try await server.stop()
    }

    private static func array(_ elements: [String]) -> String {
        elements.reduce("*\(elements.count)\r\n") { $0 + "$\($1.utf8.count)\r\n\($1)\r\n" }
    }
}
