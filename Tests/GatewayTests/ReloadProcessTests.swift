import Foundation
import TestSupport
import Testing

extension GatewayTests {
    @Suite("a serving process takes up another configuration")
    struct ReloadProcessTests {
        private static let settings = ReloadedProcess.settings

        private struct Served {
            let process: ReloadedProcess
            let backend: RecordingBackend

            func end() async {
                await process.end()
                await backend.stop()
            }
        }

        private func serve(_ settings: GatewaySettings = Self.settings, redisPort: Int? = nil) async throws -> Served {
            let backend = try await RecordingBackend.start()
            return Served(
                process: try await ReloadedProcess(settings, backendPort: backend.port, redisPort: redisPort),
                backend: backend)
        }

        private func status(
            _ connection: HTTPTestConnection, _ path: String, token: String? = nil
        ) async throws -> Int {
            await connection.request("GET", path, token.map { [("Authorization", "Bearer \($0)")] } ?? [])
            return try await connection.answer().status
        }

        @Test("routes, scopes and limits, from the very next request of a kept connection on, and back again")
        func takesUp() async throws {
            let served = try await serve()
            let token = try served.process.issuer.token()
            let connection = try await HTTPTestConnection.open(port: served.process.publicPort)
            #expect(try await status(connection, "/api/x", token: token) == 200)
            #expect(try await status(connection, "/new/x") == 404)
            var changed = Self.settings
            // Before the others, so that policies and routes have other places.
            changed.routes = [
                "{path: /api/x, upstream: api, auth: {any_of: [jwt], scopes: [nobody:has]}}",
                "{path: /new/, upstream: other, auth: none, rate_limit: {requests: 2, window: 1h, key: address}}",
            ]
            changed.upstream += "}\n  other: {targets: [\"http://127.0.0.1:\(served.backend.port)\"]"
            changed.limits += ", headers: 1KiB"
            try served.process.write(changed)
            let answer = try await served.process.reload()
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try await status(connection, "/api/x", token: token) == 403, "its verdict was remembered")
            #expect(try await status(connection, "/api/y", token: token) == 200)
            #expect(try await status(connection, "/new/x") == 200)
            #expect(try await status(connection, "/new/x") == 200)
            #expect(try await status(connection, "/new/x") == 429)
            try served.process.write(changed)
            #expect(try await served.process.reload().status == 200)
            #expect(try await status(connection, "/new/x") == 429, "counts go on where the numbers are the same")
            let large = [("X-Large", String(repeating: "a", count: 2000))]
            let other = try await HTTPTestConnection.open(port: served.process.publicPort)
            await other.request("GET", "/public/x", large)
            #expect(try await other.answer().status == 431)
            await other.close()
            try served.process.write(Self.settings)
            #expect(try await served.process.reload().status == 200)
            #expect(try await status(connection, "/api/x", token: token) == 200)
            #expect(try await status(connection, "/new/x") == 404)
            await connection.request("GET", "/public/x", large)
            #expect(try await connection.answer().status == 200)
            await connection.close()
            await served.end()
        }

        @Test("a bad file changes nothing and says every problem; what needs a restart is named, the rest is taken up")
        func badAndRestart() async throws {
            let served = try await serve()
            let connection = try await HTTPTestConnection.open(port: served.process.publicPort)
            var bad = Self.settings
            bad.routes = ["{path: /new/, upstream: nowhere, auth: none}", "{path: /other/, upstream: api}"]
            try served.process.write(bad)
            let refused = try await served.process.reload()
            #expect(refused.status == 422)
            #expect((refused.json["problems"] as? [String])?.count == 2, "\(refused.text)")
            #expect(served.process.run.output.contains("nowhere"))
            #expect(try await status(connection, "/public/x") == 200)
            #expect(try await served.process.admin("GET", "/metrics").text.contains("config_last_reload_successful 0"))
            var changed = Self.settings
            changed.routes = ["{path: /new/, upstream: api, auth: none}"]
            changed.leeway = "40s"
            changed.sections += ["verification_cache: {entries: 7}"]
            try served.process.write(changed)
            let answer = try await served.process.reload()
            #expect(answer.status == 200)
            #expect(answer.json["needs_restart"] as? [String] == ["leeway", "verification_cache.entries"])
            #expect(try await status(connection, "/new/x") == 200)
            #expect(try await served.process.admin("GET", "/metrics").text.contains("config_last_reload_successful 1"))
            let report = try await served.process.admin("GET", "/admin/v1/status")
            #expect(report.status == 200)
            let configuration = report.json["configuration"] as? [String: Any]
            #expect((configuration?["last_reload"] as? [String: Any])?["outcome"] as? String == "reloaded")
            #expect((configuration?["digest"] as? String)?.count == 64)
            #expect(!report.text.contains(ReloadedProcess.adminToken))
            await connection.close()
            await served.end()
        }

        @Test("a request in hand ends as it began, though its route and its upstream are gone")
        func inFlight() async throws {
            var settings = Self.settings
            let served = try await serve(settings)
            settings.routes = ["{path: /gone/, upstream: gone, auth: none}"]
            settings.upstream += "}\n  gone: {targets: [\"http://127.0.0.1:\(served.backend.port)\"]"
            try served.process.write(settings)
            #expect(try await served.process.reload().status == 200)
            let busy = try await HTTPTestConnection.open(port: served.process.publicPort)
            await busy.request("GET", "/gone/slow")
            let isHeld = await eventually { served.backend.heldCount == 1 }
            #expect(isHeld)
            try served.process.write(Self.settings)
            #expect(try await served.process.reload().status == 200)
            served.backend.release()
            #expect(try await busy.answer().status == 200)
            #expect(try await status(busy, "/gone/x") == 404)
            await busy.close()
            await served.end()
        }

