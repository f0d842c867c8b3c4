import Foundation
import TestSupport
import Testing

/// The built program, serving, whose configuration a test exchanges.
struct ReloadedProcess {
    static let adminToken = "administrator-of-reloads"

    /// Nothing is reloaded unless it is asked for.
    static var settings: GatewaySettings {
        var settings = GatewaySettings()
        settings.adminToken = adminToken
        settings.tokens = nil
        settings.sections = ["reload: {watch: false}"]
        return settings
    }

    let program: Program
    let run: ProgramRun
    let issuer: ForeignIssuer
    let backendPort: Int
    let redisPort: Int?
    let publicPort: Int
    let adminPort: Int

    /// Starts it and waits until it listens.
    init(_ settings: GatewaySettings = Self.settings, backendPort: Int, redisPort: Int? = nil) async throws {
        SecretLedger.enter(Self.adminToken)
        self.backendPort = backendPort
        self.redisPort = redisPort
        program = try Program(configuration: settings.yaml(redisPort: redisPort, backendPort: backendPort))
        issuer = try await GatewayFixture.prepare(program.folder, settings)
        run = try program.start("serve")
        (publicPort, adminPort) = try await run.ports()
    }

    func write(_ settings: GatewaySettings) throws {
        try program.folder.write(settings.yaml(redisPort: redisPort, backendPort: backendPort), to: "portcullis.yaml")
    }

    func admin(_ method: String, _ path: String) async throws -> HTTPAnswer {
        let connection = try await HTTPTestConnection.open(port: adminPort)
        await connection.request(method, path, [("Authorization", "Bearer \(Self.adminToken)")])
        let answer = try await connection.answer()
        await connection.close()
        return answer
    }

    func reload() async throws -> HTTPAnswer { try await admin("POST", "/admin/v1/reload") }

    /// Exchanges the configuration, which must succeed.
    func take(_ settings: GatewaySettings) async throws {
        try write(settings)
        let answer = try await reload()
        try #require(answer.status == 200, "\(answer.text)")
    }

    func end() async {
        run.signal(SIGTERM)
        #expect(await run.end() == 0)
        run.checkLog()
    }
}
