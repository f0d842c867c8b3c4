import NIOCore
import RedisClient
import TestSupport
import Testing

@Suite("a primary watched by sentinels", .serialized)
struct SentinelTests {
    private static func configuration(_ sentinels: [RedisEndpoint]) -> RedisConfiguration {
        var configuration = RedisConfiguration.local(port: 0, commandTimeout: .milliseconds(500))
        configuration.topology = .sentinel(sentinels: sentinels, primaryName: "mymaster")
        configuration.checkInterval = .milliseconds(200)
        return configuration
    }

    private static func endpoint(_ server: RedisServerProcess) -> RedisEndpoint {
        .tcp(host: "127.0.0.1", port: server.port)
    }

    /// A primary, its replica and three sentinels that know each other.
    private static func startGroup(
        password: String? = nil
    ) async throws -> (primary: RedisServerProcess, replica: RedisServerProcess, sentinels: [RedisSentinelProcess]) {
        let primary = try RedisServerProcess(arguments: ["--repl-diskless-sync-delay", "0"])
        let replica = try RedisServerProcess(arguments: [
            "--replicaof", "127.0.0.1", String(primary.port), "--repl-diskless-sync-delay", "0",
        ])
        #expect(try await eventually { try replica.command("ROLE").contains("connected") })
        let sentinels = try await startSentinels(primaryPort: primary.port, password: password)
        return (primary, replica, sentinels)
    }

    private static func startSentinels(
        primaryPort: Int, password: String? = nil, encryption: RedisEncryption? = nil
    ) async throws -> [RedisSentinelProcess] {
        let sentinels = try (0..<3).map { _ in
            try RedisSentinelProcess(primaryPort: primaryPort, password: password, encryption: encryption)
        }
        let isFormed = try await eventually(within: .seconds(20)) {
            try sentinels.allSatisfy { try $0.known() == (1, 2) }
        }
        #expect(isFormed)
        return sentinels
    }

    @Test("is found by one sentinel that answers, and followed when it is killed")
    func killedPrimary() async throws {
        let (primary, replica, sentinels) = try await Self.startGroup(password: "sentinel-password")
        // One that does not listen, and one that does and names the others.
        let unused = try RedisServerProcess.freePort()
        var configuration = Self.configuration([
            .tcp(host: "127.0.0.1", port: unused), .tcp(host: "127.0.0.1", port: sentinels[0].port),
        ])
        configuration.sentinelCredentials = RedisCredentials(password: "sentinel-password")
        try await withClient(configuration) { client in
            #expect(client.primary == Self.endpoint(primary))
            #expect(await client.outcome("SET", "k", "1") == .success(.status("OK")))
            #expect(await eventually { client.sourceStates.filter(\.isReady).count == 3 })
            #expect(await eventually { (try? replica.command("GET", "k")) == "1" })
            // The one configured sentinel dies with the primary: those it named are enough.
            sentinels[0].kill()
            primary.kill()
            let isFollowed = await eventually(within: .seconds(20)) {
                await client.outcome("SET", "k", "2") == .success(.status("OK"))
            }
            #expect(isFollowed)
            #expect(client.primary == Self.endpoint(replica))
            let stored = try replica.command("GET", "k")
            #expect(stored == "2")
        }
    }

