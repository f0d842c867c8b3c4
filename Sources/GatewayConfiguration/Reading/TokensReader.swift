/// Reads `tokens`.
struct TokensReader {
    private static let secondsPerDay: Int64 = 86_400

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
        let keyDirectory = section.required("key_directory", "write the folder of the signing keys, such as ./keys")
            .flatMap { node in
                values.text(node) { text throws(SettingMismatch) in try FilePath.parse(text, in: folder) }
            }
        let audiences = section.value("audiences", default: ["api"], values.audiences)
        let algorithm = section.value("algorithm", default: .es256, signingAlgorithm)
        let accessLifetime = section.seconds("access_ttl", default: 900, in: 1...day)
        let refreshLifetime = section.seconds("refresh_ttl", default: 14 * day, in: 1...400 * day)
        let sessionLifetime = section.seconds("session_ttl", default: 90 * day, in: 1...3650 * day)
        let rotationGrace = section.seconds("rotation_grace", default: 10, in: 0...300)
        checkOrder(
            section,
            [("access_ttl", accessLifetime), ("refresh_ttl", refreshLifetime), ("session_ttl", sessionLifetime)])
        guard let issuer, let keyDirectory else { return nil }
        return Configuration.Tokens(
            issuer: issuer,
            audiences: audiences,
            algorithm: algorithm,
            keyDirectory: keyDirectory,
            accessLifetimeSeconds: accessLifetime,
            refreshLifetimeSeconds: refreshLifetime,
            sessionLifetimeSeconds: sessionLifetime,
            rotationGraceSeconds: rotationGrace
        )
    }

    private func signingAlgorithm(_ node: SettingNode) -> Configuration.SigningAlgorithm? {
        let algorithms = Configuration.SigningAlgorithm.allCases.filter { !$0.isSymmetric }
        return values.choice(node, of: algorithms.map { ($0.rawValue, $0) })
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
