import NIOCore
import RedisClient
import Synchronization
import TestSupport
import Testing

@Suite("with a real server")
struct RealServerTests {
    @Test("each kind of reply becomes its value")
    func values() async throws {
        let server = try RedisServerProcess()
        try await withClient(.local(port: server.port)) { client in
            #expect(await client.outcome("SET", "k", "v") == .success(.status("OK")))
            #expect(await client.outcome("GET", "k") == .success(.bulk(Array("v".utf8))))
            #expect(await client.outcome("GET", "absent") == .success(.null))
            #expect(await client.outcome("EXISTS", "k", "absent") == .success(.integer(1)))
            #expect(await client.outcome("MGET", "k", "absent") == .success(.array([.bulk([118]), .null])))
            #expect(await client.outcome("INCR", "k") == .failure(.server(code: "ERR")))
            #expect(await client.outcome("LPUSH", "k", "x") == .failure(.server(code: "WRONGTYPE")))
            let stored = try server.command("GET", "k")
            #expect(stored == "v")
        }
    }

    @Test("a Unix domain socket and another database")
    func unixSocketAndDatabase() async throws {
        let server = try RedisServerProcess()
        var configuration = RedisConfiguration.local(port: 0)
        configuration.topology = .standalone(.unix(path: server.socketPath))
        configuration.database = 5
        try await withClient(configuration) { client in
            #expect(await client.outcome("SET", "k", "v") == .success(.status("OK")))
        }
        #expect(try server.command("-n", "5", "GET", "k") == "v")
        #expect(try server.command("GET", "k") == "")
    }

    @Test("a password opens the connection, a wrong or missing one never does, and no log has it")
    func passwords() async throws {
        let server = try RedisServerProcess(password: "right-password")
        let records = LogRecords()
        var configuration = RedisConfiguration.local(port: server.port)
        configuration.credentials = RedisCredentials(password: "right-password")
        try await withClient(configuration, logger: records.logger) { client in
            #expect(await client.outcome("PING") == .success(.status("PONG")))
        }
        configuration.credentials = RedisCredentials(password: "wrong-password")
        try await withClient(configuration, logger: records.logger, waitsUntilReady: false) { client in
            #expect(await eventually { records.text.contains("WRONGPASS") })
            #expect(!client.isReady)
            #expect(await client.outcome("PING") == .failure(.notConnected))
        }
        configuration.credentials = nil
        try await withClient(configuration, logger: records.logger, waitsUntilReady: false) { client in
            #expect(await eventually { records.text.contains("NOAUTH") })
            #expect(!client.isReady)
        }
        #expect(!records.text.contains("-password"))
        configuration.credentials = RedisCredentials(username: "u", password: "wrong-password")
        #expect(!"\(configuration)".contains("-password"))
        #expect(!String(reflecting: configuration).contains("-password"))
    }

    @Test("a script runs by its digest, and again after the server forgot it")
    func scripts() async throws {
        let server = try RedisServerProcess()
        let script = RedisScript(source: "return {redis.call('INCR', KEYS[1]), ARGV[1]}")
        try await withClient(.local(port: server.port)) { client in
            for count in 1...2 {
                let value = try await client.evaluate(script, keys: ["n"], arguments: ["a b"])
                #expect(value == .array([.integer(Int64(count)), .bulk(Array("a b".utf8))]))
            }
            try server.command("SCRIPT", "FLUSH")
            let third = try await client.evaluate(script, keys: ["n"], arguments: [""])
            #expect(third == .array([.integer(3), .bulk([])]))
            #expect(try server.command("GET", "n") == "3")
            let failing = RedisScript(source: "return redis.error_reply('MINE text')")
            await #expect(throws: RedisFailure.server(code: "MINE")) {
                try await client.evaluate(failing, keys: [], arguments: [])
            }
        }
    }

    @Test("commands in order run on one connection, each with its own outcome")
    func inOrder() async throws {
        let server = try RedisServerProcess()
        try await withClient(.local(port: server.port)) { client in
            let commands = [["SET", "k", "1"], ["LPUSH", "k", "x"], ["WAIT", "0", "1"], ["CLIENT", "ID"]]
                .map { $0.map { Array($0.utf8) } }
            let results = try await client.executeInOrder(commands + [commands[3]])
            #expect(results.count == 5)
            #expect(results[0] == .success(.status("OK")))
            #expect(results[1] == .failure(.server(code: "WRONGTYPE")))
            #expect(results[2] == .success(.integer(0)))
            #expect(results[3] == results[4])
        }
    }

    @Test("a client that is shut down refuses commands, and fails those that wait")
    func shutdown() async throws {
        let server = try RedisServerProcess()
        try await withClient(.local(port: server.port)) { client, group in
            server.pause()
            async let waiting = client.outcome("PING")
            #expect(await eventually { await Self.pendingCount(of: client, in: group) == 1 })
            await client.shutdown()
            #expect(await waiting == .failure(.connectionClosed))
            #expect(await client.outcome("PING") == .failure(.notConnected))
            #expect(!client.isReady)
            #expect(client.connectionLossCount == 0)
        }
    }

    private static func pendingCount(of client: RedisClient, in group: any EventLoopGroup) async -> Int {
        var count = 0
        for eventLoop in group.makeIterator() {
            count += (try? await eventLoop.submit { client.connection(on: eventLoop).pendingCount }.get()) ?? 0
        }
        return count
    }
}
