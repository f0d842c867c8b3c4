package import Revocation

/// The names of sessions in Redis; the deny-list's names are by ``RevocationKeys``.
package struct SessionKeys: Sendable, Hashable {
    /// The deny-list's names under the same prefix.
    package let revocation: RevocationKeys

    /// - Parameter prefix: the configured `key_prefix`.
    package init(prefix: String) {
        revocation = RevocationKeys(prefix: prefix)
    }

    /// What every name begins with.
    package var prefix: String { revocation.prefix }

    /// The hash of a session.
    package func session(_ id: String) -> String {
        "\(prefix)session:\(RevocationKeys.identifier(id))"
    }

    /// The hash that says whose an ended session was.
    package func ended(_ id: String) -> String {
        "\(prefix)ended:\(RevocationKeys.identifier(id))"
    }

    /// The sorted set of a subject's session ids, each with the instant it ends if unused.
    package func sessions(of subject: String) -> String {
        "\(prefix)sessions:\(RevocationKeys.identifier(subject))"
    }
}
