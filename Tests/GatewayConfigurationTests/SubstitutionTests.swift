import Testing

@testable import GatewayConfiguration

@Suite("What comes in by ${…}")
struct SubstitutionTests {
    private func token(_ written: String, environment: [String: String] = [:], files: [String: [UInt8]] = [:]) throws
        -> String?
    {
        let text = Fixture.with("listeners: {admin: {token: \(written)}}")
        return try Fixture.load(text, environment: environment, files: Fixture.files(files)).listeners.adminToken?
            .exposed
    }

    @Test("variables and files take their place in a text, and $${ stands for ${")
    func replaces() throws {
        let environment = ["A": "x", "B_2": "y"]
        #expect(try token("\"1${A}2${B_2}3\"", environment: environment) == "1x2y3")
        #expect(try token("\"$A$$${A}$\"", environment: environment) == "$A$${A}$")
        #expect(try token("\"$${A}\"", environment: environment) == "${A}")
        #expect(try token("\"${file:secret}\"", files: ["/etc/portcullis/secret": Array("s3\n".utf8)]) == "s3")
        #expect(try token("\"${file:./a/secret}\"", files: ["/etc/portcullis/a/secret": Array("s3\r\n".utf8)]) == "s3")
        #expect(try token("\"${file:/run/s}\"", files: ["/run/s": Array("s3".utf8)]) == "s3")
    }

    @Test("only one newline is cut from a file: a second one is part of the text, and refused here")
    func oneNewline() {
        let files = Fixture.files(["/s": Array("s\n\n".utf8)])
        let text = Fixture.with("listeners: {admin: {token: \"${file:/s}\"}}")
        #expect(Fixture.problems(text, files: files).map(\.code) == [.badValue])
    }

    @Test("what came in is not searched again, and is no YAML")
    func staysText() throws {
        #expect(try token("\"${A}\"", environment: ["A": "${B}", "B": "no"]) == "${B}")
        #expect(try token("\"${A}\"", environment: ["A": "\"],#&*!{"]) == "\"],#&*!{")
        let text = Fixture.withRoute("{path: /, upstream: api, auth: \"${A}\"}")
        #expect(Fixture.problems(text, environment: ["A": "{any_of: [jwt]}"]).map(\.keyPath) == ["routes[0].auth"])
        let list = Fixture.with("trusted_proxies: \"${A}\"")
        #expect(Fixture.problems(list, environment: ["A": "[10.0.0.0/8]"]).map(\.code) == [.wrongType])
    }

