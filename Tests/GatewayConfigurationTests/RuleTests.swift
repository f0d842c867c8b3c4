import Testing

@testable import GatewayConfiguration

@Suite("What must fit together")
struct RuleTests {
    private typealias Code = ConfigurationProblem.Code

    /// Problems as `code keyPath`.
    private func summary(_ text: String) -> [String] {
        Fixture.problems(text).map { "\($0.code) \($0.keyPath)" }
    }

    @Test("a route without auth, or with an empty one, is never open")
    func authIsWritten() {
        for auth in [
            "", ", auth: ", ", auth: None", ", auth: \"\"", ", auth: false", ", auth: []", ", auth: [none]",
            ", auth: {}", ", auth: {scopes: [a]}", ", auth: {any_of: []}", ", auth: {any_of: [none]}",
            ", auth: {any_of: jwt}", ", auth: jwt",
        ] {
            #expect(Fixture.problems(Fixture.withRoute("{path: /, upstream: api\(auth)}")).count == 1, "\(auth)")
        }
    }

    @Test("a protected route needs somebody whose tokens it accepts")
    func issuersAreNeeded() {
        let text = """
            version: 1
            upstreams: {api: {targets: ["http://127.0.0.1:9000"]}}
            routes: [{path: /, upstream: api, auth: {any_of: [jwt]}}]

            """
        let issuer = "{issuer: a, jwks_file: b, audiences: [c], algorithms: [ES256]}"
        #expect(summary(text) == ["conflict routes[0].auth"])
        #expect(summary(text + "issuers: []") == ["conflict routes[0].auth"])
        #expect(summary(text + "issuers: [\(issuer)]") == [])
        #expect(summary(text + "tokens: {issuer: \"https://a\", key_directory: k}") == [])
        #expect(summary(text + "issuers: [{}]").allSatisfy { $0.hasPrefix("missing issuers[0].") })
    }

    @Test("credentials need tokens")
    func credentialsNeedTokens() {
        #expect(summary(Fixture.with("credentials: {database: a}")) == ["conflict credentials"])
        let tokens = "tokens: {issuer: \"https://a\", key_directory: k}\n"
        #expect(summary(Fixture.with(tokens + "credentials: {database: a}")) == [])
    }

    @Test("lifetimes are in order, and the one that is written is the one to change")
    func lifetimes() {
        func lifetimes(_ settings: String) -> [String] {
            summary(Fixture.with("tokens: {issuer: \"https://a\", key_directory: k, \(settings)}"))
        }
        #expect(lifetimes("access_ttl: 1h, refresh_ttl: 1h, session_ttl: 1h") == [])
        #expect(lifetimes("refresh_ttl: 10m") == ["conflict tokens.refresh_ttl"])
        #expect(lifetimes("refresh_ttl: 91d") == ["conflict tokens.refresh_ttl"])
        #expect(lifetimes("access_ttl: 1d, refresh_ttl: 1h") == ["conflict tokens.refresh_ttl"])
        #expect(lifetimes("session_ttl: 1d") == ["conflict tokens.session_ttl"])
        #expect(lifetimes("rotation_grace: 301s") == ["badValue tokens.rotation_grace"])
        #expect(lifetimes("access_ttl: 0") == ["badValue tokens.access_ttl"])
    }

    @Test("leeway is 0 to 5m")
    func leeway() throws {
        #expect(try Fixture.load(Fixture.with("leeway: 0")).leewaySeconds == 0)
        #expect(try Fixture.load(Fixture.with("leeway: 5m")).leewaySeconds == 300)
        #expect(summary(Fixture.with("leeway: 301s")) == ["badValue leeway"])
        #expect(summary(Fixture.with("leeway: 500ms")) == ["badValue leeway"])
        #expect(summary(Fixture.with("leeway: \"0\"")) == ["wrongType leeway"])
    }

