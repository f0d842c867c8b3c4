import JOSE

/// The value of a further claim, in which `{subject}` and `{client_id}` stand for those of the token.
package indirect enum ClaimTemplate: Sendable, Hashable {
    /// A text with places to fill in.
    case text(String)
    /// A truth value.
    case flag(Bool)
    /// A number.
    case integer(Int64)
    /// A list of texts with places to fill in.
    case texts([String])

    /// The value for one token.
    func value(subject: String, clientID: String) -> JSONValue {
        switch self {
        case .text(let text): .string(Self.fill(text, subject, clientID))
        case .flag(let flag): .bool(flag)
        case .integer(let number): .integer(number)
        case .texts(let texts): .array(texts.map { .string(Self.fill($0, subject, clientID)) })
        }
    }

    /// In one pass: what is filled in is not searched for places again.
    private static func fill(_ text: String, _ subject: String, _ clientID: String) -> String {
        guard text.contains("{") else { return text }
        var output = ""
        var rest = text[...]
        while let brace = rest.firstIndex(of: "{") {
            output += rest[..<brace]
            rest = rest[brace...]
            if rest.hasPrefix("{subject}") {
                output += subject
                rest = rest.dropFirst("{subject}".count)
            } else if rest.hasPrefix("{client_id}") {
                output += clientID
                rest = rest.dropFirst("{client_id}".count)
            } else {
                output += "{"
                rest = rest.dropFirst()
            }
        }
        return output + rest
    }
}

/// Further claims of the tokens issued here: for all, for a client, for a user.
///
/// The narrower wins.
package struct ExtraClaims: Sendable, Hashable {
    /// Names that only the gateway itself gives a meaning: the claims it writes, and those by which verifiers would take
    /// the token for more than it is.
    package static let reservedNames: Set<String> = [
        "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "scope", "scp", "sid", "cnf", "act", "may_act",
        "azp", "auth_time", "acr", "amr", "token_type", "token_use", "events",
    ]
    /// None.
    package static let none = ExtraClaims()

    /// For every token.
    package let everyone: [String: ClaimTemplate]
    /// By client.
    package let clients: [String: [String: ClaimTemplate]]
    /// By subject.
    package let users: [String: [String: ClaimTemplate]]

    /// Gathers the configured claims; reserved names among them are left out.
    package init(
        everyone: [String: ClaimTemplate] = [:], clients: [String: [String: ClaimTemplate]] = [:],
        users: [String: [String: ClaimTemplate]] = [:]
    ) {
        self.everyone = everyone
        self.clients = clients
        self.users = users
    }

    /// The claims of one token, in the order of their names.
    ///
    /// - Parameters:
    ///   - subject: its `sub`.
    ///   - clientID: its `client_id`.
    ///   - own: those of the account, which win over all others.
    /// - Returns: names with values.
    func claims(subject: String, clientID: String, own: [String: JSONValue] = [:]) -> [(String, JSONValue)] {
        guard !(everyone.isEmpty && clients.isEmpty && users.isEmpty && own.isEmpty) else { return [] }
        let templates = everyone.merging(clients[clientID] ?? [:]) { $1 }.merging(users[subject] ?? [:]) { $1 }
        let values = templates.mapValues { $0.value(subject: subject, clientID: clientID) }.merging(own) { $1 }
        // The last line of defence: a reserved name never gets in, whoever wrote it.
        return values.filter { !Self.reservedNames.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0, $1) }
    }
}
