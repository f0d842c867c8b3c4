/// The kinds of revocation; the raw value is the word used in key names and in the stream's `kind` field.
public enum RevocationKind: String, Sendable, Hashable, CaseIterable {
    /// One token, by its `jti`.
    case token = "jti"
    /// Every token of one session, by its `sid`.
    case session = "sid"
    /// Every token of a subject issued at or before a cut-off.
    case subject = "sub"
    /// Every token of a client issued at or before a cut-off.
    case client = "client"
    /// Every token signed with one key and issued at or before a cut-off.
    case key = "kid"
    /// Every token issued at or before a cut-off.
    case all = "all"

    /// Whether the key's value is a cut-off instant rather than a mark.
    package var hasCutoff: Bool {
        switch self {
        case .token, .session: false
        case .subject, .client, .key, .all: true
        }
    }
}

/// What a revocation names.
package enum RevocationTarget: Sendable, Hashable {
    /// One token, by its `jti`.
    case token(jti: String)
    /// A session, by its `sid`.
    case session(String)
    /// A subject, by its `sub`.
    case subject(String)
    /// A client, by its `client_id`.
    case client(String)
    /// A signing key, by its `kid`.
    case key(String)
    /// Everything.
    case all

    /// The kind of the target.
    package var kind: RevocationKind {
        switch self {
        case .token: .token
        case .session: .session
        case .subject: .subject
        case .client: .client
        case .key: .key
        case .all: .all
        }
    }

    /// The name as it stands in the token; empty for ``all``.
    package var name: String {
        switch self {
        case .token(let name), .session(let name), .subject(let name), .client(let name), .key(let name): name
        case .all: ""
        }
    }
}
