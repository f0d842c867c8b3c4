import Testing

@testable import GatewayConfiguration

@Suite("Upstreams in the file")
struct UpstreamTests {
    private func text(_ upstream: String) -> String {
        "version: 1\nupstreams: {api: {\(upstream)}}\nroutes: [{path: /, upstream: api, auth: none}]"
    }

    private func summary(_ upstream: String) -> [String] {
        Fixture.problems(text(upstream)).map { "\($0.code) \($0.keyPath)" }
    }

    @Test("all that can be said about one")
    func everything() throws {
        let configuration = try Fixture.load(
            text(
                """
                targets: ["https://a:8443", {url: "https://b", weight: 3}, "unix:/run/c.sock"],
                balance: least_requests, connect_timeout: 2s, response_timeout: 1m, idle_connections: 8,
                idle_timeout: 5s, max_connections: 32, queue: 16, queue_timeout: 100ms, retries: 2, eject_after: 3,
                eject_time: 20s, dns_refresh: 5s,
                tls: {ca: ca.pem, certificate: /x/c.pem, private_key: k.pem, server_name: Api.Internal},
                health: {path: "/h?deep=1", interval: 1s, timeout: 300ms, unhealthy_after: 2, healthy_after: 1}
                """))
        #expect(
            configuration.upstreams == [
                Configuration.Upstream(
                    name: "api",
                    targets: [
                        .init(address: .network(host: "a", port: 8443), usesTLS: true),
                        .init(address: .network(host: "b", port: 443), usesTLS: true, weight: 3),
                        .init(address: .socket(path: "/run/c.sock")),
                    ],
                    balance: .leastRequests,
                    tls: .init(
                        trustedCertificatesFile: "/etc/portcullis/ca.pem", certificateFile: "/x/c.pem",
                        privateKeyFile: "/etc/portcullis/k.pem", serverName: "api.internal"),
                    connectTimeoutMilliseconds: 2000, responseTimeoutMilliseconds: 60_000, idleConnectionLimit: 8,
                    idleTimeoutMilliseconds: 5000, connectionLimit: 32, queueLimit: 16, queueTimeoutMilliseconds: 100,
                    retries: 2, ejectAfter: 3, ejectTimeMilliseconds: 20_000, resolveIntervalMilliseconds: 5000,
                    health: .init(
                        path: "/h?deep=1", intervalMilliseconds: 1000, timeoutMilliseconds: 300, unhealthyAfter: 2,
                        healthyAfter: 1))
            ])
    }

    @Test("two targets at one address are a mistake, however they are written")
    func distinctTargets() {
        #expect(
            summary("targets: [\"http://a\", {url: \"http://a:80\", weight: 2}]") == [
                "conflict upstreams.api.targets[1]"
            ])
        #expect(summary("targets: [\"unix:/a\", \"unix:/a\"]") == ["conflict upstreams.api.targets[1]"])
        #expect(summary("targets: [\"http://a\", \"http://a:81\", \"https://a\"]") == [])
    }

    @Test("what is wrong is named, and nothing else")
    func problems() {
        let target = "targets: [\"https://a\"]"
        #expect(summary("targets: [{weight: 2}]") == ["missing upstreams.api.targets[0].url"])
        #expect(
            summary("targets: [{url: \"http://a\", weight: 0}, {url: \"http://b\", wait: 1}]") == [
                "badValue upstreams.api.targets[0].weight", "unknownKey upstreams.api.targets[1].wait",
            ])
        #expect(summary("targets: [[\"http://a\"]]") == ["wrongType upstreams.api.targets[0]"])
        #expect(summary("\(target), retries: 6") == ["badValue upstreams.api.retries"])
        #expect(summary("\(target), tls: {certificate: c}") == ["conflict upstreams.api.tls.certificate"])
        #expect(summary("\(target), tls: {private_key: c}") == ["conflict upstreams.api.tls.private_key"])
        #expect(summary("\(target), tls: {server_name: 127.0.0.1}") == ["badValue upstreams.api.tls.server_name"])
        #expect(summary("\(target), tls: {verify: false}") == ["unknownKey upstreams.api.tls.verify"])
        #expect(summary("targets: [\"http://a\"], tls: {ca: c}") == ["conflict upstreams.api.tls"])
        #expect(summary("\(target), health: {}") == ["missing upstreams.api.health.path"])
        for path in ["healthz", "/a b", "/a#b", "/\u{E9}"] {
            #expect(summary("\(target), health: {path: \"\(path)\"}") == ["badValue upstreams.api.health.path"])
        }
    }
}
