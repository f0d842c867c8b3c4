/// Reads `tokens`.
struct TokensReader {
    private static let secondsPerDay: Int64 = 86_400
    /// How many refresh keys may be kept for the sessions they were given out in.
    private static let keptRefreshKeys: Int64 = 60

    let values: ValueReader
    let folder: String

    func read(_ node: SettingNode) -> Configuration.Tokens? {
        let section = SectionReader(node, values: values)
        defer { section.end() }
        let day = Self.secondsPerDay
        let issuer = section.required("issuer", "write the URL of this gateway, such as https://auth.example").flatMap {
            node in
            values.text(node, as: ClaimText.ownIssuer)
        }
        let keys = TokenKeysReader(values: values, folder: folder).read(section)
        let audiences = section.value("audiences", default: ["api"], values.audiences)
        let algorithm = section.value("algorithm", default: .es256, signingAlgorithm)
        let accessLifetime = section.seconds("access_ttl", default: 900, in: 1...day)
        let refreshLifetime = section.seconds("refresh_ttl", default: 14 * day, in: 1...400 * day)
        let sessionLifetime = section.seconds("session_ttl", default: 90 * day, in: 1...3650 * day)
        let rotationGrace = section.seconds("rotation_grace", default: 10, in: 0...300)
        let publishAhead = section.seconds("publish_ahead", default: 3600, in: 0...30 * day)
        let rotateEvery = section.node("rotate_every").flatMap { values.seconds($0, in: 3600...400 * day) }
        checkRotation(
            section, every: rotateEvery, publishAhead: publishAhead, accessLifetime: accessLifetime,
            sessionLifetime: sessionLifetime)
        let claims = TokenClaimsReader(values: values).read(section)
        checkOrder(
            section,
            [("access_ttl", accessLifetime), ("refresh_ttl", refreshLifetime), ("session_ttl", sessionLifetime)])
        guard let issuer, let keys else { return nil }
        return Configuration.Tokens(
            issuer: issuer,
            audiences: audiences,
            algorithm: algorithm,
            keyDirectory: keys.directory,
            signingKeys: keys.signing,
            refreshKeys: keys.refresh,
            publishAheadSeconds: publishAhead,
            rotateEverySeconds: rotateEvery,
            claims: claims,
            accessLifetimeSeconds: accessLifetime,
            refreshLifetimeSeconds: refreshLifetime,
            sessionLifetimeSeconds: sessionLifetime,
            rotationGraceSeconds: rotationGrace
        )
    }

    private func signingAlgorithm(_ node: SettingNode) -> Configuration.SigningAlgorithm? {
        values.choice(node, of: Configuration.SigningAlgorithm.allCases.map { ($0.rawValue, $0) })
    }

    /// Keys that follow each other faster than what they made dies would pile up.
    private func checkRotation(
        _ section: SectionReader, every: Int64?, publishAhead: Int64, accessLifetime: Int64, sessionLifetime: Int64
    ) {
        guard let every else { return }
        let least = max(publishAhead + accessLifetime, sessionLifetime / Self.keptRefreshKeys)
        guard every < least else { return }
        values.problems.add(
            .conflict, at: section.position(of: "rotate_every"), path: "\(section.path).rotate_every",
            found: "too short for publish_ahead, access_ttl and session_ttl",
            expected: "expected at least publish_ahead + access_ttl, and session_ttl / \(Self.keptRefreshKeys)")
    }

    private func checkOrder(_ section: SectionReader, _ lifetimes: [(key: String, seconds: Int64)]) {
        for (shorter, longer) in zip(lifetimes, lifetimes.dropFirst()) where shorter.seconds > longer.seconds {
            // The one that is written is the one to change.
            let key = section.isWritten(longer.key) ? longer.key : shorter.key
            values.problems.add(
                .conflict, at: section.position(of: key), path: SettingNode.path(of: key, in: section.path),
                found: "\(shorter.key) is longer than \(longer.key)",
                expected: "expected access_ttl <= refresh_ttl <= session_ttl")
        }
    }
}

extension ValueReader {
    /// Names for `aud`, at least one.
    func audiences(_ node: SettingNode) -> [String]? {
        distinctList(node, of: "audiences", allowsEmpty: false) { element in
            text(element, as: ClaimText.stringOrURI)
        }
    }
}
