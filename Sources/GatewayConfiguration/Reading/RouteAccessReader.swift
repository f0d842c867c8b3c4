/// Reads `auth` of a route.
struct RouteAccessReader {
    let values: ValueReader
    /// Whether there is anybody whose tokens could be accepted.
    let hasIssuers: Bool
    /// Whether there is a database in which API keys could be.
    let hasCredentials: Bool

    func read(_ route: SectionReader, methods: [String]?) -> Configuration.RouteAccess? {
        let advice = "every route says who may call it: write \"auth: none\" or \"auth: {any_of: [jwt]}\""
        guard let node = route.required("auth", advice) else { return nil }
        if let scalar = node.scalar {
            return read(scalar, node, advice)
        }
        let section = SectionReader(node, values: values, orAlso: "none or ")
        guard section.isReadable else { return nil }
        defer { section.end() }
        let anyOf = section.required("any_of", "write how callers may prove who they are: any_of: [jwt]").flatMap(
            credentialKinds)
        let scopes = readScopes(section)
        let audiences = section.node("audiences").map(values.audiences)
        let methodScopes = section.node("methods").map { readMethods($0, of: methods) }
        checkSources(anyOf, node)
        guard let anyOf, audiences != .some(nil), methodScopes != .some(nil) else { return nil }
        return .token(
            .init(
                credentialKinds: Set(anyOf), scopes: scopes, audiences: audiences ?? nil,
                methodScopes: (methodScopes ?? [:]) ?? [:]))
    }

    private func read(_ scalar: SettingScalar, _ node: SettingNode, _ advice: String) -> Configuration.RouteAccess? {
        if scalar.text == "none" {
            return .anyone
        }
        let found = scalar.look == .null ? "nothing" : scalar.shown
        values.problems.add(.badValue, at: node.position, path: node.path, found: "found \(found)", expected: advice)
        return nil
    }

    private func readScopes(_ section: SectionReader) -> Configuration.ScopeRequirement {
        let scopes = section.value("scopes", default: []) { node in
            values.distinctList(node, of: "scopes") { element in values.text(element, as: ClaimText.scope) }
        }
        let match = section.value("scopes_match", default: Configuration.ScopesMatch.all) { node in
            values.choice(node, of: [("all", .all), ("any", .any)])
        }
        return .init(scopes: scopes, match: match)
    }

    /// `methods: {POST: {scopes: […]}}`.
    ///
    /// - Returns: `nil` when a name in it is refused: such a rule must not be lost.
    private func readMethods(
        _ node: SettingNode, of routeMethods: [String]?
    ) -> [String: Configuration.ScopeRequirement]? {
        guard case .mapping(let entries) = node.content else {
            _ = SectionReader(node, values: values)
            return nil
        }
        var rules: [String: Configuration.ScopeRequirement] = [:]
        var isReadable = true
        for entry in entries {
            let section = SectionReader(entry.value, values: values)
            rules[entry.key] = readScopes(section)
            section.end()
            do throws(SettingMismatch) {
                _ = try MethodName.parse(entry.key)
                guard let routeMethods, !routeMethods.contains(entry.key) else { continue }
                // Who may GET may ask for the head of it.
                if entry.key == "HEAD", routeMethods.contains("GET") { continue }
                refuse(entry, "expected one of the route's methods: \(routeMethods.joined(separator: ", "))", nil)
            } catch {
                refuse(entry, "expected \(error.expected)", error.suggestion)
            }
            isReadable = false
        }
        return isReadable ? rules : nil
    }

    private func refuse(_ entry: SettingNode.Entry, _ expected: String, _ suggestion: String?) {
        values.problems.add(
            .badValue, at: entry.keyPosition, path: entry.value.path, found: "found the method \(entry.key)",
            expected: expected, suggestion: suggestion)
    }

    private func credentialKinds(_ node: SettingNode) -> [Configuration.CredentialKind]? {
        values.distinctList(node, of: "ways to prove who one is", allowsEmpty: false) { element in
            values.choice(element, of: [("jwt", .token), ("api_key", .apiKey)])
        }
    }

    /// Without a source a route would let in nobody, which is never what was meant.
    private func checkSources(_ kinds: [Configuration.CredentialKind]?, _ node: SettingNode) {
        if kinds?.contains(.token) ?? true, !hasIssuers {
            values.problems.add(
                .conflict, at: node.position, path: node.path, found: "nobody's tokens are accepted",
                expected: "write `tokens` or `issuers`")
        }
        if kinds?.contains(.apiKey) ?? false, !hasCredentials {
            values.problems.add(
                .conflict, at: node.position, path: node.path, found: "there are no API keys",
                expected: "write `credentials`, the database they are in")
        }
    }
}
