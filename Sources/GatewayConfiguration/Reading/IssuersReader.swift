/// Reads `issuers`.
struct IssuersReader {
    let values: ValueReader
    let folder: String

    /// The readable ones; `ownIssuer` must not be among them.
    func read(_ node: SettingNode?, ownIssuer: String?) -> [Configuration.Issuer] {
        guard let node else { return [] }
        var places: [String: String] = ownIssuer.map { [$0: "tokens.issuer"] } ?? [:]
        return values.list(node, of: "issuers") { element in
            let section = SectionReader(element, values: values)
            defer { section.end() }
            guard let issuer = read(section) else { return nil }
            let path = "\(element.path).issuer"
            if let first = places.updateValue(path, forKey: issuer.issuer) {
                places[issuer.issuer] = first
                values.problems.add(
                    .conflict, at: section.position(of: "issuer"), path: path, found: "the same as \(first)",
                    expected: "write each issuer once")
            }
            return issuer
        } ?? []
    }

    private func read(_ section: SectionReader) -> Configuration.Issuer? {
        section.notSupportedYet("jwks_uri")
        let issuer = section.required("issuer", "write what its tokens have as `iss`").flatMap { node in
            values.text(node, as: ClaimText.stringOrURI)
        }
        let keySetFile = section.required("jwks_file", "write the path of a file with its JWK set").flatMap { node in
            values.text(node) { text throws(SettingMismatch) in try FilePath.parse(text, in: folder) }
        }
        let audiences = section.required("audiences", "write what its tokens must have as `aud`").flatMap(
            values.audiences)
        let algorithms = section.required("algorithms", "write what it signs with, such as [ES256]").flatMap(algorithms)
        let maximumLifetime =
            section.node("max_lifetime").flatMap { values.seconds($0, in: 1...3650 * 86_400) } ?? 86_400
        let claims = claimNames(section.node("claims"))
        guard let issuer, let keySetFile, let audiences, let algorithms else { return nil }
        return Configuration.Issuer(
            issuer: issuer,
            keySetFile: keySetFile,
            audiences: audiences,
            algorithms: algorithms,
            maximumLifetimeSeconds: maximumLifetime,
            claims: claims
        )
    }

    private func claimNames(_ node: SettingNode?) -> Configuration.Issuer.ClaimNames {
        guard let node else { return .init() }
        let section = SectionReader(node, values: values)
        defer { section.end() }
        func name(_ key: String) -> String? {
            section.node(key).flatMap { values.text($0, as: ClaimText.claimName) }
        }
        return .init(subject: name("subject"), scope: name("scope"), clientID: name("client_id"))
    }

    private func algorithms(_ node: SettingNode) -> [Configuration.SigningAlgorithm]? {
        values.distinctList(node, of: "algorithms", allowsEmpty: false) { element in
            values.choice(element, of: Configuration.SigningAlgorithm.allCases.map { ($0.rawValue, $0) })
        }
    }
}
