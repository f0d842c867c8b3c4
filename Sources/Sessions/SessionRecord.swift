/// What is known of a session; instants in milliseconds since 1970.
package struct SessionRecord: Sendable, Hashable {
    /// 16 random bytes in hexadecimal.
    package let id: String
    /// Whose it is.
    package let subject: String
    /// The client it was begun with.
    package let clientID: String
    /// What its access tokens may at most be used for.
    package let scope: Scope
    /// The generation of the one refresh token that is current, from 1.
    package var generation: UInt32
    /// The issue instant of its first access token.
    package let createdMilliseconds: Int64
    /// When the current generation was given out.
    package var rotatedMilliseconds: Int64
    /// When it ends if unused.
    package var expiresMilliseconds: Int64
    /// When it ends in any case.
    package let endsMilliseconds: Int64
    /// What else is kept with it.
    package var details: SessionDetails
}
