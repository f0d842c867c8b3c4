/// What the deny-list says of a token.
public enum RevocationVerdict: Sendable, Hashable {
    /// Nothing revokes it.
    case clear
    /// It is revoked, by this kind of revocation.
    case revoked(RevocationKind)
    /// The deny-list could not be asked, or holds something it should not: the outage policy decides.
    case unavailable
}
