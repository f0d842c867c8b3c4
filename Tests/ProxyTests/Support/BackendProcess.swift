import Foundation
import TestSupport

/// A backend in a process of its own: killed, it is gone as a machine's process is, and stopped, it accepts and is silent.
final class BackendProcess: Sendable {
    private let run: ProgramRun
    let port: Int

    /// Starts one and waits until it listens.
    static func start(_ name: String, port: Int = 0, _ options: String...) async throws -> BackendProcess {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("backend.py")
        let run = try ProgramRun(
            URL(fileURLWithPath: "/usr/bin/env"), ["python3", script.path, name, "--port", String(port)] + options,
            directory: FileManager.default.temporaryDirectory)
        let listens = await eventually(within: .seconds(20)) { run.output.hasSuffix("\n") || run.exitCode != nil }
        guard listens, let port = Int(run.output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw Failure(text: run.errors)
        }
        return BackendProcess(run: run, port: port)
    }

    struct Failure: Error { let text: String }

    private init(run: ProgramRun, port: Int) {
        self.run = run
        self.port = port
    }

    /// Ends it at once, and waits until it is gone.
    func kill() async {
        run.signal(SIGKILL)
        _ = await run.end()
    }

    func stop() { run.signal(SIGSTOP) }
    func resume() { run.signal(SIGCONT) }
}
