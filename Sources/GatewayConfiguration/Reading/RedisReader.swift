/// Reads `redis`.
struct RedisReader {
    let values: ValueReader
    /// Where relative paths start from.
    let folder: String

    func read(_ node: SettingNode) -> Configuration.Redis? {
        let section = SectionReader(node, values: values, example: "url: \"redis://127.0.0.1:6379/0\"")
        defer { section.end() }
        let url = section.required("url", "write the URL of a Redis, such as redis://127.0.0.1:6379/0").flatMap {
            node in
            values.text(node, isSecret: true, as: RedisURL.init)
        }
        let login = readLogin(section)
        let sentinelLogin = section.node("sentinel").flatMap { node -> Configuration.Redis.Login? in
            let sentinel = SectionReader(node, values: values)
            defer { sentinel.end() }
            return readLogin(sentinel)
        }
        let tls = section.node("tls").map(readTLS)
        let keyPrefix = section.value("key_prefix", default: "portcullis:", keyPrefix)
        let connectTimeout = section.milliseconds("connect_timeout", default: 1000, in: 10...60_000)
        let commandTimeout = section.milliseconds("command_timeout", default: 100, in: 1...30_000)
        guard let url else { return nil }
        check(section, against: url, keyPrefix: keyPrefix)
        return Configuration.Redis(
            topology: url.topology,
            login: login ?? url.login,
            sentinelLogin: sentinelLogin,
            tls: tls ?? (url.usesTLS ? Configuration.Redis.TLS() : nil),
            database: url.database,
            keyPrefix: keyPrefix,
            connectTimeoutMilliseconds: connectTimeout,
            commandTimeoutMilliseconds: commandTimeout
        )
    }

    /// Reads `user` and `password`.
    private func readLogin(_ section: SectionReader) -> Configuration.Redis.Login? {
        let user = section.node("user").flatMap { node in
            values.text(node) { text throws(SettingMismatch) in text }
        }
        let password = section.node("password").flatMap { node in
            values.text(node, isSecret: true) { text throws(SettingMismatch) in Secret(text) }
        }
        if section.isWritten("user"), !section.isWritten("password") {
            add(.conflict, section, "user", found: "a user without a password", expected: "write `password` too")
        }
        return password.map { Configuration.Redis.Login(user: user, password: $0) }
    }

    private func readTLS(_ node: SettingNode) -> Configuration.Redis.TLS {
        let section = SectionReader(node, values: values)
        defer { section.end() }
        func file(_ key: String) -> String? {
            section.node(key).flatMap { node in
                values.text(node) { text throws(SettingMismatch) in try FilePath.parse(text, in: folder) }
            }
        }
        let tls = Configuration.Redis.TLS(
            trustedCertificatesFile: file("ca"), certificateFile: file("certificate"),
            privateKeyFile: file("private_key"),
            serverName: section.node("server_name").flatMap { values.text($0, as: HostName.parse) })
        for (key, other) in [("certificate", "private_key"), ("private_key", "certificate")]
        where section.isWritten(key) && !section.isWritten(other) {
            add(.conflict, section, key, found: "there is no \(other)", expected: "write both, or neither")
        }
        return tls
    }

    /// What settings say together.
    private func check(_ section: SectionReader, against url: RedisURL, keyPrefix: String) {
        if url.login != nil, let key = ["user", "password"].first(where: section.isWritten) {
            add(
                .conflict, section, key, found: "the URL has a password already",
                expected: "write user and password in one place")
        }
        switch url.topology {
        case .standalone where !url.usesTLS && section.isWritten("tls"):
            add(
                .conflict, section, "tls", found: "the URL asks for no encryption",
                expected: "write rediss:// in the URL")
        case .unixSocket where section.isWritten("tls"):
            add(.conflict, section, "tls", found: "a Unix domain socket is not encrypted", expected: "leave it out")
        case .cluster where !Self.hasHashTag(keyPrefix):
            add(
                .conflict, section, "key_prefix", found: "in a cluster it would scatter keys that belong together",
                expected: "write a part of it in braces, such as \"{portcullis}:\", which keeps them in one slot")
        default: break
        }
        if section.isWritten("sentinel") {
            if case .sentinel = url.topology { return }
            add(.conflict, section, "sentinel", found: "the URL names no sentinels", expected: "leave it out")
        }
    }

    private func add(
        _ code: ConfigurationProblem.Code, _ section: SectionReader, _ key: String, found: String, expected: String
    ) {
        values.problems.add(
            code, at: section.position(of: key), path: "\(section.path).\(key)", found: found, expected: expected)
    }

    /// Whether Redis Cluster takes part of a name, by itself, for what decides where it lies: the first `{` has
    /// something between it and the next `}`.
    private static func hasHashTag(_ prefix: String) -> Bool {
        guard let open = prefix.firstIndex(of: "{"), let close = prefix[open...].firstIndex(of: "}") else {
            return false
        }
        return prefix.index(after: open) < close
    }

    /// Glob characters are refused because keys are also looked for by pattern.
    private func keyPrefix(_ node: SettingNode) -> String? {
        values.text(node) { text throws(SettingMismatch) in
            guard text.utf8.count <= 64,
                text.utf8.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit || $0.isOne(of: ":._-/{}") })
            else {
                throw SettingMismatch("1 to 64 letters, digits and :._-/{}")
            }
            return text
        }
    }
}