    @Test("a plain scalar may bring a number, a boolean, a duration, or digits for a text; a quoted one only text")
    func typesFromOutside() throws {
        let settings = """
            workers: ${N}
            require_typ: ${B}
            leeway: ${D}
            redis:
              url: redis://a
              password: ${N}
            """
        let configuration = try Fixture.load(
            Fixture.with(settings), environment: ["N": "7", "B": "true", "D": "10s"])
        #expect(configuration.workerCount == 7)
        #expect(configuration.requiresTokenType)
        #expect(configuration.leewaySeconds == 10)
        #expect(configuration.redis?.login?.password.exposed == "7")
        #expect(
            Fixture.problems(Fixture.with("workers: \"${N}\""), environment: ["N": "7"]).map(\.code) == [.wrongType])
    }

    @Test(
        "what cannot be replaced is a problem",
        arguments: [
            "${MISSING}", "${file:missing}", "${file:}", "${}", "${1A}", "${A-b}", "${A", "${A:-x}", "${file:big}",
            "${file:bad}",
        ])
    func failures(written: String) {
        let files = Fixture.files([
            "/etc/portcullis/big": [UInt8](repeating: 0x61, count: 64 * 1024 + 1), "/etc/portcullis/bad": [0xFF],
        ])
        let text = Fixture.with("listeners: {admin: {token: \"\(written)\"}}")
        let problems = Fixture.problems(text, environment: ["A": "x"], files: files)
        #expect(problems.map(\.code) == [.substitution])
        #expect(problems.map(\.keyPath) == ["listeners.admin.token"])
    }

    @Test("there is an end to what comes in")
    func totalBound() {
        let files = Fixture.files(["/big": [UInt8](repeating: 0x61, count: 64 * 1024)])
        let text = Fixture.with(
            "trusted_proxies: [\((0..<70).map { _ in "\"${file:/big}\"" }.joined(separator: ", "))]")
        #expect(Fixture.problems(text, files: files).filter { $0.code == .substitution }.count == 6)
    }

    @Test("an empty variable is no token: nothing is protected by the empty text")
    func emptySecret() {
        let text = Fixture.with("listeners: {admin: {token: \"${A}\"}}")
        #expect(Fixture.problems(text, environment: ["A": ""]).map(\.code) == [.badValue])
    }

    /// Each setting gets the same secret, wrong for it, from outside.
    @Test(
        "a value from outside never shows in a problem", arguments: ["hunter2 secret", "hunter2", "http://hunter2/x"])
    func neverShown(secret: String) {
        let text = """
            version: ${S}
            listeners: {public: {address: "${S}", mode: "${S}", tls: {minimum_version: "${S}", http2: "${S}"}}, admin: {address: "${S}", token: "${S} x"}}
            trusted_proxies: ["${S}"]
            workers: ${S}
            limits: {body: "${S}", header_count: "${S}", header_timeout: "${S}"}
            access_log: "${S}"
            redis: {url: "${S}", key_prefix: "${S}?", connect_timeout: "${S}", user: ["${S}"]}
            tokens: {issuer: "${S}", audiences: "${S}", algorithm: "${S}", key_directory: {x: "${S}"}, access_ttl: "${S}"}
            issuers: [{issuer: "${S} x", jwks_file: "~${S}", audiences: ["${S} x"], algorithms: ["${S}"]}, "${S}"]
            leeway: "${S}"
            require_typ: ${S}
            verification_cache: "${S}"
            revocation: {mode: "${S}", on_unavailable: "${S}", min_replicas: "${S}"}
            credentials: {database: "postgres://${S}"}
            upstreams: {api: {targets: ["${S}"], balance: "${S}", idle_connections: "${S}"}}
            routes:
              - {path: "${S}", host: "${S} x", methods: ["${S} x"], upstream: "${S}", auth: "${S}", strip_prefix: "${S}"}
              - {path: "/${S}", upstream: api, auth: {any_of: ["${S}"], scopes: ["${S} x", "${S} x"], scopes_match: "${S}"}}
              - {path: "/${S}", upstream: api, auth: none}
            ${S}: 1
            """
        let lines = Fixture.lines(text, environment: ["S": secret])
        #expect(lines.count > 35)
        for line in lines {
            #expect(!line.lowercased().contains("hunter2"))
        }
    }

    @Test("a secret that stands in the file does not show in a problem either")
    func literalSecrets() {
        let text = Fixture.with(
            """
            listeners: {admin: {token: "hunter2 hunter2"}}
            redis: {url: "redis://u:hunter2@host:x", password: [hunter2]}
            credentials: {database: "postgres://u:hunter2@db:x/x"}
            trusted_proxies: ["redis://u:hunter2@host"]
            """)
        let lines = Fixture.lines(text)
        #expect(lines.count >= 5)
        #expect(lines.allSatisfy { !$0.contains("hunter2") })
        let number = Fixture.lines(Fixture.with("listeners: {admin: {token: 271828}}"))
        #expect(number.count == 1 && number.allSatisfy { !$0.contains("271828") })
    }
}

@Suite("Secrets")
struct SecretTests {
    @Test("printing, interpolating, dumping and reflecting show nothing")
    func redacted() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump([secret], to: &dumped)
        let texts = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])",
            "\(Optional(secret) as Any)", dumped,
        ]
        for text in texts {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("[redacted]"))
        }
        #expect(secret.exposed == "hunter2")
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test("a whole configuration can be printed")
    func wholeConfiguration() throws {
        let text = Fixture.with("redis: {url: \"redis://u:hunter2@a\"}\nlisteners: {admin: {token: hunter2}}")
        var dumped = ""
        dump(try Fixture.load(text), to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect(!"\(try Fixture.load(text))".contains("hunter2"))
    }
}
