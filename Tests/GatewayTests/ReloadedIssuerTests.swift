import Foundation
import TestSupport
import Testing

extension GatewayTests {
    @Suite("a serving process takes up other issuers")
    struct ReloadedIssuerTests {
        private static func second(audience: String) -> String {
            "{issuer: \"https://second.test\", jwks_file: ./idp.json, audiences: [\(audience)], algorithms: [ES256]}"
        }

        @Test("at SIGHUP one is added, changed and removed; tokens of the other are good all the while")
        func issuers() async throws {
            var settings = GatewaySettings()
            settings.tokens = nil
            settings.sections = ["reload: {watch: false}"]
            let backend = try await RecordingBackend.start()
            let program = try Program(configuration: settings.yaml(redisPort: nil, backendPort: backend.port))
            let issuer = try await GatewayFixture.prepare(program.folder, settings)
            let run = try program.start("serve")
            let port = try await run.ports().public
            let connection = try await HTTPTestConnection.open(port: port)
            let first = try issuer.token()
            let other = try issuer.token("iss", "\"https://second.test\"")
            func status(_ token: String) async throws -> Int {
                await connection.request("GET", "/api/x", [("Authorization", "Bearer \(token)")])
                return try await connection.answer().status
            }
            #expect(try await status(first) == 200)
            #expect(try await status(other) == 401)
            let steps: [(issuers: [String], expected: Int)] = [
                ([Self.second(audience: "api")], 200), ([Self.second(audience: "elsewhere")], 401),
                ([Self.second(audience: "api")], 200), ([], 401),
            ]
            for (number, step) in steps.enumerated() {
                settings.issuers = step.issuers
                try program.folder.write(
                    settings.yaml(redisPort: nil, backendPort: backend.port), to: "portcullis.yaml")
                run.signal(SIGHUP)
                let isReloaded = await eventually {
                    run.output.components(separatedBy: "configuration reloaded").count == number + 2
                }
                #expect(isReloaded)
                #expect(try await status(other) == step.expected, "step \(number)")
                #expect(try await status(first) == 200, "step \(number)")
            }
            await connection.close()
            run.signal(SIGTERM)
            #expect(await run.end() == 0)
            run.checkLog()
            await backend.stop()
        }
    }
}
