import Testing

@testable import GatewayConfiguration

@Suite("The example file")
struct ExampleTests {
    @Test("it loads, and says what it shows")
    func loads() throws {
        let text = try Fixture.packageFile("deploy/portcullis.example.yaml")
        let configuration = try Fixture.load(text, environment: Fixture.exampleEnvironment)
        #expect(configuration.listeners.adminToken == Secret("a-long-admin-token"))
        #expect(configuration.redis?.login?.password == Secret("hunter2"))
        #expect(configuration.redis?.login?.user == "portcullis")
        #expect(configuration.tokens?.keyDirectory == "/etc/portcullis/keys")
        #expect(configuration.credentials?.database == .file("/etc/portcullis/portcullis.sqlite"))
        let issuer = try #require(configuration.issuers.first)
        #expect(issuer.keySource == .file("/etc/portcullis/idp.jwks.json"))
        #expect(issuer.algorithms == [.rs256, .es256])
        #expect(issuer.maximumLifetimeSeconds == 86_400)
        #expect(configuration.upstreams.map(\.targets) == [[.init(host: "127.0.0.1", port: 9000)]])
        #expect(
            configuration.upstreams.first?.health
                == .init(
                    path: "/healthz", intervalMilliseconds: 5000, timeoutMilliseconds: 1000, unhealthyAfter: 3,
                    healthyAfter: 2))
        let route = try #require(configuration.routes.first)
        #expect(route.path == "/api/")
        #expect(route.host == "api.example")
        #expect(route.methods == ["GET", "POST"])
        #expect(route.access == .token(.init(scopes: .init(scopes: ["analytics:read"]), audiences: ["api"])))
        #expect(
            route.rateLimit
                == .init(requestCount: 100, windowMilliseconds: 1000, burstCount: 100, key: .subject, isShared: false))
        #expect(configuration.routes.last?.access == .anyone)
    }

    @Test("without its environment, each missing variable is a problem and nothing else is")
    func environmentIsNeeded() throws {
        let text = try Fixture.packageFile("deploy/portcullis.example.yaml")
        let problems = Fixture.problems(text)
        #expect(problems.map(\.code) == [.substitution, .substitution])
        #expect(problems.map(\.keyPath) == ["listeners.admin.token", "redis.password"])
    }

    @Test("the least file loads with every default")
    func leastFile() throws {
        let configuration = try Fixture.load(Fixture.least)
        #expect(
            configuration.listeners.publicListeners == [
                .init(
                    keyPath: "listeners.public", address: .tcp(.init(host: "0.0.0.0", port: 8080)),
                    reusesPort: false, expectsProxyProtocol: false)
            ])
        #expect(configuration.listeners.adminAddress == .init(host: "127.0.0.1", port: 9090))
        #expect(configuration.listeners.adminToken == nil)
        #expect(configuration.trustedProxies.isEmpty && !configuration.trustsLocalPeers)
        #expect(configuration.workerCount == 0)
        #expect(!configuration.login.hasPasswordGrant && !configuration.hasHierarchicalScopes)
        #expect(!configuration.login.usesCookies)
        #expect(configuration.crossOrigins == [] && configuration.tracing == nil)
        #expect(configuration.limits.requestLineByteLimit == 8192)
        #expect(configuration.limits.headerByteLimit == 32_768)
        #expect(configuration.limits.headerCountLimit == 100)
        #expect(configuration.limits.bodyByteLimit == 10_485_760)
        #expect(configuration.limits.headerTimeoutMilliseconds == 10_000)
        #expect(configuration.limits.bodyIdleTimeoutMilliseconds == 30_000)
        #expect(configuration.limits.bodyMinimumRate == 240)
        #expect(configuration.limits.sendTimeoutMilliseconds == 30_000)
        #expect(configuration.limits.tunnelIdleTimeoutMilliseconds == 300_000)
        #expect(configuration.limits.requestsPerConnectionLimit == 0)
        #expect(configuration.limits.keepAliveTimeoutMilliseconds == 75_000)
        #expect(configuration.limits.connectionLimit == 20_000)
        #expect(configuration.limits.connectionsPerAddressLimit == 0)
        #expect(configuration.limits.http2StreamLimit == 100)
        #expect(configuration.limits.shutdownGraceMilliseconds == 20_000)
        #expect(configuration.accessLog == .everyRequest)
        #expect(configuration.redis == nil)
        #expect(configuration.tokens == nil)
        #expect(configuration.issuers.isEmpty)
        #expect(configuration.leewaySeconds == 30)
        #expect(!configuration.requiresTokenType)
        #expect(configuration.verificationCacheEntryLimit == 50_000)
        #expect(configuration.revocation == .init(mode: .query, onUnavailable: .closed))
        #expect(configuration.credentials == nil)
        let upstream = try #require(configuration.upstreams.first)
        #expect(upstream.balance == .roundRobin)
        #expect(upstream.connectTimeoutMilliseconds == 1000)
        #expect(upstream.responseTimeoutMilliseconds == 30_000)
        #expect(upstream.idleConnectionLimit == 256 && upstream.idleTimeoutMilliseconds == 60_000)
        #expect(upstream.connectionLimit == 0 && upstream.queueLimit == 1024)
        #expect(upstream.queueTimeoutMilliseconds == 1000)
        #expect(upstream.retries == 1 && upstream.ejectAfter == 5 && upstream.ejectTimeMilliseconds == 10_000)
        #expect(upstream.resolveIntervalMilliseconds == 30_000)
        #expect(upstream.health == nil && upstream.tls == nil)
        let route = try #require(configuration.routes.first)
        #expect(route.host == nil && route.methods == nil && !route.stripsPrefix && !route.forwardsCredentials)
        #expect(route.rateLimit == nil)
    }

    @Test("tokens and Redis have defaults besides what must be written")
    func sectionDefaults() throws {
        let text = Fixture.with(
            """
            redis: {url: "redis://cache"}
            tokens: {issuer: "https://auth.example", key_directory: /var/keys}
            """)
        let configuration = try Fixture.load(text)
        let redis = try #require(configuration.redis)
        #expect(redis.topology == .standalone(.init(host: "cache", port: 6379)))
        #expect(redis.database == 0 && redis.keyPrefix == "portcullis:" && redis.login == nil && redis.tls == nil)
        #expect(redis.connectTimeoutMilliseconds == 1000 && redis.commandTimeoutMilliseconds == 100)
        let tokens = try #require(configuration.tokens)
        #expect(tokens.audiences == ["api"] && tokens.algorithm == .es256 && tokens.keyDirectory == "/var/keys")
        #expect(tokens.accessLifetimeSeconds == 900 && tokens.refreshLifetimeSeconds == 14 * 86_400)
        #expect(tokens.sessionLifetimeSeconds == 90 * 86_400 && tokens.rotationGraceSeconds == 10)
    }
}