        @Test("a request parked at a stopped Redis is judged by the policy it began with, whatever stands in its place")
        func parked() async throws {
            let redis = try RedisServerProcess()
            let served = try await serve(redisPort: redis.port)
            let token = try served.process.issuer.token()
            let parked = try await HTTPTestConnection.open(port: served.process.publicPort)
            let isReady = try await eventually { try await status(parked, "/api/x", token: token) == 200 }
            #expect(isReady)
            served.backend.forget()
            redis.pause()
            await parked.request("GET", "/api/x", [("Authorization", "Bearer \(token)")])
            // Whole rounds through the gateway: the parked one has been read by then.
            let later = try await HTTPTestConnection.open(port: served.process.publicPort)
            for _ in 0..<4 { #expect(try await status(later, "/public/x") == 200) }
            var changed = Self.settings
            // Other policies stand at every place, and nobody meets them.
            changed.standardRoutes = [
                "{path: /aaa/, upstream: api, auth: {any_of: [jwt], scopes: [nobody:has]}}",
                "{path: /public/, upstream: api, auth: none}",
                "{path: /api/, upstream: api, auth: {any_of: [jwt], scopes: [nobody:has]}}",
            ]
            try served.process.write(changed)
            #expect(try await served.process.reload().status == 200)
            redis.resume()
            #expect(try await parked.answer().status == 200)
            #expect(try await status(parked, "/api/x", token: token) == 403)
            await parked.close()
            await later.close()
            await served.end()
        }

        @Test("a changed file is taken up by itself")
        func watches() async throws {
            var settings = Self.settings
            settings.sections = ["reload: {interval: 100ms}"]
            let served = try await serve(settings)
            settings.routes = ["{path: /new/, upstream: api, auth: none}"]
            try served.process.write(settings)
            let isTakenUp = await eventually { served.process.run.output.contains("configuration reloaded") }
            #expect(isTakenUp)
            let connection = try await HTTPTestConnection.open(port: served.process.publicPort)
            #expect(try await status(connection, "/new/x") == 200)
            await connection.close()
            await served.end()
        }

        @Test("a file changed by exchanging a symbolic link in its path, as a ConfigMap is, is taken up by itself")
        func exchangedLink() async throws {
            var settings = Self.settings
            settings.sections = ["reload: {interval: 100ms}"]
            let served = try await serve(settings)
            let folder = served.process.program.folder
            func publish(_ settings: GatewaySettings, as name: String) throws {
                let directory = folder.url.appendingPathComponent(name)
                try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
                try settings.yaml(redisPort: nil, backendPort: served.backend.port).write(
                    to: directory.appendingPathComponent("portcullis.yaml"), atomically: false, encoding: .utf8)
                try link(name, to: "..data")
            }
            func link(_ target: String, to name: String) throws {
                let path = folder.path("link")
                try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
                try #require(rename(path, folder.path(name)) == 0)
            }
            func isReloaded(_ count: Int) async -> Bool {
                await eventually {
                    served.process.run.output.components(separatedBy: "configuration reloaded").count > count
                }
            }
            try publish(settings, as: "first")
            try link("..data/portcullis.yaml", to: "portcullis.yaml")
            #expect(await isReloaded(1))
            settings.routes = ["{path: /new/, upstream: api, auth: none}"]
            try publish(settings, as: "second")
            #expect(await isReloaded(2))
            let connection = try await HTTPTestConnection.open(port: served.process.publicPort)
            #expect(try await status(connection, "/new/x") == 200)
            await connection.close()
            await served.end()
        }

        @Test("200 reloads under load: no request fails, no descriptor and no memory is lost")
        func manyReloads() async throws {
            let served = try await serve()
            let token = try served.process.issuer.token()
            let figures = ProcessFigures(served.process.run.processIdentifier)
            let clients = (0..<4).map { _ in
                Task {
                    let connection = try await HTTPTestConnection.open(port: served.process.publicPort)
                    var statuses: [Int: Int] = [:]
                    while !Task.isCancelled {
                        statuses[try await status(connection, "/api/x", token: token), default: 0] += 1
                    }
                    await connection.close()
                    return statuses
                }
            }
            var changed = Self.settings
            changed.routes = ["{path: /new/, upstream: other, auth: none}"]
            changed.upstream += "}\n  other: {targets: [\"http://127.0.0.1:\(served.backend.port)\"]"
            var (descriptors, resident) = (0, 0)
            for round in 0..<200 {
                try served.process.write(round % 2 == 0 ? changed : Self.settings)
                let answer = try await served.process.reload()
                try #require(answer.status == 200, "\(answer.text)")
                guard round == 20 else { continue }
                descriptors = figures.descriptorCount
                resident = try #require(figures.residentByteCount)
            }
            #expect(figures.descriptorCount <= descriptors + 8)
            let grown = try #require(figures.residentByteCount) - resident
            // The address sanitizer keeps back what is freed.
            if ProcessInfo.processInfo.environment["PORTCULLIS_SANITIZER"] != "address" {
                #expect(grown < 16 << 20, "180 reloads took \(grown) bytes")
            }
            for client in clients {
                client.cancel()
                let statuses = try await client.value
                #expect(Set(statuses.keys) == [200], "\(statuses)")
            }
            await served.end()
        }
    }
}
