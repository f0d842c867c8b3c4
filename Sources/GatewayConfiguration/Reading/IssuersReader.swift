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
        let issuer = section.required("issuer", "write what its tokens have as `iss`").flatMap { node in
            values.text(node, as: ClaimText.stringOrURI)
        }
        let keySource = keySource(section, issuer: issuer)
        let audiences = section.required("audiences", "write what its tokens must have as `aud`").flatMap(
            values.audiences)
        let audienceClaim = section.value("audience_claim", default: .audience) { node in
            values.choice(node, of: Configuration.AudienceClaim.allCases.map { ($0.rawValue, $0) })
        }
        let algorithms = section.required("algorithms", "write what it signs with, such as [ES256]").flatMap(algorithms)
        let maximumLifetime =
            section.node("max_lifetime").flatMap { values.seconds($0, in: 1...3650 * 86_400) } ?? 86_400
        let claims = claimNames(section.node("claims"))
        guard let issuer, let keySource, let audiences, let algorithms else { return nil }
        if case .published = keySource, let symmetric = algorithms.first(where: { $0.rawValue.hasPrefix("HS") }) {
            values.problems.add(
                .conflict, at: section.position(of: "algorithms"), path: "\(section.path).algorithms",
                found: "\(symmetric.rawValue) has a secret key, and what is published is none",
                expected: "leave it out, or write jwks_file")
            return nil
        }
        return Configuration.Issuer(
            issuer: issuer,
            keySource: keySource,
            audiences: audiences,
            audienceClaim: audienceClaim,
            algorithms: algorithms,
            maximumLifetimeSeconds: maximumLifetime,
            claims: claims
        )
    }

    /// A file, or what is published: where `jwks_uri` says, or else where the issuer itself says.
    private func keySource(_ section: SectionReader, issuer: String?) -> Configuration.KeySource? {
        let file = section.node("jwks_file")
        let keySetFile = file.flatMap { node in
            values.text(node) { text throws(SettingMismatch) in try FilePath.parse(text, in: folder) }
        }
        let address = section.node("jwks_uri")
        var published = Configuration.PublishedKeys()
        published.url = address.flatMap { node in values.text(node, as: KeySetURL.parse) }
        published.authoritiesFile = section.node("ca").flatMap { node in
            values.text(node) { text throws(SettingMismatch) in try FilePath.parse(text, in: folder) }
        }
        published.refreshSeconds = section.seconds("refresh", default: 600, in: 1...86_400)
        published.coolDownSeconds = section.seconds("cool_down", default: 10, in: 1...3600)
        published.maximumStaleSeconds = section.seconds("max_stale", default: 86_400, in: 1...30 * 86_400)
        guard file != nil else {
            if address == nil, let issuer { return discovered(published, issuer: issuer, section) }
            return address == nil || published.url == nil ? nil : .published(published)
        }
        for key in ["jwks_uri", "ca", "refresh", "cool_down", "max_stale"] where section.isWritten(key) {
            values.problems.add(
                .conflict, at: section.position(of: key), path: "\(section.path).\(key)",
                found: "nothing is fetched where there is a jwks_file", expected: "leave out one of the two")
        }
        return keySetFile.map(Configuration.KeySource.file)
    }

    /// Only an address can be asked where its keys are.
    private func discovered(
        _ published: Configuration.PublishedKeys, issuer: String, _ section: SectionReader
    ) -> Configuration.KeySource? {
        guard (try? KeySetURL.parse(issuer)) != nil, !issuer.contains("?") else {
            values.problems.add(
                .missing, at: section.position, path: SettingNode.path(of: "jwks_uri", in: section.path),
                found: "missing",
                expected: "write where its keys are (jwks_uri or jwks_file), for its name is no https URL to ask at")
            return nil
        }
        return .published(published)
    }

    private func claimNames(_ node: SettingNode?) -> Configuration.Issuer.ClaimNames {
        guard let node else { return .init() }
        let section = SectionReader(node, values: values)
        defer { section.end() }
        func name(_ key: String) -> String? {
            section.node(key).flatMap { values.text($0, as: ClaimText.claimName) }
        }
        let scope = section.node("scope").flatMap { values.text($0, as: ClaimText.claimPath) }
        return .init(subject: name("subject"), scope: scope, clientID: name("client_id"))
    }

    private func algorithms(_ node: SettingNode) -> [Configuration.SigningAlgorithm]? {
        values.distinctList(node, of: "algorithms", allowsEmpty: false) { element in
            values.choice(element, of: Configuration.SigningAlgorithm.allCases.map { ($0.rawValue, $0) })
        }
    }
}
