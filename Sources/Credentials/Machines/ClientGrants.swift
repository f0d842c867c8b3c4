/// What a client may get tokens for (RFC 7591 section 2, `grant_types`).
///
/// The refresh token that came with a grant may always be exchanged: it is bound to the client.
package struct ClientGrants: OptionSet, Sendable, Hashable {
    /// The bits.
    package let rawValue: UInt8

    /// Makes a set of its bits.
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Tokens for itself (RFC 6749 section 4.4).
    package static let clientCredentials = ClientGrants(rawValue: 1)
    /// Tokens for a user whose password it is told (RFC 6749 section 4.3).
    package static let password = ClientGrants(rawValue: 2)

    private static let names: [(name: String, grant: ClientGrants)] = [
        ("client_credentials", .clientCredentials), ("password", .password),
    ]

    /// Reads names with one space between them.
    ///
    /// - Throws: `invalidGrant` for an unknown or repeated name.
    package init(_ text: String) throws(CredentialError) {
        var grants: ClientGrants = []
        for word in text.split(separator: " ", omittingEmptySubsequences: !text.contains(" ")) {
            guard let known = Self.names.first(where: { $0.name == word }), grants.insert(known.grant).inserted else {
                throw CredentialError(.invalidGrant)
            }
        }
        self = grants
    }

    /// The names with one space between them.
    package var text: String {
        Self.names.filter { contains($0.grant) }.map(\.name).joined(separator: " ")
    }
}
