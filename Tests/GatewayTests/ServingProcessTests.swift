import Foundation
import TestSupport
import Testing

extension GatewayTests {
    @Suite("the serving process")
    struct ServingProcessTests {
        private struct Served {
            var program: Program
            var run: ProgramRun
            var backend: RecordingBackend
            var publicPort: Int
            var adminPort: Int
        }

        private func serve(_ settings: GatewaySettings = .accounts) async throws -> Served {
            let backend = try await RecordingBackend.start()
            let program = try Program(configuration: settings.yaml(redisPort: nil, backendPort: backend.port))
            _ = try await GatewayFixture.prepare(program.folder, settings)
            let run = try program.start("serve")
            let ports = try await run.ports()
            return Served(
                program: program, run: run, backend: backend, publicPort: ports.public, adminPort: ports.admin)
        }

        private func get(_ port: Int, _ path: String) async throws -> Int {
            let connection = try await HTTPTestConnection.open(port: port)
            await connection.request("GET", path)
            let status = try await connection.answer().status
            await connection.close()
            return status
        }

        @Test(
            "SIGTERM and SIGINT: what is in flight finishes, nothing new is taken, exit code 0",
            arguments: [SIGTERM, SIGINT])
        func drains(signal: Int32) async throws {
            let served = try await serve()
            let busy = try await HTTPTestConnection.open(port: served.publicPort)
            let idle = try await HTTPTestConnection.open(port: served.publicPort)
            await idle.request("GET", "/public/x")
            #expect(try await idle.answer().status == 200)
            await busy.request("GET", "/public/slow")
            #expect(await eventually { served.backend.heldCount == 1 })
            served.run.signal(signal)
            #expect(await idle.remainder() == [])
            let isClosed = await eventually { (try? await HTTPTestConnection.open(port: served.publicPort)) == nil }
            #expect(isClosed)
            #expect(served.run.exitCode == nil)
            served.backend.release()
            let answer = try await busy.answer()
            #expect(answer.status == 200)
            #expect(answer.text == "/public/slow")
            #expect(await served.run.end() == 0)
            served.run.checkLog()
            #expect(served.run.output.contains("gateway has stopped"))
            #expect(served.run.output.contains("\"route\":\"/public/\""))
            await served.backend.stop()
        }

        @Test("what does not finish within the grace is cut off, and the exit code is still 0")
        func graceEnds() async throws {
            var settings = GatewaySettings.accounts
            settings.limits = "shutdown_grace: 300ms"
            let served = try await serve(settings)
            let busy = try await HTTPTestConnection.open(port: served.publicPort)
            await busy.request("GET", "/public/silent")
            #expect(await eventually { !served.backend.arrivals.isEmpty })
            served.run.signal(SIGTERM)
            #expect(await served.run.end() == 0)
            #expect(await busy.remainder() == [])
            served.run.checkLog()
            await served.backend.stop()
        }

        @Test("SIGHUP and SIGPIPE do not end it")
        func hangUp() async throws {
            let served = try await serve()
            served.run.signal(SIGHUP)
            served.run.signal(SIGPIPE)
            for _ in 0..<20 { #expect(try await get(served.publicPort, "/public/x") == 200) }
            #expect(served.run.exitCode == nil)
            served.run.signal(SIGTERM)
            #expect(await served.run.end() == 0)
            served.run.checkLog()
            await served.backend.stop()
        }

        @Test("a port that is taken is 69, and names the setting and the address")
        func portTaken() async throws {
            let served = try await serve()
            for (key, port) in [("public", served.publicPort), ("admin", served.adminPort)] {
                let text = try String(contentsOfFile: served.program.folder.path("portcullis.yaml"), encoding: .utf8)
                let other = try Program(
                    configuration: text.replacingOccurrences(
                        of: "\(key): {address: \"127.0.0.1:0\"}", with: "\(key): {address: \"127.0.0.1:\(port)\"}"))
                _ = try await GatewayFixture.prepare(other.folder, .accounts)
                let outcome = try await other.run("serve")
                #expect(outcome.exitCode == 69, "\(key): \(outcome.errors)")
                #expect(outcome.errors.contains("listeners.\(key).address"), "\(outcome.errors)")
                #expect(outcome.errors.contains("127.0.0.1:\(port)"), "\(outcome.errors)")
                #expect(outcome.errors.contains("in use"), "\(outcome.errors)")
            }
            #expect(try await get(served.publicPort, "/public/x") == 200)
            served.run.signal(SIGTERM)
            #expect(await served.run.end() == 0)
            served.run.checkLog()
            await served.backend.stop()
        }

        @Test("each request has one line in the log, with what the contract names")
        func accessLog() async throws {
            let served = try await serve()
            let issuer = try ForeignIssuer.shared.get()
            let connection = try await HTTPTestConnection.open(port: served.publicPort)
            let token = try issuer.token()
            let calls: [(String, [(String, String)], Int)] = [
                ("/api/a?secret=in-the-query", [("Authorization", "Bearer \(token)")], 200), ("/api/b", [], 401),
                ("/public/c", [], 200), ("/nowhere", [], 404),
            ]
            for (index, (target, fields, status)) in calls.enumerated() {
                await connection.request("GET", target, fields + [("X-Request-Id", "log-\(index)")])
                #expect(try await connection.answer().status == status)
            }
            await connection.send("nonsense\r\n\r\n")
            #expect(try await connection.answer().status == 400)
            served.run.signal(SIGTERM)
            #expect(await served.run.end() == 0)
            served.run.checkLog()
            let lines = served.run.output.split(separator: "\n").compactMap {
                try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }.filter { $0["request_id"] != nil && $0["status"] != nil }
            #expect(lines.compactMap { $0["status"] as? Int } == [200, 401, 200, 404, 400])
            for line in lines {
                #expect(line["route"] is String && line["method"] is String && line["duration_ms"] is Double)
            }
            #expect(lines.first?["request_id"] as? String == "log-0")
            #expect((lines.first?["subject"] as? String)?.wholeMatch(of: /[0-9a-f]{16}/) != nil)
            #expect(lines.first?["upstream_ms"] is Double)
            #expect(!served.run.output.contains("in-the-query"))
            #expect(!served.run.output.contains("carol"))
            await served.backend.stop()
        }

        @Test(
            "of many requests a sample is logged, or none, as access_log says",
            arguments: [("{sample: 0.2}", 1), ("false", 0)])
        func sampledLog(setting: String, least: Int) async throws {
            var settings = GatewaySettings.accounts
            settings.sections = ["access_log: \(setting)"]
            let served = try await serve(settings)
            let connection = try await HTTPTestConnection.open(port: served.publicPort)
            // That none of so many is chosen, or two thirds of them, happens to nobody.
            for _ in 0..<300 {
                await connection.request("GET", "/public/x")
                #expect(try await connection.answer().status == 200)
            }
            served.run.signal(SIGTERM)
            #expect(await served.run.end() == 0)
            served.run.checkLog()
            let lines = served.run.output.split(separator: "\n").count { $0.contains("\"message\":\"request\"") }
            #expect((least...(least * 200)).contains(lines), "\(lines)")
            await served.backend.stop()
        }
    }
}
