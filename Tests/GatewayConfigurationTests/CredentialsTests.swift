import Testing

@testable import GatewayConfiguration

@Suite("Credentials and login")
struct CredentialsTests {
    private static let tokens = "tokens: {issuer: \"https://a\", key_directory: k}\n"

    private func load(_ settings: String) throws -> Configuration {
        try Fixture.load(Fixture.with(Self.tokens + settings))
    }

    private func summary(_ settings: String) -> [String] {
        Fixture.problems(Fixture.with(Self.tokens + settings)).map { "\($0.code) \($0.keyPath)" }
    }

    private func postgreSQL(_ url: String, _ settings: String = "") throws -> Configuration.PostgreSQL {
        let configuration = try load("credentials: {database: \"\(url)\"\(settings)}")
        guard case .postgreSQL(let found)? = configuration.credentials?.database else {
            throw SettingMismatch("PostgreSQL")
        }
        return found
    }

    @Test("a PostgreSQL URL is read whole")
    func url() throws {
        let found = try postgreSQL(
            "postgres://p%40r:s%3Acret@DB.example:6432,[::1]/acc%20ounts?sslmode=verify-ca&sslrootcert=ca.pem&sslcert=/c&sslkey=k",
            ", connections: 9, connect_timeout: 1s, statement_timeout: 3s")
        #expect(found.hosts == [.init(name: "db.example", port: 6432), .init(name: "::1", port: 5432)])
        #expect(found.user == "p@r" && found.password == Secret("s:cret") && found.database == "acc ounts")
        #expect(found.tlsMode == .verifyCA && found.authoritiesFile == "/etc/portcullis/ca.pem")
        #expect(found.certificateFile == "/c" && found.privateKeyFile == "/etc/portcullis/k")
        #expect(found.connectionLimit == 9 && found.connectTimeoutMilliseconds == 1000)
        #expect(found.statementTimeoutMilliseconds == 3000)
    }

    @Test("the server is verified unless it is on this machine or the URL says otherwise")
    func verified() throws {
        #expect(try postgreSQL("postgresql://u@db/x").tlsMode == .verifyFull)
        #expect(try postgreSQL("postgres://u@127.0.0.1,db/x").tlsMode == .verifyFull)
        for url in ["u@127.0.0.1/x", "u@localhost:1/x", "u@[::1]/x", "u@/x?host=/run/postgresql"] {
            #expect(try postgreSQL("postgres://" + url).tlsMode == .prefer, "\(url)")
        }
        #expect(try postgreSQL("postgres://u@db/x?sslmode=require").tlsMode == .require)
        #expect(
            try postgreSQL("postgres://u@/x?host=/run/postgresql").hosts
                == [.init(name: "/run/postgresql", port: 5432)])
    }

    @Test(
        "what is not such a URL is refused",
        arguments: [
            "postgres://", "postgres://db/x", "postgres://u@db", "postgres://u@db/", "postgres://@db/x",
            "postgres://u:@db/x", "postgres://u@db:0/x", "postgres://u@db:x/x", "postgres://u@db/x?sslmode=maybe",
            "postgres://u@db/x?sslmode", "postgres://u@db/x?options=-c",
            "postgres://u@db/x?sslmode=require&sslmode=disable",
            "postgres://u@db/x?host=/run", "postgres://u@/x", "postgres://u@/x?host=run", "postgres://u@db/x#y",
            "postgres://u@db/%00", "postgres://u%zz@db/x", "postgres://u@db/x?sslcert=a", "postgres://u@db/x y",
            "mysql://u@db/x", "postgres://u@a,b,c,d,e,f,g,h,i/x", "postgres://u@db/x?sslrootcert=",
        ])
    func refused(url: String) {
        #expect(summary("credentials: {database: \"\(url)\"}") == ["badValue credentials.database"])
    }

    @Test("what is for PostgreSQL needs it, and one password is enough")
    func conflicts() throws {
        for setting in ["password: p", "connections: 4", "connect_timeout: 2s", "statement_timeout: 5s"] {
            let key = setting.prefix { $0 != ":" }
            #expect(summary("credentials: {database: a.sqlite, \(setting)}") == ["conflict credentials.\(key)"])
        }
        #expect(
            summary("credentials: {database: \"postgres://u:p@db/x\", password: p}") == [
                "conflict credentials.password"
            ])
        #expect(try postgreSQL("postgres://u@db/x", ", password: p").password == Secret("p"))
    }

    @Test("login has its defaults, and needs somebody who can log in")
    func login() throws {
        #expect(try load("").login == .standard)
        #expect(try load("credentials: {database: a}\nlogin: {}").login == .standard)
        #expect(summary("login: {attempts: 5}") == ["conflict login"])
        #expect(
            Fixture.problems(Fixture.with("login: {delegate: {url: \"https://a\"}}")).map(\.keyPath) == ["login"])
        let login = try load(
            """
            login:
              attempts: 5
              window: 2m
              password_denylist: common.txt
              delegate: {url: "https://id.example:8443/v1/login", timeout: 1s, ca: ca.pem, concurrency: 7}
            """
        ).login
        #expect(login.attemptCount == 5 && login.windowMilliseconds == 120_000)
        #expect(login.passwordDenyListFile == "/etc/portcullis/common.txt")
        #expect(
            login.delegate
                == .init(
                    url: "https://id.example:8443/v1/login", timeoutMilliseconds: 1000,
                    authoritiesFile: "/etc/portcullis/ca.pem", concurrencyLimit: 7))
    }

    @Test(
        "passwords are posted over TLS or stay on this machine",
        arguments: [
            ("https://a/b", true), ("http://127.0.0.1:9/x", true), ("http://localhost/x", true), ("http://[::1]", true),
            ("http://id.example/x", false), ("http://10.0.0.1/x", false), ("https://u:p@a/b", false),
            ("https://a/b?c", false), ("https://a/b#c", false), ("ftp://a", false), ("https://a:0/", false),
            ("https://a/ b", false), ("a/b", false), ("http://localhost.evil.example/x", false),
        ])
    func delegateURLs(url: String, isTaken: Bool) {
        let problems = summary("login: {delegate: {url: \"\(url)\"}}")
        #expect(problems == (isTaken ? [] : ["badValue login.delegate.url"]))
        #expect(summary("login: {delegate: {url: \"http://localhost/\", ca: a}}") == ["conflict login.delegate.ca"])
    }
}
