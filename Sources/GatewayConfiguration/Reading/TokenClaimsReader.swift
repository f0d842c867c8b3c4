/// Reads the further claims of `tokens`.
struct TokenClaimsReader {
    /// Names that only the gateway itself gives a meaning.
    static let reservedNames: Set<String> = [
        "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "scope", "scp", "sid", "cnf", "act", "may_act",
        "azp", "auth_time", "acr", "amr", "token_type", "token_use", "events",
    ]
    private static let claimLimit = 32
    private static let byteLimit = 1024

    let values: ValueReader

    func read(_ section: SectionReader) -> Configuration.TokenClaims {
        Configuration.TokenClaims(
            everyone: section.node("claims").flatMap(claims) ?? [:],
            clients: section.node("client_claims").flatMap(named) ?? [:],
            users: section.node("user_claims").flatMap(named) ?? [:])
    }

    private func named(_ node: SettingNode) -> [String: [String: Configuration.TokenClaims.Value]]? {
        entries(node, of: "names, each with claims").map { entries in
            var result: [String: [String: Configuration.TokenClaims.Value]] = [:]
            for entry in entries { result[entry.key] = claims(entry.value) ?? [:] }
            return result
        }
    }

    private func claims(_ node: SettingNode) -> [String: Configuration.TokenClaims.Value]? {
        guard let entries = entries(node, of: "claims (name: value)") else { return nil }
        guard entries.count <= Self.claimLimit else {
            values.problems.add(
                .badValue, at: node.position, path: node.path, found: "found \(entries.count) claims",
                expected: "expected at most \(Self.claimLimit)")
            return nil
        }
        var result: [String: Configuration.TokenClaims.Value] = [:]
        for entry in entries {
            guard !Self.reservedNames.contains(entry.key), !entry.key.isEmpty, entry.key.utf8.count <= 128,
                !entry.key.hasControlCharacters
            else {
                values.problems.add(
                    .badValue, at: entry.keyPosition, path: entry.value.path, found: "not a name that is free",
                    expected: "another name than those the gateway writes or verifiers know (RFC 9068)")
                continue
            }
            result[entry.key] = value(entry.value)
        }
        return result
    }

    private func value(_ node: SettingNode) -> Configuration.TokenClaims.Value? {
        if case .list = node.content {
            return values.list(node, of: "strings", element: text).map { .texts($0) }
        }
        switch node.scalar?.look {
        case .boolean: return values.boolean(node).map { .flag($0) }
        case .number: return values.integer(node, in: 0...999_999_999_999_999).map { .integer(Int64($0)) }
        default: return text(node).map { .text($0) }
        }
    }

    private func text(_ node: SettingNode) -> String? {
        values.text(node) { text throws(SettingMismatch) in
            guard text.utf8.count <= Self.byteLimit else {
                throw SettingMismatch("a text of at most \(Self.byteLimit) bytes")
            }
            return text
        }
    }

    private func entries(_ node: SettingNode, of what: String) -> [SettingNode.Entry]? {
        guard !node.isRefused else { return nil }
        guard case .mapping(let entries) = node.content else {
            values.problems.add(
                .wrongType, at: node.position, path: node.path, found: "found \(node.typeName)",
                expected: "expected \(what)")
            return nil
        }
        return entries
    }
}
