/// Reads `login`.
struct LoginReader {
    let values: ValueReader

    func read(_ root: SectionReader) -> Configuration.Login {
        guard let node = root.node("login") else { return Configuration.Login() }
        let section = SectionReader(node, values: values)
        defer { section.end() }
        for key in ["attempts", "window", "delegate"] { section.notSupportedYet(key) }
        let login = Configuration.Login(
            usesCookies: section.boolean("cookies", default: false),
            hasPasswordGrant: section.boolean("password_grant", default: false))
        if login.usesCookies, !root.isWritten("tokens") {
            values.problems.add(
                .conflict, at: section.position(of: "cookies"), path: "\(node.path).cookies",
                found: "true, but there are no tokens", expected: "write `tokens`, or leave it out")
        }
        return login
    }
}
