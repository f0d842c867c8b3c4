import Foundation
import Synchronization
import TestSupport
import Testing

extension AccountTests {
    @Suite("restarting under load")
    struct RestartTests {
        /// Clients that ask without a pause and count what they get.
        private final class Clients: Sendable {
            private struct State {
                var answers = 0
                var failures: [String] = []
                var isStopped = false
            }

            private let port: Int
            private let state = Mutex(State())

            init(port: Int) { self.port = port }

            var answers: Int { state.withLock { $0.answers } }
            var failures: [String] { state.withLock { $0.failures } }
            func stop() { state.withLock { $0.isStopped = true } }

            /// - Parameter keepsAlive: whether one connection serves until its end is announced.
            func ask(keepsAlive: Bool) async {
                var connection: HTTPTestConnection?
                while !state.withLock({ $0.isStopped }) {
                    do {
                        let current: HTTPTestConnection
                        if let connection { current = connection } else { current = try await .open(port: port) }
                        connection = current
                        await current.request("GET", "/public/x", keepsAlive ? [] : [("Connection", "close")])
                        let answer = try await current.answer()
                        state.withLock { state in
                            state.answers += 1
                            if answer.status != 200 || answer.text != "/public/x" {
                                state.failures.append("\(answer.status) \(answer.text)")
                            }
                        }
                        if answer.field("Connection") == "close" {
                            await current.close()
                            connection = nil
                        }
                    } catch {
                        state.withLock { $0.failures.append("\(error)") }
                        connection = nil
                    }
                }
                await connection?.close()
            }
        }

        @Test("one process takes over from another and no request is lost, on kept and on new connections")
        func handOver() async throws {
            let backend = try await RecordingBackend.start()
            var settings = GatewaySettings()
            settings.tokens = nil
            settings.listeners = "{address: \"127.0.0.1:0\", reuse_port: true}"
            settings.limits = "shutdown_grace: 4s"
            var serving = try await ServingProcess(settings, backendPort: backend.port)
            settings.listeners = "{address: \"127.0.0.1:\(serving.port)\", reuse_port: true}"
            let clients = Clients(port: serving.port)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<12 { group.addTask { await clients.ask(keepsAlive: number < 8) } }
                for _ in 0..<2 {
                    let next = try await ServingProcess(settings, backendPort: backend.port)
                    let before = clients.answers
                    #expect(await eventually { clients.answers > before + 200 })
                    serving.run.signal(SIGTERM)
                    #expect(await serving.run.end() == 0)
                    serving.run.checkLog()
                    serving = next
                }
                let before = clients.answers
                #expect(await eventually { clients.answers > before + 200 })
                clients.stop()
                try await group.waitForAll()
            }
            #expect(clients.failures == [])
            serving.run.signal(SIGTERM)
            #expect(await serving.run.end() == 0)
            await backend.stop()
        }

        @Test("stopping under load: no answer is broken off, and each client is told before its connection ends")
        func plainStop() async throws {
            let backend = try await RecordingBackend.start()
            var settings = GatewaySettings()
            settings.tokens = nil
            settings.limits = "shutdown_grace: 4s"
            let serving = try await ServingProcess(settings, backendPort: backend.port)
            var connections: [HTTPTestConnection] = []
            for _ in 0..<12 { connections.append(try await .open(port: serving.port)) }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for connection in connections {
                    group.addTask {
                        // Until it is told, each request it sends has an answer.
                        while true {
                            await connection.request("GET", "/public/x")
                            let answer = try await connection.answer()
                            guard answer.status == 200 else { return false }
                            if answer.field("Connection") == "close" { return await connection.remainder() == [] }
                        }
                    }
                }
                #expect(await eventually { backend.arrivals.count > 100 })
                serving.run.signal(SIGTERM)
                for try await isWell in group { #expect(isWell) }
            }
            #expect(await serving.run.end() == 0)
            serving.run.checkLog()
            await backend.stop()
        }
    }
}
