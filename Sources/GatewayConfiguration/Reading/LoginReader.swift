/// Reads `login`.
struct LoginReader {
    let values: ValueReader
    let folder: String

    func read(_ root: SectionReader) -> Configuration.Login {
        guard let node = root.node("login") else { return .standard }
        let section = SectionReader(node, values: values)
        defer { section.end() }
        let standard = Configuration.Login.standard
        let login = Configuration.Login(
            attemptCount: section.integer("attempts", default: standard.attemptCount, in: 1...100_000),
            windowMilliseconds: section.milliseconds(
                "window", default: standard.windowMilliseconds, in: 1000...86_400_000),
            passwordDenyListFile: section.node("password_denylist").flatMap(file),
            hasPasswordGrant: section.boolean("password_grant", default: false),
            delegate: section.node("delegate").flatMap(readDelegate),
            usesCookies: section.boolean("cookies", default: standard.usesCookies))
        let isPossible = root.isWritten("credentials") || section.isWritten("delegate")
        if !root.isWritten("tokens") || !isPossible {
            values.problems.add(
                .conflict, at: root.position(of: "login"), path: node.path, found: "nobody can log in",
                expected: "write `tokens`, and either `credentials` or login.delegate")
        }
        return login
    }

    private func readDelegate(_ node: SettingNode) -> Configuration.Login.Delegate? {
        let section = SectionReader(node, values: values)
        defer { section.end() }
        let url = section.required("url", "write the URL that name and password are posted to").flatMap { node in
            values.text(node, as: ServiceURL.parse)
        }
        let timeout = section.milliseconds("timeout", default: 5000, in: 10...60_000)
        let authorities = section.node("ca").flatMap(file)
        let concurrency = section.integer("concurrency", default: 64, in: 1...10_000)
        if let url, authorities != nil, !url.hasPrefix("https://") {
            values.problems.add(
                .conflict, at: section.position(of: "ca"), path: "\(section.path).ca", found: "the URL is not https",
                expected: "leave it out, or write an https:// URL")
        }
        return url.map {
            Configuration.Login.Delegate(
                url: $0, timeoutMilliseconds: timeout, authoritiesFile: authorities, concurrencyLimit: concurrency)
        }
    }

    private func file(_ node: SettingNode) -> String? {
        values.text(node) { text throws(SettingMismatch) in try FilePath.parse(text, in: folder) }
    }
}
