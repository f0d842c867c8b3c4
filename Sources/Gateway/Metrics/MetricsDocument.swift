import Foundation
import Proxy
import RedisClient
import Revocation
import Sessions

/// Gathers what the parts of the gateway have counted into one document for Prometheus.
struct MetricsDocument: Sendable {
    private static let prefix = MetricFamily.prefix

    let server: ProxyServer
    let registry: MetricsRegistry
    let revocation: RevocationParts
    let redis: RedisClient?
    /// The names of the listeners, in their order.
    let listenerNames: [String]
    let version: String
    /// Where log lines go.
    let output: AccessLogWriter
    /// Where spans wait; `nil` when no request is traced.
    let spans: SpanQueue?
    /// Where the signing keys are, when that is a directory.
    let keyDirectory: SigningKeyDirectory?

    /// The document of this moment.
    func text() async -> String {
        var text = PrometheusText()
        let proxy = await server.metrics()
        writeRequests(proxy, to: &text)
        writeUpstreams(await server.upstreamStatus(), to: &text)
        writeConnections(proxy, to: &text)
        writeAuthentication(await revocation.counts(), to: &text)
        writeRedis(to: &text)
        writeKeys(to: &text)
        let dropped = Self.prefix + "access_log_dropped_total"
        text.family(dropped, .counter, "Lines of the log that could not be written in time, and are lost.")
        text.sample(dropped, [], output.droppedLineCount)
        if let spans {
            let dropped = Self.prefix + "spans_dropped_total"
            text.family(dropped, .counter, "Spans that could not be exported, and are lost.")
            text.sample(dropped, [], spans.droppedSpanCount)
        }
        registry.write(to: &text)
        text.family(Self.prefix + "build_info", .gauge, "Always 1; the label tells which version runs.")
        text.sample(Self.prefix + "build_info", [("version", version)], 1)
        return text.text
    }

