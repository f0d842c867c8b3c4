/// Why a session operation gave nothing.
package enum SessionError: Error, Equatable, Sendable {
    /// Why a refresh token is of no use.
    ///
    /// To clients all of them are `invalid_grant`.
    package enum Grant: String, Error, Sendable, Hashable {
        /// Not a refresh token of ours at all.
        case malformed
        /// Well formed, but its code was not made with our key.
        case forged
        /// The session is over or never was.
        case unknownSession
        /// The session went unused for too long, or reached its absolute end.
        case expired
        /// An old token after its grace: theft; the session was ended.
        case reused
        /// A token newer than the store knows of: the store lost writes; the session was ended.
        case ahead
        /// The subject, client or everything was revoked after the session began; the session was ended.
        case revoked
        /// The token was issued to another client; nothing changed.
        case otherClient
    }

    /// The refresh token was refused.
    case invalidGrant(Grant)
    /// The scope asked for is malformed or wider than the session's.
    case invalidScope
    /// An audience was asked for that tokens are not issued for (`invalid_target`, RFC 8707).
    case invalidTarget
    /// The store did not answer or could not be written; nothing may be counted on.
    case unavailable
    /// A key could not sign, or there was no randomness.
    case signingFailed
}
