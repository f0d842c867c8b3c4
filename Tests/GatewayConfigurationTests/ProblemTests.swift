import Testing

@testable import GatewayConfiguration

@Suite("Problems are told all at once, in the order of the file")
struct ProblemTests {
    @Test("a file with a problem of every kind")
    func manyProblems() {
        let text = """
            version: 2
            listeners:
              public: {address: "8080", tls: {certificate: a}}
              admin: {adress: "127.0.0.1:9090", token: "${NO_SUCH}"}
            workers: "4"
            limits:
              body: 10MB
              headers: 32KiB
              headers: 64KiB
              connections: 010
            require_typ: yes
            access_log: {sample: 2}
            redis: "redis://user:hunter2@cache"
            upstrems:
            tokens:
              issuer: auth
              key_directory: 12
              access_ttl: 1500ms
            upstreams:
              api:
                targets: ["https://api.example/", "127.0.0.1:9000", "http://a/b"]
                balance: random
            routes:
              - path: api/
                upstream: apj
                methods: [get]
                auth: {any_of: [jwt, api_key], scopes: ["a b"]}
              - {path: /x, upstream: api}
              - path: /x/../y
                upstream: api
                auth: None
            """
        let targetAdvice =
            "expected a URL such as http://127.0.0.1:9000, https://api.example or unix:/run/api.sock, without user, path or query"
        let expected = [
            "1:10: version: found `2`; expected 1",
            "3:21: listeners.public.address: found `8080`; expected an address such as 0.0.0.0:8080, [::1]:8080 or localhost:8080",
            "3:34: listeners.public.tls.private_key: missing; write the path of its file, in PEM form",
            "4:11: listeners.admin.adress: unknown key; expected one of: address, token; did you mean `address`?",
            "4:44: listeners.admin.token: the environment variable NO_SUCH is not set; set it, or write the value here",
            "5:10: workers: found the string `4`; expected a whole number from 0 to 1024, without quotes",
            "7:9: limits.body: found `10MB`; expected a size such as 16KiB, 10MiB or 4096, from 0 to 1024GiB",
            "9:3: limits.headers: duplicate key; it is on line 8 already",
            "10:16: limits.connections: found `010`; expected a whole number from 1 to 1000000",
            "11:14: require_typ: found `yes`; expected true or false; did you mean `true`?",
            "12:22: access_log.sample: found `2`; expected a number above 0 and at most 1, such as 0.01",
            "13:8: redis: found a string; expected a mapping ({url: \"redis://127.0.0.1:6379/0\"})",
            "14:1: upstrems: unknown key; expected one of: access_log, cors, credentials, hierarchical_scopes, issuers, leeway, limits, listeners, login, redis, reload, require_typ, revocation, routes, tokens, tracing, trusted_proxies, upstreams, verification_cache, version, workers; did you mean `upstreams`?",
            "16:11: tokens.issuer: found `auth`; expected a URL such as https://auth.example, without user, query and fragment",
            "17:18: tokens.key_directory: found the number 12; expected a string: put it in quotes",
            "18:15: tokens.access_ttl: found `1500ms`; expected a duration of whole seconds such as 10s, 15m, 1h or 14d, from 1s to 1d",
            "21:15: upstreams.api.targets[0]: found `https://api.example/`; \(targetAdvice); did you mean `https://api.example`?",
            "21:39: upstreams.api.targets[1]: found `127.0.0.1:9000`; \(targetAdvice); did you mean `http://127.0.0.1:9000`?",
            "21:57: upstreams.api.targets[2]: found `http://a/b`; \(targetAdvice)",
            "22:14: upstreams.api.balance: found `random`; expected one of: round_robin, least_requests",
            "24:11: routes[0].path: found `api/`; expected a path that starts with /; did you mean `/api/`?",
            "25:15: routes[0].upstream: found `apj`, which is not in upstreams; expected one of: api; did you mean `api`?",
            "26:15: routes[0].methods[0]: found `get`; expected an HTTP method such as GET or POST, in upper case; did you mean `GET`?",
            "27:11: routes[0].auth: there are no API keys; write `credentials`, the database they are in",
            "27:45: routes[0].auth.scopes[0]: found `a b`; expected one scope: 1 to 256 printable characters, no space, quote or backslash; did you mean `[a, b]`?",
            "28:5: routes[1].auth: missing; every route says who may call it: write \"auth: none\" or \"auth: {any_of: [jwt]}\"",
            "29:11: routes[2].path: found `/x/../y`; expected a path without . and .. segments",
            "31:11: routes[2].auth: found `None`; every route says who may call it: write \"auth: none\" or \"auth: {any_of: [jwt]}\"",
        ]
        #expect(Fixture.lines(text) == expected.map { "portcullis.yaml:\($0)" })
    }

    @Test("an empty file lacks what every file must have", arguments: ["", "# nothing\n", "\n---\n"])
    func emptyFile(text: String) {
        let problems = Fixture.problems(text)
        #expect(problems.map(\.keyPath) == ["version", "upstreams", "routes"])
        #expect(problems.allSatisfy { $0.code == .missing })
    }

    @Test(
        "a file that is not YAML is told with the line",
        arguments: ["a: [1, 2", "a: b: c", "\tversion: 1", "a: 'x", "a: *b"])
    func notYAML(text: String) {
        let problems = Fixture.problems("version: 1\n" + text)
        #expect(problems.map(\.code) == [.syntax])
        #expect((problems.first?.line ?? 0) >= 2)
    }

    @Test("a problem of the syntax does not quote the file")
    func syntaxKeepsSecrets() {
        let lines = Fixture.lines("redis: {password: hunter2, user: *nobody}\nx: [")
        #expect(lines.count == 1)
        #expect(lines.allSatisfy { !$0.contains("hunter2") })
    }

    @Test("there is an end to the problems that are kept")
    func manyUnknownKeys() throws {
        let text = Fixture.least + (0..<600).map { "unknown\($0): 1\n" }.joined()
        let error = #expect(throws: ConfigurationProblems.self) { try Fixture.load(text) }
        #expect(error?.problems.count == 500)
        #expect(error?.omittedCount == 100)
        #expect(error?.description.hasSuffix("\nand 100 more problems") == true)
    }

    @Test("control characters in keys and values are shown as codes, long ones cut")
    func shownTexts() {
        let lines = Fixture.lines(Fixture.with("\"a\\eb\": 1\nworkers: \(String(repeating: "x", count: 70))"))
        #expect(lines.contains { $0.contains(": \"a\\u{1b}b\": unknown key") })
        #expect(lines.contains { $0.contains("`\(String(repeating: "x", count: 60))…`") })
    }
}