    private func writeRequests(_ proxy: ProxyMetrics, to text: inout PrometheusText) {
        let requests = Self.prefix + "http_requests_total"
        text.family(requests, .counter, "Requests answered, by route, method and status code.")
        let answers = proxy.answers.sorted {
            ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status)
        }
        for (key, count) in answers {
            let code = key.status == 0 ? "other" : "\(key.status)"
            text.sample(requests, [("route", key.route), ("method", key.method), ("code", code)], count)
        }
        write(
            "http_request_duration_seconds", "From a request's first byte to the last of its answer.", "route",
            proxy.routeDurations, to: &text)
        write(
            "upstream_request_duration_seconds", "How long an upstream had a request, the way to it included.",
            "upstream", proxy.upstreamDurations, to: &text)
        let overhead = Self.prefix + "gateway_overhead_seconds"
        text.family(overhead, .histogram, "What a request took less the time that an upstream had it.")
        write(overhead, [], proxy.overhead, to: &text)
        let decisions = Self.prefix + "auth_decisions_total"
        text.family(decisions, .counter, "Requests on protected routes, by what was decided and why.")
        let sorted = proxy.decisions.sorted { $0.key.reason < $1.key.reason }
        for (key, count) in sorted {
            let decision = key.isPermitted ? "allow" : "deny"
            text.sample(decisions, [("decision", decision), ("reason", key.reason)], count)
        }
    }

    private func write(
        _ name: String, _ help: String, _ label: String, _ histograms: [String: DurationHistogram],
        to text: inout PrometheusText
    ) {
        text.family(Self.prefix + name, .histogram, help)
        for (value, histogram) in histograms.sorted(by: { $0.key < $1.key }) {
            write(Self.prefix + name, [(label, value)], histogram, to: &text)
        }
    }

    private func write(
        _ name: String, _ labels: [(String, String)], _ histogram: DurationHistogram, to text: inout PrometheusText
    ) {
        text.histogram(
            name, labels, boundsNanoseconds: DurationHistogram.boundsNanoseconds, counts: histogram.counts,
            sumNanoseconds: histogram.sumNanoseconds)
    }

    private func writeUpstreams(_ upstreams: [UpstreamStatus], to text: inout PrometheusText) {
        let name = Self.prefix + "upstream_healthy"
        text.family(name, .gauge, "Whether a target gets requests: 0 when its health checks or its name fail.")
        for upstream in upstreams {
            for target in upstream.targets {
                let isWell =
                    switch target.health {
                    case .healthy, .unchecked: true
                    case .unhealthy, .unknown, .unresolved: false
                    }
                text.sample(name, [("upstream", upstream.name), ("target", target.name)], isWell ? 1 : 0)
            }
        }
    }

    private func writeAuthentication(_ counts: AuthenticationCounts, to text: inout PrometheusText) {
        let cache = Self.prefix + "jwt_cache_total"
        text.family(cache, .counter, "Look-ups of tokens among those remembered, and those forgotten to make room.")
        for (result, count) in [
            ("hit", counts.cacheHits), ("miss", counts.cacheMisses), ("evicted", counts.cacheEvictions),
        ] {
            text.sample(cache, [("result", result)], count)
        }
        let keys = Self.prefix + "api_key_cache_total"
        text.family(keys, .counter, "Look-ups of API keys among those remembered, good or refused.")
        for (result, count) in [
            ("hit", counts.apiKeys.hits), ("refused", counts.apiKeys.refusals), ("miss", counts.apiKeys.misses),
        ] {
            text.sample(keys, [("result", result)], count)
        }
        let checks = Self.prefix + "revocation_checks_total"
        text.family(checks, .counter, "Questions whether a credential is revoked, by what came of them.")
        let revocation = counts.revocation
        for (result, count) in [
            ("clear", revocation.clear), ("revoked", revocation.revoked), ("stale_allowed", revocation.staleAllowed),
            ("open_allowed", revocation.openAllowed), ("unavailable", revocation.unavailable),
        ] {
            text.sample(checks, [("result", result)], count)
        }
        let duration = Self.prefix + "revocation_check_duration_seconds"
        text.family(duration, .histogram, "From asking Redis about a credential to the verdict.")
        write(duration, [], counts.checkDurations, to: &text)
        guard let mirror = self.revocation.mirror else { return }
        let age = Self.prefix + "revocation_mirror_age_seconds"
        text.family(age, .gauge, "How old what is known of revocations is; +Inf while it is not known to be whole.")
        text.sample(age, fraction: mirror.age().map { Double($0) / 1e9 } ?? .infinity)
        let entries = Self.prefix + "revocation_mirror_entries"
        text.family(entries, .gauge, "Revocations known in memory.")
        text.sample(entries, [], mirror.index.count)
    }

    /// Of keys in a directory it is known how old they are.
    ///
    /// What cannot be read is left out: `absent()` tells of it.
    private func writeKeys(to text: inout PrometheusText) {
        let now = Int64(Date.now.timeIntervalSince1970)
        guard let keyDirectory, let keys = try? keyDirectory.list(nowSeconds: now) else { return }
        let name = Self.prefix + "signing_key_age_seconds"
        text.family(name, .gauge, "How long the key that signs access tokens has been there.")
        for key in keys where key.state == .current {
            guard case .accessTokens = key.purpose else { continue }
            text.sample(name, [("kid", key.keyID)], Int(max(0, now - key.createdSeconds)))
        }
    }

    private func writeRedis(to text: inout PrometheusText) {
        guard let redis else { return }
        let isUp = Self.prefix + "redis_up"
        text.family(isUp, .gauge, "Whether every event loop has its connection to Redis.")
        text.sample(isUp, [], redis.isReady ? 1 : 0)
        let reconnects = Self.prefix + "redis_reconnects_total"
        text.family(reconnects, .counter, "How often a connection to Redis was lost.")
        text.sample(reconnects, [], redis.connectionLossCount)
    }

    private func writeConnections(_ proxy: ProxyMetrics, to text: inout PrometheusText) {
        let name = Self.prefix + "connections"
        text.family(name, .gauge, "Client connections that are open, by listener.")
        for (index, listener) in listenerNames.enumerated() {
            text.sample(name, [("listener", listener)], index < proxy.connections.count ? proxy.connections[index] : 0)
        }
    }
}
