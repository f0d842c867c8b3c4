/// Reads `auth` of a route.
struct RouteAccessReader {
    let values: ValueReader
    let hasIssuers: Bool

    func read(_ route: SectionReader) -> Configuration.RouteAccess? {
        let advice = "every route says who may call it: write \"auth: none\" or \"auth: {any_of: [jwt]}\""
        guard let node = route.required("auth", advice) else { return nil }
        if let scalar = node.scalar {
            return read(scalar, node, advice)
        }
        let section = SectionReader(node, values: values, orAlso: "none or ")
        guard section.isReadable else { return nil }
        defer { section.end() }
        let anyOf = section.required("any_of", "write how callers may prove who they are: any_of: [jwt]").flatMap(
            methods)
        let scopes = section.value("scopes", default: []) { node in
            values.distinctList(node, of: "scopes") { element in values.text(element, as: ClaimText.scope) }
        }
        let scopesMatch = section.value("scopes_match", default: Configuration.ScopesMatch.all) { node in
            values.choice(node, of: [("all", .all), ("any", .any)])
        }
        let audiences = section.node("audiences").map(values.audiences)
        if !hasIssuers {
            values.problems.add(
                .conflict, at: node.position, path: node.path, found: "nobody's tokens are accepted",
                expected: "write `tokens` or `issuers`")
        }
        guard anyOf != nil, audiences != .some(nil) else { return nil }
        return .token(.init(scopes: scopes, scopesMatch: scopesMatch, audiences: audiences ?? nil))
    }

    private func read(_ scalar: SettingScalar, _ node: SettingNode, _ advice: String) -> Configuration.RouteAccess? {
        if scalar.text == "none" {
            return .anyone
        }
        let found = scalar.look == .null ? "nothing" : scalar.shown
        values.problems.add(.badValue, at: node.position, path: node.path, found: "found \(found)", expected: advice)
        return nil
    }

    /// There is one method so far; that it is written down keeps its place for more.
    private func methods(_ node: SettingNode) -> [String]? {
        values.distinctList(node, of: "ways to prove who one is", allowsEmpty: false) { element in
            values.choice(element, of: [("jwt", "jwt")], later: ["api_key"])
        }
    }
}
