import GatewayConfiguration
import Testing

@testable import Gateway

@Suite("what only a restart takes up")
struct RestartSettingsTests {
    private static let text = """
        version: 1
        listeners:
          public: {address: "127.0.0.1:8080"}
          admin: {address: "127.0.0.1:9090"}
        trusted_proxies: [10.0.0.0/8]
        workers: 2
        access_log: true
        redis: {url: "redis://127.0.0.1:6379/0", command_timeout: 100ms}
        tokens: {issuer: "https://gateway.test", audiences: [api], key_directory: ./keys, access_ttl: 5m}
        issuers:
          - {issuer: "https://idp.test", jwks_file: ./idp.json, audiences: [api], algorithms: [ES256], max_lifetime: 1h}
        leeway: 30s
        verification_cache: {entries: 100}
        revocation: {mode: query, on_unavailable: closed}
        credentials: {database: ./accounts.sqlite}
        login: {attempts: 10}
        limits: {headers: 8KiB}
        upstreams:
          api: {targets: ["http://127.0.0.1:3000"]}
        routes:
          - {path: /api/, upstream: api, auth: {any_of: [jwt]}}

        """

    private static func configuration(_ edits: (from: String, to: String)...) throws -> Configuration {
        var text = text
        for edit in edits {
            try #require(text.contains(edit.from), "\(edit.from)")
            text.replace(edit.from, with: edit.to)
        }
        return try ConfigurationLoader.load(bytes: Array(text.utf8), path: "/p.yaml", environment: [:])
    }

    @Test(
        "each of them is named by the key in the file, and what was started with stays in force",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1:8081", "listeners.public.address"),
            ("8080\"}", "8080\", reuse_port: true}", "listeners.public.reuse_port"),
            ("8080\"}", "8080\", proxy_protocol: true}", "listeners.public.proxy_protocol"),
            ("127.0.0.1:9090", "127.0.0.1:9091", "listeners.admin.address"),
            ("9090\"}", "9090\", token: \"0123456789abcdef\"}", "listeners.admin.token"),
            ("workers: 2", "workers: 1", "workers"),
            ("access_log: true", "access_log: false", "access_log"),
            ("6379/0", "6379/1", "redis.url"),
            ("command_timeout: 100ms", "command_timeout: 200ms", "redis.command_timeout"),
            ("gateway.test", "other.test", "tokens.issuer"),
            ("./keys", "./other", "tokens.key_directory"),
            ("access_ttl: 5m", "access_ttl: 6m", "tokens.access_ttl"),
            ("access_ttl: 5m", "algorithm: RS256", "tokens.algorithm"),
            ("max_lifetime: 1h", "max_lifetime: 2h", "issuers[0].max_lifetime"),
            ("leeway: 30s", "leeway: 10s", "leeway"),
            ("entries: 100", "entries: 7", "verification_cache.entries"),
            ("mode: query", "mode: mirror", "revocation.mode"),
            ("mode: query", "mode: query, min_replicas: 1", "revocation.min_replicas"),
            ("mode: query", "mode: query, mirror_staleness: 1s", "revocation.mirror_staleness"),
            ("accounts.sqlite", "other.sqlite", "credentials"),
            ("attempts: 10", "attempts: 11", "login"),
        ])
    func kept(from: String, to: String, keyPath: String) throws {
        let settings = RestartSettings(started: try Self.configuration())
        var changed = try Self.configuration((from, to), ("headers: 8KiB", "headers: 4KiB"))
        // One edit of the table takes another key away with it.
        #expect(settings.keep(in: &changed).contains(keyPath))
        #expect(changed.limits.headerByteLimit == 4096, "the rest is taken up")
        var again = changed
        #expect(settings.keep(in: &again) == [], "what was put back needs no restart")
    }

    @Test("nothing is named when only that changes which is taken up, or nothing at all")
    func takenUp() throws {
        let settings = RestartSettings(started: try Self.configuration())
        var same = try Self.configuration()
        #expect(settings.keep(in: &same) == [])
        var changed = try Self.configuration(
            ("on_unavailable: closed", "on_unavailable: stale"), (":3000", ":3001"), ("path: /api/", "path: /v2/"),
            ("max_lifetime: 1h", "max_lifetime: 10m"), ("headers: 8KiB", "headers: 4KiB"))
        #expect(settings.keep(in: &changed) == [])
        #expect(changed.routes.first?.path == "/v2/")
    }

    @Test("an issuer whose tokens outlive all that were accepted at the start is left out; a shorter one comes in")
    func newIssuers() throws {
        let settings = RestartSettings(started: try Self.configuration())
        let line = "  - {issuer: \"https://new.test\", jwks_file: ./n.json, audiences: [api], algorithms: [ES256], "
        var longer = try Self.configuration(("leeway:", line + "max_lifetime: 2h}\nleeway:"))
        #expect(settings.keep(in: &longer) == ["issuers[1].max_lifetime"])
        #expect(longer.issuers.map(\.issuer) == ["https://idp.test"])
        var shorter = try Self.configuration(("leeway:", line + "max_lifetime: 30m}\nleeway:"))
        #expect(settings.keep(in: &shorter) == [])
        #expect(shorter.issuers.map(\.issuer) == ["https://idp.test", "https://new.test"])
    }

    @Test("Redis or own tokens that come or go are named as a whole")
    func sections() throws {
        let settings = RestartSettings(started: try Self.configuration())
        var without = try Self.configuration(
            ("redis: {url: \"redis://127.0.0.1:6379/0\", command_timeout: 100ms}\n", ""),
            ("login: {attempts: 10}\n", ""), ("credentials: {database: ./accounts.sqlite}\n", ""))
        let named = settings.keep(in: &without)
        #expect(named.contains("redis"))
        #expect(without.redis != nil)
    }
}
