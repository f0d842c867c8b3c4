import Testing

@testable import GatewayConfiguration

@Suite("Where Redis is")
struct RedisTests {
    private typealias Server = Configuration.Redis.Server

    private func summary(_ settings: String) -> [String] {
        Fixture.problems(Fixture.with(settings)).map { "\($0.code) \($0.keyPath)" }
    }

    @Test("URLs of one server, with %-encoded user and password")
    func standalone() throws {
        let full = try RedisURL("redis://us%40er:p%3Aa:s%2Fs@[::1]:6380/12")
        #expect(full.login == Configuration.Redis.Login(user: "us@er", password: Secret("p:a:s/s")))
        #expect(full.topology == .standalone(Server(host: "::1", port: 6380)) && full.database == 12 && !full.usesTLS)
        let short = try RedisURL("redis://:pw@cache")
        #expect(short.login == Configuration.Redis.Login(user: nil, password: Secret("pw")) && short.database == 0)
        #expect(short.topology == .standalone(Server(host: "cache", port: 6379)))
        #expect(try RedisURL("redis://cache/").database == 0)
        let encrypted = try RedisURL("rediss://cache/3")
        #expect(encrypted.usesTLS && encrypted.database == 3)
    }

    @Test("URLs of a socket, of sentinels and of a cluster")
    func others() throws {
        let socket = try RedisURL("unix:///run/redis/redis.sock?db=2")
        #expect(socket.topology == .unixSocket(path: "/run/redis/redis.sock") && socket.database == 2)
        #expect(try RedisURL("unix:///run/r").database == 0)
        let sentinel = try RedisURL("redis+sentinel://u:p@h1,[::1]:26380/my-master.1/4")
        #expect(sentinel.database == 4 && sentinel.login?.user == "u")
        let sentinels = [Server(host: "h1", port: 26_379), Server(host: "::1", port: 26_380)]
        #expect(sentinel.topology == .sentinel(sentinels, primaryName: "my-master.1"))
        #expect(try RedisURL("redis+sentinel://h/m").database == 0)
        let cluster = try RedisURL("redis+cluster://h1:7000,h2:7001")
        #expect(cluster.topology == .cluster([Server(host: "h1", port: 7000), Server(host: "h2", port: 7001)]))
    }

    @Test(
        "what is no such URL is refused",
        arguments: [
            "", "redis://", "redis:cache", "http://a", "redis://user@a", "redis://user:@a", "redis://u:p%4@a",
            "redis://u:%FF@a", "redis://u:%00@a", "redis://u:p p@a", "redis://u:p/q@a", "redis://a/x", "redis://a/01",
            "redis://a/99999", "redis://a/0?x=y", "redis://a/0/1", "redis://a:0", "redis://a,b", "REDIS://a",
            "rediss://", "rediss://a,b", "unix:///", "unix://run/x", "unix://", "unix:///a?db=", "unix:///a?db=x",
            "unix:///a?x=1", "unix:///a%20b", "redis+sentinel://a", "redis+sentinel://a/", "redis+sentinel://a//0",
            "redis+sentinel://a/m/x", "redis+sentinel://a,a/m", "redis+sentinel://a,/m", "redis+sentinel:///m",
            "redis+sentinel://a/m m", "redis+cluster://", "redis+cluster://a/1", "redis+cluster://a,a",
            "redis+cluster://a:0", "rediss+cluster://a", "redis+cluster://h1,u:p@h2",
        ])
    func refused(text: String) {
        #expect(throws: SettingMismatch.self, "\(text)") { try RedisURL(text) }
    }

    @Test("TLS is what the URL or the section says, with files found from the configuration's folder")
    func encryption() throws {
        let plain = try Fixture.load(Fixture.with("redis: {url: \"rediss://a\"}")).redis
        #expect(plain?.tls == Configuration.Redis.TLS())
        let text = """
            redis:
              url: redis+cluster://a
              key_prefix: "{p}:"
              tls: {ca: /etc/ca.pem, certificate: /etc/c.pem, private_key: /etc/k.pem, server_name: redis.internal}
            """
        let cluster = try Fixture.load(Fixture.with(text)).redis
        #expect(
            cluster?.tls
                == Configuration.Redis.TLS(
                    trustedCertificatesFile: "/etc/ca.pem", certificateFile: "/etc/c.pem",
                    privateKeyFile: "/etc/k.pem", serverName: "redis.internal"))
        #expect(summary("redis: {url: \"redis://a\", tls: {}}") == ["conflict redis.tls"])
        #expect(summary("redis: {url: \"unix:///a\", tls: {}}") == ["conflict redis.tls"])
        #expect(
            summary("redis: {url: \"rediss://a\", tls: {certificate: c}}") == ["conflict redis.tls.certificate"])
    }

    @Test("in a cluster a prefix without a hash tag would scatter keys, and is refused")
    func hashTag() throws {
        for prefix in ["portcullis:", "{}:", "{}{a}:", "}a{:", "{a:"] {
            #expect(
                summary("redis: {url: \"redis+cluster://a\", key_prefix: \"\(prefix)\"}")
                    == ["conflict redis.key_prefix"], "\(prefix)")
        }
        #expect(summary("redis: {url: \"redis+cluster://a\"}") == ["conflict redis.key_prefix"])
        for prefix in ["{portcullis}:", "a{b}c", "{{a}:"] {
            #expect(summary("redis: {url: \"redis+cluster://a\", key_prefix: \"\(prefix)\"}") == [], "\(prefix)")
        }
    }

    @Test("sentinels have a login of their own")
    func sentinelLogin() throws {
        let text = "redis: {url: \"redis+sentinel://u:p@a/m\", sentinel: {user: s, password: q}}"
        let redis = try Fixture.load(Fixture.with(text)).redis
        #expect(redis?.login == Configuration.Redis.Login(user: "u", password: Secret("p")))
        #expect(redis?.sentinelLogin == Configuration.Redis.Login(user: "s", password: Secret("q")))
        #expect(summary("redis: {url: \"redis://a\", sentinel: {password: q}}") == ["conflict redis.sentinel"])
        #expect(
            summary("redis: {url: \"redis+sentinel://a/m\", sentinel: {user: q}}") == ["conflict redis.sentinel.user"])
    }
}