    @Test("an issuer is named once, the gateway's own included")
    func issuersAreDistinct() {
        func issuer(_ name: String) -> String {
            "{issuer: \"\(name)\", jwks_file: b, audiences: [c], algorithms: [ES256]}"
        }
        let tokens = "tokens: {issuer: \"https://a\", key_directory: k}\n"
        let text = Fixture.with(
            tokens + "issuers: [\(issuer("https://b")), \(issuer("https://a")), \(issuer("https://b"))]")
        #expect(summary(text) == ["conflict issuers[1].issuer", "conflict issuers[2].issuer"])
    }

    @Test("no two routes have host, path and a method in common")
    func routesAreDistinct() {
        func routes(_ first: String, _ second: String) -> [String] {
            summary(Fixture.withRoute("{\(first), upstream: api, auth: none}, {\(second), upstream: api, auth: none}"))
        }
        let clash = ["conflict routes[1]"]
        #expect(routes("path: /a", "path: /a") == clash)
        #expect(routes("path: /a", "path: /a, methods: [GET]") == clash)
        #expect(routes("path: /a, methods: [GET, PUT]", "path: /a, methods: [PUT]") == clash)
        #expect(routes("path: /a, host: A.example", "path: /a, host: a.EXAMPLE") == clash)
        #expect(routes("path: /a, methods: [GET]", "path: /a, methods: [PUT]") == [])
        #expect(routes("path: /a", "path: /a/") == [])
        #expect(routes("path: /a", "path: /A") == [])
        #expect(routes("path: /a", "path: /a, host: b") == [])
    }

    @Test("a route keeps to the upstreams there are")
    func danglingUpstream() {
        let text = Fixture.withRoute("{path: /, upstream: app, auth: none}")
        #expect(summary(text) == ["unknownName routes[0].upstream"])
        #expect(Fixture.problems(text).first?.suggestion == "api")
        let none = "version: 1\nupstreams: {}\nroutes: [{path: /, upstream: api, auth: none}]"
        #expect(summary(none) == ["unknownName routes[0].upstream"])
        #expect(
            summary("version: 1\nupstreams: 3\nroutes: [{path: /, upstream: api, auth: none}]") == [
                "wrongType upstreams"
            ])
    }

    @Test("an upstream that is wrong in itself is not unknown as well")
    func brokenUpstreamIsKnown() {
        let text = "version: 1\nupstreams: {api: {targets: []}}\nroutes: [{path: /, upstream: api, auth: none}]"
        #expect(summary(text) == ["badValue upstreams.api.targets"])
    }

