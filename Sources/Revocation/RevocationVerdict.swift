/// What the deny-list says of a token.
public enum RevocationVerdict: Sendable, Hashable {
    /// Nothing revokes it.
    case clear
    /// It is revoked, by this kind of revocation.
    case revoked(RevocationKind)
    /// The deny-list could not be asked, or holds something it should not: the outage policy decides.
    case unavailable
}

/// Receives the verdict of one check, on the event loop that asked.
///
/// A class to inherit from, not a protocol: the data path keeps no existentials. It is `open`, and so `public`, because
/// a `package` class cannot be inherited from in another module.
open class VerdictHandler {
    /// For subclasses.
    public init() {}

    /// Called exactly once for each check, perhaps before the call that asked has returned.
    open func decided(_ verdict: RevocationVerdict) {}
}
