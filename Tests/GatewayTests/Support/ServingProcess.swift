import TestSupport

/// The built program, serving with settings of a test's own in front of a backend that the test has.
struct ServingProcess {
    let program: Program
    let run: ProgramRun
    let port: Int

    /// Starts it and waits until it listens.
    init(_ settings: GatewaySettings, backendPort: Int) async throws {
        program = try Program(configuration: settings.yaml(redisPort: nil, backendPort: backendPort))
        _ = try await GatewayFixture.prepare(program.folder, settings)
        run = try program.start("serve")
        port = try await run.ports().public
    }

    var figures: ProcessFigures { ProcessFigures(run.processIdentifier) }
}
