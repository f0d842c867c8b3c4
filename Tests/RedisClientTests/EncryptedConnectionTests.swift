import NIOCore
import RedisClient
import TestSupport
import Testing

@Suite("connections by TLS", .enabled(if: RedisServerProcess.speaksTLS))
struct EncryptedConnectionTests {
    /// A server that speaks TLS only, and asks for a certificate of the same authority.
    private final class Fixture: Sendable {
        let authority: TestAuthority
        let client: TestAuthority.Pair
        let server: RedisServerProcess
        let port: Int

        /// `addresses` are what the certificate is for besides its names.
        init(isExpired: Bool = false, addresses: [String] = []) throws {
            authority = try TestAuthority()
            client = try authority.issue("client", names: [], usage: "clientAuth")
            let names = ["localhost", "redis.internal"]
            let pair =
                try isExpired
                ? authority.issueExpired("server", names: names)
                : authority.issue("server", names: names, addresses: addresses)
            port = try RedisServerProcess.freePort()
            server = try RedisServerProcess(arguments: [
                "--tls-port", String(port), "--tls-cert-file", pair.certificate, "--tls-key-file", pair.privateKey,
                "--tls-ca-cert-file", authority.root.certificate, "--user", "gateway", "on", ">secret", "~*", "&*",
                "+@all",
            ])
        }

        func tls(
            authority other: TestAuthority? = nil, client pair: TestAuthority.Pair?, serverName: String? = nil
        ) throws -> RedisTLS {
            try RedisTLS(
                authorityFile: (other ?? authority).root.certificate, certificateFile: pair?.certificate,
                privateKeyFile: pair?.privateKey, serverName: serverName)
        }
    }

    private func configuration(_ fixture: Fixture, host: String, _ tls: RedisTLS) -> RedisConfiguration {
        var configuration = RedisConfiguration.local(port: fixture.port)
        configuration.topology = .standalone(.tcp(host: host, port: fixture.port))
        configuration.tls = tls
        return configuration
    }

    @Test("work with the right authority, name, certificate and ACL user")
    func works() async throws {
        let fixture = try Fixture()
        for (host, name) in [("localhost", nil), ("127.0.0.1", "redis.internal")] {
            let tls = try fixture.tls(client: fixture.client, serverName: name)
            var configuration = configuration(fixture, host: host, tls)
            configuration.credentials = RedisCredentials(username: "gateway", password: "secret")
            try await withClient(configuration) { client in
                #expect(await client.outcome("ACL", "WHOAMI") == .success(.bulk(Array("gateway".utf8))))
                let long = String(repeating: "x", count: 300_000)
                #expect(await client.outcome("ECHO", long) == .success(.bulk(Array(long.utf8))))
            }
        }
    }

    @Test("are refused with another authority, another name, an address it is not for, or without our certificate")
    func refused() async throws {
        let fixture = try Fixture()
        let stranger = try TestAuthority()
        let cases: [(String, RedisTLS)] = [
            ("localhost", try fixture.tls(authority: stranger, client: fixture.client)),
            ("localhost", try fixture.tls(client: fixture.client, serverName: "other.internal")),
            ("127.0.0.1", try fixture.tls(client: fixture.client)),
            ("localhost", try fixture.tls(client: nil)),
            ("localhost", try fixture.tls(client: try stranger.issue("client", names: [], usage: "clientAuth"))),
        ]
        for (index, (host, tls)) in cases.enumerated() {
            let records = LogRecords()
            let configuration = configuration(fixture, host: host, tls)
            try await withClient(configuration, logger: records.logger, waitsUntilReady: false) { client in
                #expect(await eventually { records.text.contains("tlsFailed") }, "case \(index)")
                #expect(!client.isReady, "case \(index)")
                #expect(await client.outcome("PING") == .failure(.notConnected), "case \(index)")
            }
        }
    }

    @Test("attack: the name leads to the address of somebody who has a certificate for that address; nothing is sent")
    func certificateForTheAddress() async throws {
        let fixture = try Fixture(addresses: ["127.0.0.1", "::1"])
        let records = LogRecords()
        let tls = try fixture.tls(client: fixture.client, serverName: "other.internal")
        var configuration = configuration(fixture, host: "localhost", tls)
        configuration.credentials = RedisCredentials(username: "gateway", password: "secret")
        try await withClient(configuration, logger: records.logger, waitsUntilReady: false) { client in
            #expect(await eventually { records.text.contains("tlsFailed") })
            #expect(!client.isReady)
        }
        #expect(try !fixture.server.command("INFO", "commandstats").contains("cmdstat_hello"))
        #expect(try !fixture.server.command("INFO", "commandstats").contains("cmdstat_auth"))
        // Who means the address is content with it.
        let meant = self.configuration(fixture, host: "127.0.0.1", try fixture.tls(client: fixture.client))
        try await withClient(meant) { client in
            #expect(await client.outcome("PING") == .success(.status("PONG")))
        }
    }

    @Test("are refused when the server's certificate has expired")
    func expired() async throws {
        let fixture = try Fixture(isExpired: true)
        let records = LogRecords()
        let configuration = configuration(fixture, host: "localhost", try fixture.tls(client: fixture.client))
        try await withClient(configuration, logger: records.logger, waitsUntilReady: false) { client in
            #expect(await eventually { records.text.contains("tlsFailed") })
            #expect(!client.isReady)
        }
    }

    @Test("need files that can be used")
    func files() throws {
        let authority = try TestAuthority()
        let (one, other) = (try authority.issue("one", names: []), try authority.issue("other", names: []))
        func failure(_ ca: String?, _ certificate: String?, _ key: String?) -> String? {
            do {
                _ = try RedisTLS(
                    authorityFile: ca, certificateFile: certificate, privateKeyFile: key, serverName: nil)
                return nil
            } catch {
                return error.setting
            }
        }
        #expect(failure(authority.root.certificate, one.certificate, one.privateKey) == nil)
        #expect(failure(nil, nil, nil) == nil)
        #expect(failure("/absent", nil, nil) == "ca")
        #expect(failure(one.privateKey, nil, nil) == "ca")
        #expect(failure(nil, "/absent", one.privateKey) == "certificate")
        #expect(failure(nil, one.certificate, "/absent") == "private_key")
        #expect(failure(nil, one.certificate, other.privateKey) == "private_key")
    }
}
