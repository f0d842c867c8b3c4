import Foundation
import TestSupport
import Testing

extension GatewayTests {
    @Suite("upstreams as configured")
    struct UpstreamSettingsTests {
        private func target(_ gateway: GatewayFixture) -> String { "127.0.0.1:\(gateway.backend.port)" }

        private func state(_ gateway: GatewayFixture, _ answer: HTTPAnswer) -> String? {
            let document = try? JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any]
            let upstreams = document?["upstreams"] as? [String: [String: String]]
            return upstreams?["api"]?[target(gateway)]
        }

        private func becomes(_ gateway: GatewayFixture, _ status: Int, _ state: String) async throws -> Bool {
            try await eventually(within: .seconds(20)) {
                let answer = try await gateway.readiness()
                return answer.status == status && self.state(gateway, answer) == state
            }
        }

        @Test("readiness follows the health checks, and without them who takes a connection")
        func readiness() async throws {
            for health in [", health: {path: /public/healthz, interval: 100ms, unhealthy_after: 1}", ""] {
                var settings = GatewaySettings()
                settings.redis = .none
                settings.upstream += health
                try await GatewayFixture.with(settings) { (gateway: GatewayFixture) async throws in
                    #expect(try await becomes(gateway, 200, "ok"))
                    await gateway.backend.stop()
                    #expect(try await becomes(gateway, 503, health.isEmpty ? "unreachable" : "unhealthy"))
                    #expect(try await gateway.call("GET", "/public/x").status == 502)
                    try await gateway.backend.restart()
                    #expect(try await becomes(gateway, 200, "ok"))
                    #expect(try await gateway.call("GET", "/public/x").status == 200)
                    #expect(gateway.logText.contains("upstream target is unhealthy") == !health.isEmpty)
                }
            }
        }

        @Test("a target that accepts connections but fails its checks makes the gateway not ready")
        func failingChecks() async throws {
            var settings = GatewaySettings()
            settings.redis = .none
            settings.upstream += ", health: {path: /public/hangup, interval: 100ms}"
            try await GatewayFixture.with(settings) { (gateway: GatewayFixture) async throws in
                #expect(try await becomes(gateway, 503, "unhealthy"))
            }
        }

        @Test("certificates that cannot be used: serve and check name the key and the file, and end with 78")
        func certificates() async throws {
            var settings = GatewaySettings()
            settings.redis = .none
            let yaml = settings.yaml(redisPort: nil, backendPort: 9).replacing("http://127", with: "https://127")
            for (tls, advice) in [
                ("ca: ./none.pem", "upstreams.api.tls.ca "),
                ("certificate: ./idp.json, private_key: ./idp.json", "upstreams.api.tls.certificate "),
            ] {
                let text = yaml.replacing("response_timeout", with: "tls: {\(tls)}, response_timeout")
                let program = try Program(configuration: text)
                _ = try await GatewayFixture.prepare(program.folder, settings)
                for command in ["serve", "check"] {
                    let outcome = try await program.run(command)
                    #expect(outcome.exitCode == 78)
                    #expect(outcome.errors.contains(advice), "\(outcome.errors)")
                }
            }
        }
    }
}
