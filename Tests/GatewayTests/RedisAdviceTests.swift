import TestSupport
import Testing

extension GatewayTests {
    @Suite("what is wrong with a Redis is said at the start")
    struct RedisAdviceTests {
        @Test("no persistence, eviction, a replica: each has its warning; a well-kept Redis has none")
        func warnings() async throws {
            let primary = try RedisServerProcess()
            let cases: [([String], [String], [String])] = [
                ([], ["keeps nothing on disk"], ["evict", "replica"]),
                (["--save", "60", "1"], ["snapshots only"], ["nothing on disk"]),
                (["--maxmemory-policy", "allkeys-lru"], ["may evict keys"], ["replica"]),
                (["--replicaof", "127.0.0.1", "\(primary.port)"], ["is a replica"], ["evict"]),
                (["--appendonly", "yes"], [], ["nothing on disk", "snapshots", "evict", "replica"]),
            ]
            for (arguments, said, unsaid) in cases {
                let folder = try TemporaryFolder()
                var settings = GatewaySettings()
                let server = try RedisServerProcess(arguments: ["--dir", folder.path(".")] + arguments)
                settings.redis = .shared(server)
                try await GatewayFixture.with(settings) { gateway in
                    for words in said {
                        let isSaid = await eventually { gateway.logText.contains(words) }
                        #expect(isSaid, "\(arguments)")
                    }
                    for words in unsaid { #expect(!gateway.logText.contains(words), "\(arguments)") }
                }
            }
        }
    }
}
