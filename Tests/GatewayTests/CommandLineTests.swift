import Foundation
import TestSupport
import Testing

extension GatewayTests {
    @Suite("the command line")
    struct CommandLineTests {
        private static let yaml: String = {
            var settings = GatewaySettings.accounts
            settings.redis = .none
            return settings.yaml(redisPort: nil, backendPort: 9)
        }()

        private func prepared() async throws -> Program {
            let program = try Program(configuration: Self.yaml)
            _ = try await GatewayFixture.prepare(program.folder, .accounts)
            return program
        }

        @Test("a broken configuration: serve and check print every problem and end with 78")
        func brokenConfiguration() async throws {
            let text = """
                version: 1
                limits: {headers: huge}
                unheard_of: 1
                upstreams: {api: {targets: ["ftp://x"]}}
                routes:
                  - {path: api, upstream: missing}

                """
            let program = try Program(configuration: text)
            for command in ["serve", "check"] {
                let outcome = try await program.run(command)
                #expect(outcome.exitCode == 78)
                #expect(outcome.output == "")
                for key in [
                    "limits.headers", "unheard_of", "upstreams.api.targets", "routes[0].path", "routes[0].auth",
                ] {
                    #expect(outcome.errors.contains(key), "\(key): \(outcome.errors)")
                }
                // Each problem has its line.
                #expect(outcome.errors.contains("portcullis.yaml:2"), "\(outcome.errors)")
            }
            let forPrograms = try await program.run("check", "--output", "json")
            #expect(forPrograms.exitCode == 78 && forPrograms.errors == "")
            let document = try JSONSerialization.jsonObject(with: Data(forPrograms.output.utf8)) as? [String: Any]
            #expect(document?["ok"] as? Bool == false)
            let problems = try #require(document?["problems"] as? [String])
            #expect(problems.count == 6 && problems.allSatisfy { $0.contains("portcullis.yaml:") }, "\(problems)")
            let absent = try Program()
            for command in ["serve", "check"] {
                let outcome = try await absent.run(command)
                #expect(outcome.exitCode == 78)
                #expect(outcome.errors.contains("portcullis.yaml"))
            }
        }

        @Test("no signing key: 78, with the command that makes one; that command works")
        func noKey() async throws {
            let program = try await prepared()
            try FileManager.default.removeItem(atPath: program.folder.path("keys"))
            for command in ["serve", "check"] {
                let outcome = try await program.run(command)
                #expect(outcome.exitCode == 78)
                #expect(
                    outcome.errors.contains("portcullis keys generate --config portcullis.yaml"), "\(outcome.errors)")
            }
            let empty = try await program.run("keys", "list")
            #expect(empty.exitCode == 0)
            let first = try await program.run("keys", "generate")
            #expect(first.exitCode == 0, "\(first.errors)")
            let check = try await program.run("check")
            #expect(check.exitCode == 0, "\(check.errors)")
            let list = try await program.run("keys", "list")
            #expect(list.output.contains("ES256"))
            #expect(list.output.split(separator: "\n").count == 3, "a signing key, and one for refresh tokens")
            let again = try await program.run("keys", "generate")
            #expect(again.exitCode == 0, "\(again.errors)")
            #expect(try await program.run("keys", "list").output.split(separator: "\n").count == 4)
        }

        @Test("a key file that is not one is 78, and tells which")
        func brokenKeySet() async throws {
            let program = try await prepared()
            try program.folder.write("{}", to: "idp.json")
            for command in ["serve", "check"] {
                let outcome = try await program.run(command)
                #expect(outcome.exitCode == 78)
                #expect(outcome.errors.contains("idp.json"))
            }
        }

        /// A sanitizer's own files would not grow either.
        private static let isSanitized = ProcessInfo.processInfo.environment["PORTCULLIS_SANITIZER"] != nil

