import Glibc
import NIOCore
import NIOPosix
import RedisClient
import TestSupport
import Testing

@Suite("what stands in the way of connecting", .serialized)
struct ConnectingTests {
    @Test("a port that swallows connection attempts: each is given up in time, and commands fail at once meanwhile")
    func blackHole() async throws {
        // Once its queue is full the kernel drops what comes, and nobody accepts.
        let full = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1)
            .serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(full.localAddress?.port)
        var fillers: [any Channel] = []
        var isFull = false
        while !isFull, fillers.count < 100 {
            let attempt = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.milliseconds(300)).connect(host: "127.0.0.1", port: port)
            do { fillers.append(try await attempt.get()) } catch { isFull = true }
        }
        #expect(isFull)
        var configuration = RedisConfiguration.local(port: port)
        configuration.connectTimeout = .milliseconds(200)
        let records = LogRecords()
        try await withClient(configuration, logger: records.logger, waitsUntilReady: false) { client in
            let start = ContinuousClock.now
            #expect(await client.outcome("PING") == .failure(.notConnected))
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(await eventually { records.text.contains("no connection to Redis") })
            #expect(!client.isReady)
        }
        for filler in fillers { try? await filler.close() }
        try await full.close()
    }

    @Test("a server with no room for another client is tried again, and used when it has room")
    func noRoom() async throws {
        let server = try RedisServerProcess(arguments: ["--maxclients", "4"])
        var others: [HTTPTestConnection] = []
        for _ in 0..<4 { others.append(try await HTTPTestConnection.open(port: server.port)) }
        try await withClient(.local(port: server.port), waitsUntilReady: false) { client in
            #expect(await eventually { await client.outcome("PING") == .failure(.notConnected) })
            #expect(!client.isReady)
            for other in others { await other.close() }
            #expect(await eventually { client.isReady })
            #expect(await client.outcome("PING") == .success(.status("PONG")))
        }
    }

    @Test("a server that closes idle connections: the next command finds one that is open")
    func idle() async throws {
        let server = try RedisServerProcess(arguments: ["--timeout", "1"])
        try await withClient(.local(port: server.port)) { client in
            func connections() throws -> Int {
                let line = try server.command("INFO", "stats").split(whereSeparator: \.isNewline)
                    .first { $0.hasPrefix("total_connections_received:") }
                return line.flatMap { Int($0.split(separator: ":")[1]) } ?? 0
            }
            let asked = try connections()
            for round in 1...2 {
                // Two connections of the client's, and one for each question of this test.
                var questions = 0
                let areReplaced = try await eventually {
                    questions += 1
                    usleep(50_000)
                    return try connections() - asked - questions >= 2 * round
                }
                #expect(areReplaced)
                #expect(await eventually { client.isReady })
                #expect(await client.outcome("PING") == .success(.status("PONG")))
            }
        }
    }
}
