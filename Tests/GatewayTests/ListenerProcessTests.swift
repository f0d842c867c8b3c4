import Foundation
import TestSupport
import Testing

extension GatewayTests {
    @Suite("the listeners of a serving process")
    struct ListenerProcessTests {
        private struct Served {
            var program: Program
            var run: ProgramRun
            var backend: RecordingBackend
            var port: Int

            func end() async {
                run.signal(SIGTERM)
                #expect(await run.end() == 0)
                run.checkLog()
                await backend.stop()
            }
        }

        private func program(_ listeners: String, _ backend: RecordingBackend) async throws -> Program {
            var settings = GatewaySettings()
            settings.listeners = listeners
            settings.sections = ["trusted_proxies: [\"unix:\"]"]
            let program = try Program(configuration: settings.yaml(redisPort: nil, backendPort: backend.port))
            _ = try await GatewayFixture.prepare(program.folder, settings)
            return program
        }

        private func serve(_ program: Program, _ backend: RecordingBackend) async throws -> Served {
            let run = try program.start("serve")
            return Served(program: program, run: run, backend: backend, port: try await run.ports().public)
        }

        private func copy(_ pair: TestAuthority.Pair, to program: Program, as name: String) throws {
            try program.folder.write(Data(contentsOf: URL(fileURLWithPath: pair.certificate)), to: "\(name).crt")
            try program.folder.write(Data(contentsOf: URL(fileURLWithPath: pair.privateKey)), to: "\(name).key")
        }

        private func curl(
            _ authority: TestAuthority, _ name: String, _ port: Int, _ version: String = "--http1.1"
        ) async throws -> String {
            try await Task.detached {
                try TestAuthority.run([
                    "curl", "--silent", version, "--max-time", "20", "--cacert", authority.root.certificate,
                    "--resolve", "\(name):\(port):127.0.0.1", "--output", "/dev/null", "--write-out",
                    "%{http_code}/%{http_version}",
                    "https://\(name):\(port)/public/x",
                ])
            }.value
        }

        @Test("SIGHUP exchanges certificates; bad ones are told, every problem of them, and change nothing")
        func hangUp() async throws {
            let authority = try TestAuthority()
            let one = try authority.issue("one", names: ["one.test"])
            let two = try authority.issue("two", names: ["two.test"])
            let backend = try await RecordingBackend.start()
            let program = try await program(
                "{address: \"127.0.0.1:0\", tls: {certificate: a.crt, private_key: a.key}}", backend)
            try copy(one, to: program, as: "a")
            let served = try await serve(program, backend)
            #expect(try await curl(authority, "one.test", served.port) == "200/1.1")
            #expect(try await curl(authority, "one.test", served.port, "--http2") == "200/2")
            #expect(try await curl(authority, "two.test", served.port).hasPrefix("000"))
            try copy(two, to: program, as: "a")
            served.run.signal(SIGHUP)
            #expect(await eventually { served.run.output.contains("two.test") })
            #expect(try await curl(authority, "two.test", served.port) == "200/1.1")
            #expect(try await curl(authority, "one.test", served.port).hasPrefix("000"))
            try program.folder.write("nothing", to: "a.crt")
            try program.folder.write("nothing", to: "a.key")
            served.run.signal(SIGHUP)
            for key in ["certificate", "private_key"] {
                #expect(await eventually { served.run.output.contains("listeners.public.tls.\(key)") }, "\(key)")
            }
            #expect(served.run.output.contains("not reloaded"))
            #expect(try await curl(authority, "two.test", served.port) == "200/1.1")
            await served.end()
        }