        @Test(
            "a full disk: no key is made, what was there stays as it was, and the next try works",
            .disabled(if: isSanitized, "a sanitizer cannot run there"))
        func fullDisk() async throws {
            let program = try await prepared()
            let executable = try #require(Program.executable)
            // No file may grow; what is printed goes through a pipe to a process that may write.
            let command = "exec '\(executable.path)' keys \"$0\" --config portcullis.yaml"
            let script = "trap '' XFSZ; (ulimit -f 0; \(command)) 2>&1 | cat; exit ${PIPESTATUS[0]}"
            func onFullDisk(_ command: String) async throws -> Program.Outcome {
                await Program.Outcome(
                    try ProgramRun(
                        URL(fileURLWithPath: "/bin/bash"), ["-c", script, command], directory: program.folder.url))
            }
            func files() throws -> [String: Data] {
                let folder = program.folder.url.appendingPathComponent("keys")
                let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                var files: [String: Data] = [:]
                for name in names { files[name] = try Data(contentsOf: folder.appendingPathComponent(name)) }
                return files
            }
            let before = try files()
            let rotated = try await onFullDisk("rotate")
            #expect(rotated.exitCode == 69 && rotated.output.contains("keys"), "\(rotated.output)")
            #expect(try files().filter { !$0.value.isEmpty } == before.filter { !$0.value.isEmpty })
            #expect(try await program.run("check").exitCode == 0)
            #expect(try await program.run("keys", "rotate").exitCode == 0)
            try FileManager.default.removeItem(atPath: program.folder.path("keys"))
            let generated = try await onFullDisk("generate")
            #expect(generated.exitCode == 69, "\(generated.output)")
            #expect(try await program.run("keys", "generate").exitCode == 0)
            #expect(try await program.run("check").exitCode == 0)
        }

        @Test("unknown subcommands, flags and missing arguments are 64")
        func usage() async throws {
            let program = try await prepared()
            let lines = [
                ["fly"], ["serve"], ["check", "--confg", "x"], ["serve", "--config"], ["keys", "melt"],
                ["user", "add", "--config", "portcullis.yaml"],
                ["user", "add", "eve", "--password", "x", "--config", "portcullis.yaml"],
                ["check", "--config", "portcullis.yaml", "extra"],
            ]
            for line in lines {
                let outcome = try await Program.Outcome(program.launch(line))
                #expect(outcome.exitCode == 64, "\(line): \(outcome.errors)")
                #expect(!outcome.errors.isEmpty)
            }
            let misspelt = try await Program.Outcome(program.launch(["sevre", "--config", "portcullis.yaml"]))
            #expect(misspelt.exitCode == 64 && misspelt.errors.contains("did you mean serve?"), "\(misspelt.errors)")
        }

        @Test("--version and --help are 0 and on standard output")
        func help() async throws {
            let program = try Program()
            let version = try await Program.Outcome(program.launch(["--version"]))
            #expect(version.exitCode == 0)
            #expect(version.output.hasPrefix("portcullis "))
            for line in [["--help"], ["help", "serve"], ["user", "add", "--help"], []] {
                let outcome = try await Program.Outcome(program.launch(line))
                #expect(outcome.exitCode == 0, "\(line)")
                #expect(outcome.output.contains("USAGE"), "\(line)")
            }
        }

