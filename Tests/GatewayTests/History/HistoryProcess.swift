import Foundation
import Synchronization
import TestSupport
import Testing

/// A gateway in a process of its own that can be stopped, killed, and started again on the same port.
final class HistoryProcess: Sendable {
    private let program: Program
    private let port: Int
    private let run: Mutex<ProgramRun>
    private let starts = Mutex(0)

    init(_ settings: GatewaySettings, redisPort: Int, backendPort: Int) async throws {
        port = try RedisServerProcess.freePort()
        program = try Program(
            configuration: settings.yaml(redisPort: redisPort, backendPort: backendPort, publicPort: port))
        _ = try await GatewayFixture.prepare(program.folder, settings)
        let run = try program.start("serve")
        _ = try await run.ports()
        self.run = Mutex(run)
    }

    /// How often it has been started again.
    var incarnation: Int { starts.withLock { $0 } }

    func call(_ method: String, _ path: String, token: String) async throws -> Int {
        let connection = try await HTTPTestConnection.open(port: port)
        await connection.request(method, path, [("Authorization", "Bearer \(token)")])
        let answer: Result<HTTPAnswer, any Error>
        do { answer = .success(try await connection.answer(within: .seconds(6))) } catch { answer = .failure(error) }
        await connection.close()
        return try answer.get().status
    }

    func signal(_ number: Int32) {
        run.withLock { $0.signal(number) }
    }

    /// Ends it by a signal and starts it again.
    func restart(by signal: Int32) async throws {
        let old = run.withLock { $0 }
        old.signal(signal)
        #expect(await old.end() == (signal == SIGTERM ? 0 : -signal))
        old.checkLog()
        starts.withLock { $0 += 1 }
        let new = try program.start("serve")
        run.withLock { $0 = new }
        _ = try await new.ports()
    }

    func stop() async {
        let last = run.withLock { $0 }
        last.signal(SIGKILL)
        _ = await last.end()
        last.checkLog()
    }
}
