/// Reads `credentials`.
struct CredentialsReader {
    let values: ValueReader
    let folder: String

    func read(_ root: SectionReader) -> Configuration.Credentials? {
        guard let node = root.node("credentials") else { return nil }
        let section = SectionReader(node, values: values)
        defer { section.end() }
        if !root.isWritten("tokens") {
            values.problems.add(
                .conflict, at: root.position(of: "credentials"), path: node.path,
                found: "there are accounts, but no tokens",
                expected: "write `tokens`, from which those who log in get theirs")
        }
        let advice = "write the path of an SQLite file, or a postgres:// URL"
        let database = section.required("database", advice).flatMap(readDatabase)
        let settings = Settings(
            password: section.node("password").flatMap { node in
                values.text(node, isSecret: true) { text throws(SettingMismatch) in Secret(text) }
            },
            connectionLimit: section.integer("connections", default: 4, in: 1...256),
            connectTimeoutMilliseconds: section.milliseconds("connect_timeout", default: 2000, in: 10...60_000),
            statementTimeoutMilliseconds: section.milliseconds("statement_timeout", default: 5000, in: 10...60_000))
        let cache = SectionReader(section.node("api_key_cache"), values: values)
        let entries = cache.integer("entries", default: 10_000, in: 1...1_000_000)
        let lifetime = cache.seconds("ttl", default: 60, in: 1...3600)
        cache.end()
        guard let database else { return nil }
        return Configuration.Credentials(
            database: complete(database, with: settings, section), apiKeyCacheEntryLimit: entries,
            apiKeyCacheLifetimeSeconds: lifetime)
    }

    /// What belongs to PostgreSQL and does not stand in its URL.
    private struct Settings {
        var password: Secret?
        var connectionLimit: Int
        var connectTimeoutMilliseconds: Int64
        var statementTimeoutMilliseconds: Int64
    }

    private enum Database {
        case file(String)
        case postgreSQL(PostgreSQLURL)
    }

    private func readDatabase(_ node: SettingNode) -> Database? {
        values.text(node, isSecret: true) { text throws(SettingMismatch) in
            guard PostgreSQLURL.schemes.contains(where: text.hasPrefix) else {
                return .file(try FilePath.parse(text, in: folder))
            }
            return .postgreSQL(try PostgreSQLURL(text, in: folder))
        }
    }

    private func complete(
        _ database: Database, with settings: Settings, _ section: SectionReader
    ) -> Configuration.CredentialDatabase {
        switch database {
        case .file(let path):
            for key in ["password", "connections", "connect_timeout", "statement_timeout"]
            where section.isWritten(key) {
                values.problems.add(
                    .conflict, at: section.position(of: key), path: "\(section.path).\(key)",
                    found: "an SQLite file has none", expected: "leave it out, or write a postgres:// URL as database")
            }
            return .file(path)
        case .postgreSQL(let url):
            if url.password != nil, section.isWritten("password") {
                values.problems.add(
                    .conflict, at: section.position(of: "password"), path: "\(section.path).password",
                    found: "the URL has a password already", expected: "write it in one place")
            }
            return .postgreSQL(
                Configuration.PostgreSQL(
                    hosts: url.hosts, user: url.user, password: settings.password ?? url.password,
                    database: url.database, tlsMode: url.tlsMode, authoritiesFile: url.authoritiesFile,
                    certificateFile: url.certificateFile, privateKeyFile: url.privateKeyFile,
                    connectionLimit: settings.connectionLimit,
                    connectTimeoutMilliseconds: settings.connectTimeoutMilliseconds,
                    statementTimeoutMilliseconds: settings.statementTimeoutMilliseconds))
        }
    }
}
