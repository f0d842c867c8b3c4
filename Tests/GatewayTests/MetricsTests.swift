import CoreMetrics
import Foundation
import Proxy
import TestSupport
import Testing

@testable import Gateway

@Suite("Metrics: the text that Prometheus reads")
struct PrometheusTextTests {
    @Test("a family has its help and type, and labels are escaped")
    func escaping() {
        var text = PrometheusText()
        text.family("a_total", .counter, "What\nit \\ is.")
        text.sample("a_total", [("path", "/a\"b\\c\nd"), ("code", "200")], 3)
        text.sample("a_total", fraction: 0.25)
        #expect(
            text.text == """
                # HELP a_total What\\nit \\\\ is.
                # TYPE a_total counter
                a_total{path="/a\\"b\\\\c\\nd",code="200"} 3
                a_total 0.25

                """)
    }

    @Test("buckets of a histogram contain those below them, and end with all")
    func histogram() {
        var text = PrometheusText()
        text.histogram(
            "d_seconds", [("route", "/x")], boundsNanoseconds: [1_000_000, 2_500_000_000], counts: [2, 3, 1],
            sumNanoseconds: 4_500_000_000)
        #expect(
            text.text == """
                d_seconds_bucket{route="/x",le="0.001"} 2
                d_seconds_bucket{route="/x",le="2.5"} 5
                d_seconds_bucket{route="/x",le="+Inf"} 6
                d_seconds_sum{route="/x"} 4.5
                d_seconds_count{route="/x"} 6

                """)
    }

    @Test("counters of swift-metrics are kept by their labels, and unknown names are not")
    func registry() {
        let registry = MetricsRegistry()
        registry.count(.logins, ("result", "ok"))
        registry.count(.logins, ("result", "ok"))
        registry.count(.logins, ("result", "refused"))
        registry.set(.lastReloadSuccessful, to: 1)
        Counter(label: "somebody_elses", factory: registry).increment()
        var text = PrometheusText()
        registry.write(to: &text)
        #expect(text.text.contains("portcullis_logins_total{result=\"ok\"} 2\n"))
        #expect(text.text.contains("portcullis_logins_total{result=\"refused\"} 1\n"))
        #expect(text.text.contains("portcullis_config_last_reload_successful 1\n"))
        #expect(text.text.contains("# TYPE portcullis_refresh_total counter\n"), "told before there is one")
        #expect(!text.text.contains("somebody"))
    }
}

