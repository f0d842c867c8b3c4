import Testing

@testable import GatewayConfiguration

@Suite("What of YAML the file may use")
struct YAMLTests {
    private func codes(_ text: String) -> [ConfigurationProblem.Code] {
        Fixture.problems(text).map(\.code)
    }

    @Test("every duplicate key is told with its line, together with other problems")
    func duplicateKeys() {
        let text = """
            version: 1
            workers: 1
            limits: {body: 1KiB, "body": 2KiB, headers: 4KiB, body: 3KiB}
            workers: 2
            redis:
              url: redis://a
              'url': redis://b
            upstreams: {api: {targets: ["http://127.0.0.1:9000"], targets: []}}
            routes: [{path: /, upstream: api, auth: none, auth: none}]
            workers: x
            nonsense: 1
            """
        #expect(
            Fixture.problems(text).filter { $0.code == .duplicateKey }.map {
                "\($0.line ?? 0):\($0.column ?? 0) \($0.keyPath) \($0.expected)"
            } == [
                "3:22 limits.body it is on line 3 already",
                "3:51 limits.body it is on line 3 already",
                "4:1 workers it is on line 2 already",
                "7:3 redis.url it is on line 6 already",
                "8:55 upstreams.api.targets it is on line 8 already",
                "9:47 routes[0].auth it is on line 9 already",
                "10:1 workers it is on line 2 already",
            ])
        #expect(Fixture.problems(text).filter { $0.code == .unknownKey }.map(\.keyPath) == ["nonsense"])
    }

    @Test("a duplicate key that is spelt with an escape is told as well")
    func escapedDuplicate() {
        #expect(codes(Fixture.with("workers: 1\n\"w\\x6frkers\": 2")).contains(.duplicateKey))
    }

    @Test("many duplicate keys of many names end in a report")
    func manyDuplicates() {
        let text = Fixture.least + (0..<100).map { "k\($0): 1\nk\($0): 2\n" }.joined()
        #expect(codes(text).contains(.duplicateKey))
    }

    @Test(
        "anchors, aliases, tags, merge keys, odd keys and second documents are refused",
        arguments: [
            "workers: &a 1", "limits: &a {body: 1}", "trusted_proxies: &a []", "? [a, b]\n: 1", "? {a: b}\n: 1",
            "workers: !!int 1", "workers: !mine 1", "limits: !!map {}", "trusted_proxies: !!seq []",
            "leeway: !!str 10s",
            "limits: {<<: {body: 1}}", "!x workers: 1", "&k workers: 1", "---\nversion: 1", "leeway: ! 10s",
        ])
    func refusedFeatures(settings: String) {
        #expect(codes(Fixture.with(settings)).contains(.yamlFeature))
    }

    @Test("an alias is refused where it stands for something refused, not followed")
    func aliasTower() {
        var text = Fixture.least + "a0: &a0 [x, x]\n"
        for level in 1...40 {
            text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
        }
        let problems = Fixture.problems(text)
        #expect(problems.filter { $0.code == .yamlFeature }.count == 41)
    }

    @Test("comments, flow and block style, quotes and block scalars are fine")
    func plainFeatures() throws {
        let text = """
            %YAML 1.1
            --- # the only one
            'version': 1
            "upstreams":
              api: {targets: [ 'http://127.0.0.1:9000' ]}
            routes:
            - path: >-
                /folded
              upstream: |-
                api
              auth: 'none'
            ...
            """
        let configuration = try Fixture.load(text)
        #expect(configuration.routes.map(\.path) == ["/folded"])
    }

    @Test("a byte order mark and carriage returns are fine, and the lines stay right")
    func windowsText() throws {
        let text = "\u{FEFF}" + Fixture.least.replacing("\n", with: "\r\n")
        #expect(throws: Never.self) { try Fixture.load(text) }
        #expect(Fixture.problems(text + "workers: x\r\n").map(\.line) == [4])
    }

    @Test("bytes that are not UTF-8 are told with line and column")
    func notUTF8() {
        let bytes = Array("version: 1\nissuer: é".utf8) + [0xC3, 0x28]
        let error = #expect(throws: ConfigurationProblems.self) {
            try ConfigurationLoader.load(bytes: bytes, path: "p.yaml", environment: [:])
        }
        #expect(error?.description == "p.yaml:2:10: bytes that are not UTF-8; save the file as UTF-8")
    }

    @Test("control characters are told with line and column")
    func controlCharacters() {
        #expect(
            Fixture.lines("version: 1\nx: \u{7}") == [
                "portcullis.yaml:2:4: the control character U+0007; expected text that can be printed"
            ])
    }

    @Test("a file of more than 1 MiB is refused, one of exactly 1 MiB is read")
    func largeFile() throws {
        let limit = 1024 * 1024
        let padding = String(repeating: "#", count: limit - Fixture.least.utf8.count)
        #expect(throws: Never.self) { try Fixture.load(Fixture.least + padding) }
        #expect(codes(Fixture.least + padding + "#") == [.fileTooLarge])
        let files = Fixture.files(["/x.yaml": Array((Fixture.least + padding + "#").utf8)])
        let error = #expect(throws: ConfigurationProblems.self) {
            try ConfigurationLoader.load(path: "/x.yaml", environment: [:], files: files)
        }
        #expect(error?.description == "/x.yaml: the file is too large; at most 1MiB")
    }

    @Test("a file that is not there is one problem")
    func noFile() {
        for path in ["/no/such/file.yaml", "/"] {
            let error = #expect(throws: ConfigurationProblems.self) {
                try ConfigurationLoader.load(path: path, environment: [:])
            }
            #expect(error?.description == "\(path): the file cannot be read")
        }
    }

    @Test("deep nesting is refused without running out of stack", arguments: [40, 900, 5000])
    func deepNesting(depth: Int) {
        let flow = "x: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let block = "x:\n" + String(repeating: "- ", count: depth) + "1"
        for text in [flow, block] {
            let found = codes(Fixture.with(text))
            #expect(found.contains(.yamlFeature) || found.contains(.syntax))
        }
    }

    @Test("what older YAML takes for booleans and numbers is not taken for one")
    func typeTraps() throws {
        for word in ["yes", "no", "on", "off", "True", "FALSE", "y", "1", "~", "", "\"true\"", "'false'"] {
            #expect(Fixture.problems(Fixture.with("require_typ: \(word)")).count == 1, "\(word)")
        }
        for word in [
            "010", "0x10", "0o10", "+1", "-1", "1_000", "1.0", "1e3", "1:30", "'1'", "\"1\"", ".inf", "~",
            "99999999999999999999",
        ] {
            #expect(Fixture.problems(Fixture.with("workers: \(word)")).count == 1, "\(word)")
        }
        for word in ["true", "12", "0x1F", "1.5", "1e3", "null", "~", ".nan", "-.inf", "010"] {
            let settings = "tokens: {issuer: \"https://a\", key_directory: k, audiences: [\(word)]}"
            #expect(codes(Fixture.with(settings)) == [.wrongType], "\(word)")
            #expect(codes(Fixture.with(settings.replacing("[\(word)]", with: "[\"\(word)\"]"))).isEmpty, "\(word)")
        }
        for word in ["no", "off", "yes", "1.2.3", "0b1", "1_000", "2026-01-01"] {
            let settings = "tokens: {issuer: \"https://a\", key_directory: k, audiences: [\(word)]}"
            #expect(try Fixture.load(Fixture.with(settings)).tokens?.audiences == [word])
        }
        #expect(try Fixture.load(Fixture.with("revocation: {mode: off}")).revocation.mode == .off)
    }
}