        @Test("certificates that cannot be used are 78, at check and at start, and all of them are named")
        func badCertificates() async throws {
            let authority = try TestAuthority()
            let backend = try await RecordingBackend.start()
            let program = try await program(
                """
                [{address: "127.0.0.1:0", tls: {certificate: a.crt, private_key: b.key}}, \
                {address: "127.0.0.1:0", tls: {certificates: [{certificate: a.crt, private_key: a.key}, \
                {certificate: none.crt, private_key: a.key}], client_ca: a.key}}]
                """, backend)
            try copy(try authority.issue("a", names: ["a.test"]), to: program, as: "a")
            try copy(try authority.issue("b", names: ["b.test"]), to: program, as: "b")
            for command in ["check", "serve"] {
                let outcome = try await program.run(command)
                #expect(outcome.exitCode == 78, "\(command)")
                for text in [
                    "listeners.public[0].tls.private_key: \(program.folder.path("b.key")) is not the key",
                    "listeners.public[1].tls.certificates[1].certificate: \(program.folder.path("none.crt")) cannot be read",
                    "listeners.public[1].tls.client_ca: \(program.folder.path("a.key")) holds no certificate",
                ] {
                    #expect(outcome.errors.contains(text), "\(outcome.errors)")
                }
            }
            await backend.stop()
        }

        @Test("a Unix socket beside TCP; it goes at the end, is taken over after a crash, and refused while in use")
        func unixSocket() async throws {
            let path = "/tmp/portcullis-\(UUID().uuidString.prefix(8)).sock"
            defer { unlink(path) }
            let backend = try await RecordingBackend.start()
            let program = try await program("[{address: \"unix:\(path)\"}, {address: \"127.0.0.1:0\"}]", backend)
            func ask() async throws -> String {
                try await Task.detached {
                    try TestAuthority.run([
                        "curl", "--silent", "--max-time", "20", "--unix-socket", path, "--output", "/dev/null",
                        "--write-out", "%{http_code}", "http://gateway.test/public/x",
                    ])
                }.value
            }
            let crashed = try await serve(program, backend)
            #expect(try await ask() == "200")
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o660)
            let second = try await program.run("serve")
            #expect(second.exitCode == 69)
            #expect(
                second.errors.contains("listeners.public[0].address unix:\(path) cannot be bound: somebody listens"))
            #expect(try await ask() == "200")
            crashed.run.signal(SIGKILL)
            _ = await crashed.run.end()
            #expect(FileManager.default.fileExists(atPath: path))
            let served = try await serve(program, backend)
            #expect(try await ask() == "200")
            #expect(served.run.output.contains("unix:\(path)"))
            await served.end()
            #expect(!FileManager.default.fileExists(atPath: path))
        }

        @Test("without a descriptor left, the gateway neither ends nor burns time, and takes clients again afterwards")
        func noDescriptors() async throws {
            let backend = try await RecordingBackend.start()
            let program = try await program("{address: \"127.0.0.1:0\"}", backend)
            let served = try await serve(program, backend)
            let kept = try await HTTPTestConnection.open(port: served.port)
            await kept.request("GET", "/public/x")
            #expect(try await kept.answer().status == 200)
            func setLimit(_ count: Int) async throws {
                let process = "\(served.run.processIdentifier)"
                _ = try await Task.detached {
                    try TestAuthority.run(["prlimit", "--pid", process, "--nofile=\(count):"])
                }.value
            }
            try await setLimit(3)
            // The kernel takes the connection; the gateway cannot.
            let waiting = try await HTTPTestConnection.open(port: served.port)
            await waiting.request("GET", "/public/x")
            #expect(await eventually { served.run.output.contains("no descriptors or memory") })
            let before = processorTime(of: served.run.processIdentifier)
            try await Task.sleep(for: .seconds(1))
            #expect(processorTime(of: served.run.processIdentifier) - before < 0.5, "the loop turns and turns")
            await kept.request("GET", "/public/x")
            #expect(try await kept.answer().status == 200)
            try await setLimit(4096)
            #expect(try await waiting.answer().status == 200)
            await served.end()
        }

        /// Seconds on a processor so far.
        private func processorTime(of process: Int32) -> Double {
            let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            let ticks = fields.indices.contains(12) ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
            return Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }
}
