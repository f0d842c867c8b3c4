/// Reads `redis`.
struct RedisReader {
    let values: ValueReader

    func read(_ node: SettingNode) -> Configuration.Redis? {
        let section = SectionReader(node, values: values)
        defer { section.end() }
        let url = section.required("url", "write the URL of a Redis, such as redis://127.0.0.1:6379/0").flatMap {
            node in
            values.text(node, isSecret: true, as: RedisURL.init)
        }
        let user = section.node("user").flatMap { node in
            values.text(node) { text throws(SettingMismatch) in text }
        }
        let password = section.node("password").flatMap { node in
            values.text(node, isSecret: true) { text throws(SettingMismatch) in Secret(text) }
        }
        let keyPrefix = section.value("key_prefix", default: "portcullis:", keyPrefix)
        let connectTimeout = section.milliseconds("connect_timeout", default: 1000, in: 10...60_000)
        let commandTimeout = section.milliseconds("command_timeout", default: 100, in: 1...30_000)
        guard let url else { return nil }
        checkLogin(section, url: url)
        return Configuration.Redis(
            host: url.host,
            port: url.port,
            user: user ?? url.user,
            password: password ?? url.password,
            database: url.database,
            keyPrefix: keyPrefix,
            connectTimeoutMilliseconds: connectTimeout,
            commandTimeoutMilliseconds: commandTimeout
        )
    }

    private func checkLogin(_ section: SectionReader, url: RedisURL) {
        let hasUser = section.node("user") != nil
        let hasPassword = section.node("password") != nil
        if url.password != nil, hasUser || hasPassword {
            let key = hasUser ? "user" : "password"
            values.problems.add(
                .conflict, at: section.position(of: key), path: "redis.\(key)", found: "the URL has a password already",
                expected: "write user and password in one place")
        } else if hasUser, !hasPassword {
            values.problems.add(
                .conflict, at: section.position(of: "user"), path: "redis.user", found: "a user without a password",
                expected: "write `password` too")
        }
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