    @Test("is asked for, and followed, with TLS throughout", .enabled(if: RedisServerProcess.speaksTLS))
    func encrypted() async throws {
        let encryption = try RedisEncryption()
        let ports = (try RedisServerProcess.freePort(), try RedisServerProcess.freePort())
        let primary = try RedisServerProcess(
            arguments: encryption.arguments(port: ports.0) + ["--repl-diskless-sync-delay", "0"])
        let replica = try RedisServerProcess(
            arguments: encryption.arguments(port: ports.1) + [
                "--replicaof", "127.0.0.1", String(ports.0), "--repl-diskless-sync-delay", "0",
            ])
        #expect(try await eventually { try replica.command("ROLE").contains("connected") })
        let sentinels = try await Self.startSentinels(primaryPort: ports.0, encryption: encryption)
        let encrypted = try sentinels.map { RedisEndpoint.tcp(host: "127.0.0.1", port: try #require($0.encryptedPort)) }
        var configuration = Self.configuration(encrypted)
        configuration.tls = try RedisTLS(
            authorityFile: encryption.authority.root.certificate, certificateFile: encryption.client.certificate,
            privateKeyFile: encryption.client.privateKey, serverName: nil)
        try await withClient(configuration) { client in
            #expect(client.primary == .tcp(host: "127.0.0.1", port: ports.0))
            #expect(await client.outcome("SET", "k", "1") == .success(.status("OK")))
            #expect(await eventually { (try? replica.command("GET", "k")) == "1" })
            primary.kill()
            let isFollowed = await eventually(within: .seconds(20)) {
                await client.outcome("SET", "k", "2") == .success(.status("OK"))
            }
            #expect(isFollowed && client.primary == .tcp(host: "127.0.0.1", port: ports.1))
            // Every sentinel is heard with TLS, and none of them without.
            let heard = Set(client.sourceStates.map { $0.endpoint })
            #expect(heard == Set(encrypted))
            let areAllHeard = await eventually { client.sourceStates.allSatisfy { $0.isReady } }
            #expect(areAllHeard)
        }
        // With another authority nobody is believed, neither a sentinel nor a server.
        let stranger = try TestAuthority()
        configuration.tls = try RedisTLS(
            authorityFile: stranger.root.certificate, certificateFile: encryption.client.certificate,
            privateKeyFile: encryption.client.privateKey, serverName: nil)
        let records = LogRecords()
        try await withClient(configuration, logger: records.logger, waitsUntilReady: false) { client in
            #expect(await eventually { records.text.contains("tlsFailed") })
            #expect(!client.isReady && client.primary == nil)
        }
    }

    @Test("stopped, replaced and going on, it is not written any more")
    func stoppedPrimary() async throws {
        let (primary, replica, sentinels) = try await Self.startGroup()
        let configuration = Self.configuration(sentinels.map { .tcp(host: "127.0.0.1", port: $0.port) })
        try await withClient(configuration) { client in
            #expect(await client.outcome("SET", "k", "before") == .success(.status("OK")))
            primary.pause()
            let isFollowed = await eventually(within: .seconds(20)) {
                await client.outcome("SET", "k", "after") == .success(.status("OK"))
            }
            #expect(isFollowed && client.primary == Self.endpoint(replica))
            primary.resume()
            // It holds itself for the primary until a sentinel tells it otherwise.
            var count = 0
            let isDemoted = await eventually(within: .seconds(20)) {
                if await client.outcome("INCR", "count") == .success(.integer(Int64(count + 1))) { count += 1 }
                return (try? primary.command("ROLE").hasPrefix("slave")) == true
            }
            #expect(isDemoted && count > 0)
            let stored = try replica.command("GET", "count")
            #expect(stored == String(count))
            #expect(client.primary == Self.endpoint(replica))
        }
    }

    @Test("turned into a replica under a standing connection, it is asked nothing more")
    func demotedPrimary() async throws {
        let (first, second) = (try RedisServerProcess(), try RedisServerProcess())
        let sentinel = try await FakeSentinel.start(.init(port: first.port, epoch: 1))
        try await withClient(Self.configuration([sentinel.endpoint])) { client in
            #expect(await client.outcome("SET", "k", "1") == .success(.status("OK")))
            try first.command("REPLICAOF", "127.0.0.1", String(second.port))
            // No write finds it out, and no sentinel: it is asked for its role.
            #expect(await eventually { !client.isReady })
            #expect(await eventually { await client.outcome("GET", "k") == .failure(.notConnected) })
            sentinel.believe(.init(port: second.port, epoch: 2))
            #expect(await eventually { client.isReady && client.primary == Self.endpoint(second) })
            #expect(await client.outcome("SET", "k", "2") == .success(.status("OK")))
            #expect(try second.command("GET", "k") == "2")
        }
        try await sentinel.stop()
    }

    @Test("is whom the newest configuration names, whatever a sentinel says that was cut off")
    func staleSentinel() async throws {
        let (old, new) = (try RedisServerProcess(), try RedisServerProcess())
        let stale = try await FakeSentinel.start(.init(port: old.port, epoch: 1))
        let fresh = try await FakeSentinel.start(.init(port: new.port, epoch: 2))
        try await withClient(Self.configuration([stale.endpoint, fresh.endpoint])) { client in
            #expect(await eventually { client.isReady && client.primary == Self.endpoint(new) })
            for number in 0..<100 {
                #expect(await client.outcome("SET", "k\(number)", "v") == .success(.status("OK")))
            }
            let stored = try new.command("DBSIZE")
            #expect(stored == "100")
        }
        try await stale.stop()
        try await fresh.stop()
    }

    @Test("a dedicated connection follows it, too")
    func dedicatedConnection() async throws {
        let (first, second) = (try RedisServerProcess(), try RedisServerProcess())
        let sentinel = try await FakeSentinel.start(.init(port: first.port, epoch: 1))
        try await withClient(Self.configuration([sentinel.endpoint])) { client, group in
            let eventLoop = group.next()
            let connection = NIOLoopBoundBox.makeBoxSendingValue(
                client.makeDedicatedConnection(on: eventLoop, commandTimeout: .seconds(2), clientName: "dedicated"),
                eventLoop: eventLoop)
            try await eventLoop.submit { connection.value.start() }.get()
            #expect(try await eventually { try first.command("CLIENT", "LIST").contains("name=dedicated") })
            sentinel.believe(.init(port: second.port, epoch: 2))
            #expect(try await eventually { try second.command("CLIENT", "LIST").contains("name=dedicated") })
            #expect(try !first.command("CLIENT", "LIST").contains("name=dedicated"))
            try await eventLoop.submit { connection.value.stop() }.get()
        }
        try await sentinel.stop()
    }
}