@Suite("Metrics of a running gateway")
struct MetricsEndpointTests {
    @Test("each answer, decision and refresh is counted under its labels")
    func counts() async throws {
        try await GatewayFixture.with { gateway in
            try await gateway.waitForRedis()
            let before = try await gateway.metrics()
            let token = try gateway.issuer.token()
            for _ in 0..<3 { #expect(try await gateway.call("GET", "/api/x", token: token).status == 200) }
            #expect(try await gateway.call("GET", "/api/x").status == 401)
            #expect(try await gateway.call("GET", "/nowhere").status == 404)
            let after = try await gateway.metrics()
            func increase(_ name: String, _ labels: String = "") -> Double {
                after.value(name, labels) - before.value(name, labels)
            }
            let route = "route=\"/api/\",method=\"GET\""
            #expect(increase("portcullis_http_requests_total", route + ",code=\"200\"") == 3)
            #expect(increase("portcullis_http_requests_total", route + ",code=\"401\"") == 1)
            let none = "route=\"none\",method=\"GET\",code=\"404\""
            #expect(increase("portcullis_http_requests_total", none) == 1)
            #expect(increase("portcullis_auth_decisions_total", "decision=\"allow\",reason=\"ok\"") == 3)
            #expect(increase("portcullis_auth_decisions_total", "decision=\"deny\",reason=\"no_credential\"") == 1)
            #expect(increase("portcullis_http_request_duration_seconds_count", "route=\"/api/\"") == 4)
            #expect(increase("portcullis_upstream_request_duration_seconds_count", "upstream=\"api\"") == 3)
            #expect(increase("portcullis_gateway_overhead_seconds_count") == 5)
            #expect(increase("portcullis_revocation_checks_total", "result=\"clear\"") == 3)
            #expect(increase("portcullis_revocation_check_duration_seconds_count") == 3)
            #expect(increase("portcullis_revocation_check_duration_seconds_sum") > 0)
            #expect(increase("portcullis_jwt_cache_total", "result=\"hit\"") >= 1, "two event loops at most")
            #expect(increase("portcullis_jwt_cache_total", "result=\"miss\"") >= 1)
            #expect(after.value("portcullis_redis_up") == 1)
            #expect(after.text.contains("portcullis_revocation_mirror_entries 0\n"))
            #expect(after.text.contains("portcullis_connections{listener=\"listeners.public\"}"))
            #expect(after.value("portcullis_build_info", "version=\"\(Version.current)\"") == 1)
        }
    }

    @Test("checks that Redis is not asked for have no duration: from the mirror, or with nobody to ask")
    func unasked() async throws {
        var settings = GatewaySettings()
        settings.sections = ["revocation: {mode: mirror}"]
        try await GatewayFixture.with(settings) { gateway in
            try await gateway.waitForRedis()
            let token = try gateway.issuer.token()
            let isFresh = try await eventually {
                try await gateway.metrics().value("portcullis_revocation_mirror_age_seconds") < 1
            }
            #expect(isFresh)
            let before = try await gateway.metrics()
            for _ in 0..<3 { #expect(try await gateway.call("GET", "/api/x", token: token).status == 200) }
            let after = try await gateway.metrics()
            let checks = ("portcullis_revocation_checks_total", "result=\"clear\"")
            #expect(after.value(checks.0, checks.1) - before.value(checks.0, checks.1) == 3)
            let asked = "portcullis_revocation_check_duration_seconds_count"
            #expect(after.value(asked) == before.value(asked))
        }
    }

    @Test("each metric that is promised is there")
    func promised() async throws {
        var settings = GatewaySettings.accounts
        settings.sections = ["revocation: {mode: mirror}"]
        try await GatewayFixture.with(settings) { gateway in
            try await gateway.waitForRedis()
            _ = try await gateway.call("GET", "/api/x", token: try gateway.issuer.token())
            let lines = try await gateway.metrics().text.split(separator: "\n")
            for (name, kind) in Self.promisedFamilies {
                #expect(lines.contains("# TYPE portcullis_\(name) \(kind)"), "\(name)")
            }
            // Those without labels, and those whose labels are known from the start, have a sample, too.
            let bare = ["redis_up", "redis_reconnects_total", "access_log_dropped_total", "revocation_mirror_entries"]
            for name in bare { #expect(lines.contains { $0.hasPrefix("portcullis_\(name) ") }, "\(name)") }
            for result in ["clear", "revoked", "stale_allowed", "open_allowed", "unavailable"] {
                let sample = "portcullis_revocation_checks_total{result=\"\(result)\"} "
                #expect(lines.contains { $0.hasPrefix(sample) }, "\(result)")
            }
        }
    }

    private static let promisedFamilies: [(String, String)] = [
        ("http_requests_total", "counter"), ("http_request_duration_seconds", "histogram"),
        ("gateway_overhead_seconds", "histogram"), ("upstream_request_duration_seconds", "histogram"),
        ("upstream_healthy", "gauge"), ("auth_decisions_total", "counter"), ("jwt_cache_total", "counter"),
        ("revocation_checks_total", "counter"), ("revocation_check_duration_seconds", "histogram"),
        ("revocation_writes_total", "counter"), ("revocation_mirror_age_seconds", "gauge"),
        ("revocation_mirror_entries", "gauge"), ("redis_up", "gauge"), ("redis_reconnects_total", "counter"),
        ("refresh_total", "counter"), ("tokens_issued_total", "counter"), ("logins_total", "counter"),
        ("api_key_cache_total", "counter"), ("jwks_fetches_total", "counter"), ("signing_key_age_seconds", "gauge"),
        ("config_last_reload_successful", "gauge"), ("connections", "gauge"), ("build_info", "gauge"),
        ("access_log_dropped_total", "counter"),
    ]

    @Test("lines that a stalled reader of the log costs are counted, and no request waits for it")
    func stalledLog() async throws {
        var settings = GatewaySettings()
        let pipe = Pipe()
        settings.logPipe = pipe
        try await GatewayFixture.with(settings) { gateway in
            // The end of the gateway waits for the log to be written.
            defer { Thread { while !pipe.fileHandleForReading.availableData.isEmpty {} }.start() }
            try await gateway.waitForRedis()
            gateway.fillLog()
            let name = "portcullis_access_log_dropped_total"
            let before = try await gateway.metrics().value(name)
            for _ in 0..<5 { #expect(try await gateway.call("GET", "/public/x").status == 200) }
            let isCounted = try await eventually { try await gateway.metrics().value(name) >= before + 5 }
            #expect(isCounted)
        }
    }

    @Test("no label has a token, a subject or a path that a client chose")
    func labels() async throws {
        try await GatewayFixture.with { gateway in
            try await gateway.waitForRedis()
            let token = try gateway.issuer.token()
            _ = try await gateway.call("GET", "/api/chosen-by-a-client", token: token)
            _ = try await gateway.call("BREW", "/api/chosen-by-a-client", token: token)
            let text = try await gateway.metrics().text
            #expect(!text.contains("chosen-by-a-client") && !text.contains("BREW") && !text.contains(token))
        }
    }

    @Test("promtool finds nothing to criticise", .enabled("promtool is installed", Promtool.isPresent))
    func promtool() async throws {
        try await GatewayFixture.with { gateway in
            try await gateway.waitForRedis()
            _ = try await gateway.call("GET", "/api/x", token: try gateway.issuer.token())
            let text = try await gateway.metrics().text
            let run = try ProgramRun(
                Promtool.url, ["check", "metrics"], input: text, directory: FileManager.default.temporaryDirectory)
            #expect(await run.end() == 0, "\(run.output) \(run.errors)")
        }
    }
}

/// Prometheus' own judge of what it is to read.
private enum Promtool {
    static let url = URL(fileURLWithPath: "/usr/bin/promtool")

    /// Whether it is there; its absence is said loudly.
    @Sendable
    static func isPresent() -> Bool {
        let isThere = FileManager.default.isExecutableFile(atPath: url.path)
        if !isThere { print("SKIPPED: no promtool; install prometheus") }
        return isThere
    }
}

/// What `/metrics` said at one moment.
struct ScrapedMetrics {
    let text: String

    /// The value of one sample; 0 where there is none.
    func value(_ name: String, _ labels: String = "") -> Double {
        let start = labels.isEmpty ? name + " " : "\(name){\(labels)} "
        for line in text.split(separator: "\n") where line.hasPrefix(start) {
            return Double(line.dropFirst(start.count)) ?? 0
        }
        return 0
    }
}

extension GatewayFixture {
    func metrics() async throws -> ScrapedMetrics {
        ScrapedMetrics(text: try await admin("/metrics").text)
    }
}