        @Test("accounts: add, list and passwd take the password from standard input and never show it")
        func accounts() async throws {
            let program = try await prepared()
            let (old, new) = ("a first long password", "quite another password")
            SecretLedger.enter(old)
            SecretLedger.enter(new)
            let run = try program.start("user", "add", "dave", "--scope", "orders:read", input: old + "\n")
            #expect(!run.visibleArguments.contains(old))
            let added = await Program.Outcome(run)
            #expect(added.exitCode == 0, "\(added.errors)")
            let listed = try await program.run("user", "list")
            #expect(listed.exitCode == 0)
            #expect(listed.output.contains("dave") && listed.output.contains("orders:read"))
            #expect(listed.output.contains("alice"))
            let changed = try await program.run("user", "passwd", "dave", input: new)
            #expect(changed.exitCode == 0, "\(changed.errors)")
            let serving = try program.start("serve")
            let port = try await serving.ports().public
            for (password, status) in [(old, 401), (new, 200)] {
                let connection = try await HTTPTestConnection.open(port: port)
                await connection.request(
                    "POST", "/auth/login", [("Content-Type", "application/json")],
                    body: Array("{\"username\":\"dave\",\"password\":\"\(password)\"}".utf8))
                let answer = try await connection.answer()
                #expect(answer.status == status)
                if let token = answer.member("access_token") { SecretLedger.enter(token) }
                await connection.close()
            }
            serving.signal(SIGTERM)
            #expect(await serving.end() == 0)
            serving.checkLog()
            let database = try Data(contentsOf: program.folder.url.appendingPathComponent("accounts.sqlite"))
            for password in [old, new] { #expect(database.range(of: Data(password.utf8)) == nil) }
        }

        @Test("what cannot be an account changes nothing, and says why")
        func wrongAccounts() async throws {
            let program = try await prepared()
            let before = try await program.run("user", "list").output
            let wrong: [([String], String)] = [
                (["user", "add", "erin"], "short\n"), (["user", "add", "erin"], ""), (["user", "add", "erin"], "\n"),
                (["user", "add", "alice"], "long enough to be one\n"),
                (["user", "add", ""], "long enough to be one\n"),
                (["user", "add", "a\tb"], "long enough to be one\n"),
                (["user", "add", "erin", "--scope", "two  spaces"], "long enough to be one\n"),
                (["user", "add", "erin", "--scope", "q\"uote"], "long enough to be one\n"),
                (["user", "passwd", "nobody"], "long enough to be one\n"), (["user", "passwd", "alice"], "short\n"),
                (["user", "add", "erin"], String(repeating: "x", count: 5000) + "\n"),
            ]
            for (line, input) in wrong {
                let outcome = try await Program.Outcome(
                    program.launch(line + ["--config", "portcullis.yaml"], input: input))
                #expect(outcome.exitCode != 0 && (outcome.exitCode ?? -1) > 0, "\(line)")
                #expect(outcome.errors.hasPrefix("portcullis: "), "\(line): \(outcome.errors)")
                #expect(outcome.output == "", "\(line)")
            }
            #expect(try await program.run("user", "list").output == before)
        }

        @Test("accounts without a database, or without credentials in the configuration, are 78 with advice")
        func noDatabase() async throws {
            let program = try await prepared()
            try FileManager.default.removeItem(atPath: program.folder.path("accounts.sqlite"))
            #expect(try await program.run("user", "list").exitCode != 0)
            let serve = try await program.run("serve")
            #expect([69, 78].contains(serve.exitCode))
            #expect(serve.errors.contains("portcullis user add NAME --config portcullis.yaml"))
            let bare = try Program(configuration: GatewaySettings().yaml(redisPort: nil, backendPort: 9))
            let outcome = try await bare.run("user", "list")
            #expect(outcome.exitCode == 78)
            #expect(outcome.errors.contains("credentials"))
        }

        @Test("clients and API keys: made, listed and taken back; a secret is shown once and never again")
        func machines() async throws {
            let program = try await prepared()
            let added = try await program.run("client", "add", "robot", "--scope", "orders:read")
            #expect(
                added.exitCode == 0 && added.output.wholeMatch(of: /cs_[0-9A-Za-z]{43}\n/) != nil, "\(added.errors)")
            let key = try await program.run(
                "api-key", "create", "--client", "robot", "--scope", "orders:read", "--expires-in", "90d", "--label",
                "ci")
            let text = key.output.trimmingCharacters(in: .newlines)
            #expect(text.wholeMatch(of: /pk_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}/) != nil, "\(key.errors)")
            let id = String(text.dropFirst(3).prefix(12))
            let clients = try await program.run("client", "list")
            #expect(clients.output.contains("robot") && clients.output.contains("client_credentials"))
            let keys = try await program.run("api-key", "list")
            #expect(keys.output.contains(id) && keys.output.contains("active") && keys.output.contains("client robot"))
            for secret in [added.output.trimmingCharacters(in: .newlines), String(text.suffix(38))] {
                #expect(!(clients.output + keys.output).contains(secret))
            }
            #expect(try await program.run("api-key", "revoke", id).exitCode == 0)
            #expect(try await program.run("api-key", "list").output.contains("revoked"))
            #expect(try await program.run("client", "disable", "robot").exitCode == 0)
            #expect(try await program.run("client", "list").output.contains("disabled"))
            for arguments in [
                ["client", "add", "portcullis"], ["client", "add", "alice"], ["client", "add", "robot"],
                ["client", "add", "p", "--public", "--grants", "client_credentials"], ["client", "disable", "nobody"],
                ["api-key", "create", "--client", "nobody"], ["api-key", "revoke", "000000000000"],
                ["api-key", "create", "--user", "alice", "--addresses", "10.0.0.1/8"],
            ] {
                let outcome = try await Program.Outcome(
                    program.launch(arguments + ["--config", "portcullis.yaml"]))
                #expect(outcome.exitCode == 78 && outcome.output == "" && !outcome.errors.isEmpty, "\(arguments)")
            }
            for arguments in [
                ["api-key", "create"], ["api-key", "create", "--user", "a", "--client", "b"], ["api-key", "revoke"],
                ["api-key", "create", "--user", "a", "--expires-in", "soon"],
            ] {
                let outcome = try await Program.Outcome(
                    program.launch(arguments + ["--config", "portcullis.yaml"]))
                #expect(outcome.exitCode == 64, "\(arguments)")
            }
        }