    @Test("empty lists where something is needed, and things said twice, are problems")
    func lists() {
        let route = "path: /, upstream: api, auth"
        #expect(
            summary(Fixture.withRoute("{\(route): {any_of: [jwt], audiences: []}}")) == [
                "badValue routes[0].auth.audiences"
            ])
        #expect(summary(Fixture.withRoute("{\(route): none, methods: []}")) == ["badValue routes[0].methods"])
        #expect(
            summary(Fixture.withRoute("{\(route): none, methods: [GET, GET]}")) == ["conflict routes[0].methods[1]"])
        #expect(summary(Fixture.withRoute("{\(route): {any_of: [jwt, jwt]}}")) == ["conflict routes[0].auth.any_of[1]"])
        #expect(
            summary(Fixture.withRoute("{\(route): {any_of: [jwt], scopes: [a, a]}}")) == [
                "conflict routes[0].auth.scopes[1]"
            ])
        #expect(summary(Fixture.withRoute("{\(route): {any_of: [jwt], scopes: []}}")) == [])
    }

    @Test("a route's on_unavailable overrides the general one, and means nothing on an open route")
    func outagePolicy() throws {
        let text = Fixture.withRoute(
            "{path: /a, upstream: api, auth: {any_of: [jwt]}, on_unavailable: closed}, {path: /b, upstream: api, auth: {any_of: [jwt]}}"
        )
        let configuration = try Fixture.load(text + "\nrevocation: {on_unavailable: open}")
        #expect(configuration.routes.map(\.onUnavailable) == [.closed, .open])
        let open = Fixture.withRoute("{path: /, upstream: api, auth: none, on_unavailable: open}")
        #expect(summary(open) == ["conflict routes[0].on_unavailable"])
    }

    @Test("the listeners do not share an address")
    func listenerAddresses() {
        #expect(
            summary(Fixture.with("listeners: {admin: {address: \"0.0.0.0:8080\"}}")) == [
                "conflict listeners.admin.address"
            ])
        let anyPort = "listeners: {public: {address: \"localhost:0\"}, admin: {address: \"localhost:0\"}}"
        #expect(summary(Fixture.with(anyPort)) == [])
    }

    @Test("user and password of Redis stand in one place")
    func redisLogin() throws {
        let below = try Fixture.load(Fixture.with("redis: {url: \"redis://a\", user: u, password: p}")).redis
        #expect(below?.login == Configuration.Redis.Login(user: "u", password: Secret("p")))
        #expect(summary(Fixture.with("redis: {url: \"redis://a\", user: u}")) == ["conflict redis.user"])
        #expect(summary(Fixture.with("redis: {url: \"redis://u:p@a\", password: p}")) == ["conflict redis.password"])
        #expect(
            summary(Fixture.with("redis: {url: \"redis://u:p@a\", user: u, password: p}")) == ["conflict redis.user"])
        #expect(
            summary(Fixture.with("redis: {key_prefix: \"a*\"}")) == ["missing redis.url", "badValue redis.key_prefix"])
    }

    @Test("the access log is on, off, or a share")
    func accessLog() throws {
        #expect(try Fixture.load(Fixture.with("access_log: false")).accessLog == .off)
        #expect(try Fixture.load(Fixture.with("access_log: {sample: 0.01}")).accessLog == .sampled(fraction: 0.01))
        #expect(try Fixture.load(Fixture.with("access_log: {sample: 1}")).accessLog == .sampled(fraction: 1))
        for sample in ["0", "1.1", "-0.1", ".5", "1e-2", "nan", "\"0.5\"", "0.0.1", "x"] {
            #expect(Fixture.problems(Fixture.with("access_log: {sample: \(sample)}")).count == 1, "\(sample)")
        }
        #expect(summary(Fixture.with("access_log: {}")) == ["missing access_log.sample"])
    }

    @Test("tracing needs the whole URL of a collector, and takes a ratio of 0")
    func tracing() throws {
        let endpoint = "https://otel.example:4318/v1/traces"
        #expect(
            try Fixture.load(Fixture.with("tracing: {endpoint: \"\(endpoint)\"}")).tracing
                == .init(endpoint: endpoint, sampleRatio: 0.01, serviceName: "portcullis"))
        let full = "tracing: {endpoint: \"http://[::1]/otlp\", sample_ratio: 0, service_name: edge}"
        #expect(
            try Fixture.load(Fixture.with(full)).tracing
                == .init(endpoint: "http://[::1]/otlp", sampleRatio: 0, serviceName: "edge"))
        #expect(summary(Fixture.with("tracing: {}")) == ["missing tracing.endpoint"])
        for bad in [
            "otel:4318/v1/traces", "grpc://otel:4317/x", "http://u:p@otel/v1", "http://otel:0/v1", "http://otel/v1?a=b",
            "http://otel/v1#a", "http://otel/v 1", "http://otel:4318", "http://otel:4318/", "http:///v1",
        ] {
            let found = Fixture.problems(Fixture.with("tracing: {endpoint: \"\(bad)\"}"))
            #expect(found.map(\.keyPath) == ["tracing.endpoint"], "\(bad)")
        }
        let short = Fixture.lines(Fixture.with("tracing: {endpoint: \"http://otel:4318\"}"))
        #expect(short.first?.hasSuffix("did you mean `http://otel:4318/v1/traces`?") == true, "\(short)")
        for ratio in ["1.1", "-0.1", "\"0.5\"", "always"] {
            let text = Fixture.with("tracing: {endpoint: \"http://a/b\", sample_ratio: \(ratio)}")
            #expect(Fixture.problems(text).map(\.keyPath) == ["tracing.sample_ratio"], "\(ratio)")
        }
        let headers = "headers: {Authorization: \"Bearer ${T}\", X-Scope-OrgID: edge}"
        let loaded = try Fixture.load(
            Fixture.with("tracing: {endpoint: \"http://a/b\", \(headers)}"), environment: ["T": "t-1"])
        #expect(
            loaded.tracing?.headers == [
                .init(name: "Authorization", value: Secret("Bearer t-1")),
                .init(name: "X-Scope-OrgID", value: Secret("edge")),
            ])
        for (bad, path) in [
            ("[a]", "headers"), ("{\"a b\": c}", "headers"), ("{Host: a}", "headers.Host"),
            ("{content-TYPE: a}", "headers.content-TYPE"), ("{a: b, A: c}", "headers.A"),
            ("{a: \"hunter2é\"}", "headers.a"), ("{a: \"hunter2\\r\\nb: c\"}", "headers.a"), ("{a: \"\"}", "headers.a"),
            ("{a: \" hunter2\"}", "headers.a"), ("{a: 1}", "headers.a"),
        ] {
            let lines = Fixture.lines(Fixture.with("tracing: {endpoint: \"http://a/b\", headers: \(bad)}"))
            #expect(lines.count == 1 && lines[0].contains("tracing.\(path)"), "\(bad): \(lines)")
            #expect(!lines.contains { $0.contains("hunter2") })
        }
        let long = String(repeating: "n", count: 256)
        let text = Fixture.with("tracing: {endpoint: \"http://a/b\", service_name: \(long)}")
        #expect(Fixture.problems(text).map(\.keyPath) == ["tracing.service_name"])
    }

    @Test(
        "settings of later versions are refused by name, never ignored",
        arguments: [
            ("listeners: {admin: {tls: {certificate: a, private_key: b}}}", "listeners.admin.tls")
        ])
    func laterSettings(settings: String, keyPath: String) {
        #expect(summary(Fixture.with(settings)) == ["notSupportedYet \(keyPath)"])
    }

    @Test(
        "an issuer's keys are in one place: a file, an address, or where its name leads",
        arguments: [
            ("issuer: \"https://b\", jwks_uri: \"https://b/keys\"", []),
            ("issuer: \"https://b\", refresh: 1h, cool_down: 1m, max_stale: 2h, ca: x", []),
            ("issuer: b, jwks_file: f", []),
            ("issuer: b", ["missing issuers[0].jwks_uri"]),
            ("issuer: \"https://b?x\"", ["missing issuers[0].jwks_uri"]),
            ("issuer: \"http://b\"", ["missing issuers[0].jwks_uri"]),
            ("issuer: b, jwks_file: f, jwks_uri: \"https://b/keys\"", ["conflict issuers[0].jwks_uri"]),
            ("issuer: b, jwks_file: f, max_stale: 1h", ["conflict issuers[0].max_stale"]),
            ("issuer: b, jwks_uri: \"http://b/keys\"", ["badValue issuers[0].jwks_uri"]),
            ("issuer: b, jwks_uri: \"https://u@b/keys\"", ["badValue issuers[0].jwks_uri"]),
            ("issuer: b, jwks_uri: \"https://b/keys#x\"", ["badValue issuers[0].jwks_uri"]),
            ("issuer: \"https://b\", max_stale: 31d", ["badValue issuers[0].max_stale"]),
        ] as [(String, [String])])
    func keySources(issuer: String, expected: [String]) {
        func text(_ algorithms: String) -> String {
            """
            version: 1
            issuers: [{\(issuer), audiences: [c], algorithms: [\(algorithms)]}]
            upstreams:
              api: {targets: ["http://a"]}
            routes:
              - {path: /, upstream: api, auth: {any_of: [jwt]}}
            """
        }
        #expect(summary(text("ES256")) == expected)
        if expected.isEmpty, !issuer.contains("jwks_file") {
            #expect(
                summary(text("ES256, HS256")) == ["conflict issuers[0].algorithms"], "what is published is no secret")
        }
    }

    @Test(
        "what needs Redis is refused without it", arguments: ["mode: mirror", "min_replicas: 1", "acknowledge: nodes"])
    func revocationNeedsRedis(setting: String) {
        let key = setting.prefix { $0 != ":" }
        #expect(summary(Fixture.with("revocation: {\(setting)}")) == ["conflict revocation.\(key)"])
        let redis = "redis: {url: \"redis://127.0.0.1:6379/0\"}"
        #expect(summary(Fixture.with("\(redis)\nrevocation: {\(setting)}")).isEmpty)
    }

    @Test("a limit counts by what the route knows of its clients, and together only where there is Redis")
    func rateLimits() throws {
        func limited(_ limit: String, auth: String = "none", _ sections: String = "") -> String {
            """
            version: 1
            upstreams: {api: {targets: ["http://127.0.0.1:9000"]}}
            tokens: {issuer: "https://a", key_directory: k}
            routes: [{path: /, upstream: api, auth: \(auth), rate_limit: \(limit)}]
            \(sections)
            """
        }
        let path = "routes[0].rate_limit"
        for key in ["subject", "client"] {
            let limit = "{requests: 1, window: 1s, key: \(key)}"
            #expect(summary(limited(limit)) == ["conflict \(path).key"])
            #expect(summary(limited(limit, auth: "{any_of: [jwt]}")) == [])
        }
        for auth in ["none", "{any_of: [jwt]}"] {
            #expect(summary(limited("{requests: 1, window: 1d, key: address}", auth: auth)) == [])
        }
        let shared = "{requests: 1, window: 1s, key: address, shared: true}"
        #expect(summary(limited(shared)) == ["conflict \(path).shared"])
        #expect(summary(limited(shared, "redis: {url: \"redis://a\"}")) == [])
        #expect(Set(summary(limited("{}"))) == Set(["requests", "window", "key"].map { "missing \(path).\($0)" }))
        #expect(summary(limited("{requests: 1, window: 999ms, key: address}")) == ["badValue \(path).window"])
        #expect(summary(limited("{requests: 1, window: 25h, key: address}")) == ["badValue \(path).window"])
        #expect(summary(limited("{requests: 0, window: 1s, key: address}")) == ["badValue \(path).requests"])
        #expect(summary(limited("{requests: 1, window: 1s, key: address, burst: 0}")) == ["badValue \(path).burst"])
        #expect(summary(limited("{requests: 1, window: 1s, key: ip}")) == ["badValue \(path).key"])
        #expect(summary(limited("100")) == ["wrongType \(path)"])
        let limit = try Fixture.load(limited("{requests: 7, window: 1m, key: address}")).routes[0].rateLimit
        #expect(
            limit
                == .init(requestCount: 7, windowMilliseconds: 60_000, burstCount: 7, key: .address, isShared: false))
    }

    @Test("names of upstreams are fit for metrics")
    func upstreamNames() {
        for name in ["\"a b\"", "\"\"", "é", "a.b", String(repeating: "a", count: 65)] {
            let text = "version: 1\nupstreams: {\(name): {targets: [\"http://a\"]}}\nroutes: []"
            #expect(Fixture.problems(text).map(\.code) == [.badValue], "\(name)")
        }
    }
}