        @Test("the help of every command ends with examples, each of which the program understands")
        func examples() async throws {
            let program = try Program()
            let executable = try #require(Program.executable)
            var waiting: [[String]] = [[]]
            var count = 0
            while let command = waiting.popLast() {
                let help = try program.launch(command + ["--help"])
                #expect(await help.end() == 0)
                let lines = help.output.components(separatedBy: "\n")
                let subcommands = lines.drop { $0 != "SUBCOMMANDS:" }.dropFirst().prefix { !$0.isEmpty }
                    .filter { $0.wholeMatch(of: #/  [a-z].*/#) != nil }.compactMap { $0.split(separator: " ").first }
                guard subcommands.isEmpty else {
                    waiting += subcommands.map { command + [String($0)] }
                    continue
                }
                let examples = lines.drop { $0 != "EXAMPLES:" }.dropFirst().prefix { !$0.isEmpty }
                #expect(!examples.isEmpty, "\(command)")
                for example in examples {
                    count += 1
                    // In an empty folder each fails for want of its files, and not because it was not understood.
                    let script = "echo x > token.txt; portcullis() { '\(executable.path)' \"$@\"; }; \(example)"
                    let shell = URL(fileURLWithPath: "/bin/sh")
                    let run = try ProgramRun(shell, ["-c", script], input: "", directory: program.folder.url)
                    let outcome = await Program.Outcome(run)
                    #expect(example.hasPrefix("  portcullis "), "\(example)")
                    #expect([1, 69, 78].contains(outcome.exitCode), "\(example): \(outcome)")
                }
            }
            #expect(count > 25)
        }

        @Test("deleting an account or a key takes it away for ever; lists are JSON for programs")
        func deleting() async throws {
            let program = try await prepared()
            func names(_ line: [String], _ title: String, _ name: String) async throws -> [String] {
                let run = try program.launch(line + ["--output", "json", "--config", "portcullis.yaml"])
                let outcome = await Program.Outcome(run)
                let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
                return (object?[title] as? [[String: Any]] ?? []).compactMap { $0[name] as? String }
            }
            let key = try await program.run("api-key", "create", "--user", "alice").output.dropFirst(3).prefix(12)
            let other = try await program.run("api-key", "create", "--user", "bob").output.dropFirst(3).prefix(12)
            #expect(try await Set(names(["api-key", "list"], "api_keys", "id")) == [String(key), String(other)])
            #expect(try await names(["user", "list"], "users", "name") == ["alice", "bob"])
            #expect(try await names(["client", "list"], "clients", "id") == [])
            #expect(try await names(["keys", "list"], "keys", "use").sorted() == ["access_tokens", "refresh_tokens"])
            let deleted = try await program.run("user", "delete", "alice")
            #expect(deleted.exitCode == 0 && deleted.output.contains("deleted alice"), "\(deleted.errors)")
            #expect(try await names(["user", "list"], "users", "name") == ["bob"])
            #expect(try await program.run("user", "delete", "alice").exitCode == 78)
            #expect(try await program.run("api-key", "delete", String(other)).exitCode == 0)
            #expect(try await !names(["api-key", "list"], "api_keys", "id").contains(String(other)))
            #expect(try await program.run("api-key", "delete", String(other)).exitCode == 78)
        }
    }
}
