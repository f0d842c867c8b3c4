import JOSE
import LibCrypto
import Revocation

/// Makes access tokens (RFC 9068, section 2).
struct AccessTokenIssuer: Sendable {
    let signer: TokenSigner
    let policy: SessionPolicy

    /// Makes one.
    /// - Parameters:
    ///   - subject: `sub`.
    ///   - clientID: `client_id`.
    ///   - scope: `scope`.
    ///   - sessionID: `sid`; `nil` for a token without a session.
    ///   - issuedAtMilliseconds: the issue instant: its second is `iat`, its millisecond is in the `jti`.
    ///   - endsMilliseconds: the absolute end of the session, which the token does not outlive.
    /// - Returns: the token, and how long it lives from its issue.
    /// - Throws: ``SessionError/signingFailed``.
    func issue(
        subject: String,
        clientID: String,
        scope: Scope,
        sessionID: String?,
        issuedAtMilliseconds: Int64,
        endsMilliseconds: Int64?
    ) throws(SessionError) -> (token: String, lifetimeSeconds: Int64) {
        let issuedAt = issuedAtMilliseconds / 1000
        let latest = endsMilliseconds.map { $0 / 1000 } ?? .max
        let lifetime = max(1, min(policy.accessLifetimeSeconds, latest - issuedAt))
        let audience: JSONValue =
            if policy.audiences.count == 1, let only = policy.audiences.first {
                .string(only)
            } else {
                .array(policy.audiences.map { .string($0) })
            }
        do {
            let tokenID = TimeOrderedID(milliseconds: issuedAtMilliseconds, randomness: try Random.bytes(10))
            var claims: [(String, JSONValue)] = [
                ("iss", .string(policy.issuer)),
                ("sub", .string(subject)),
                ("aud", audience),
                ("exp", .integer(issuedAt + lifetime)),
                ("iat", .integer(issuedAt)),
                ("nbf", .integer(issuedAt)),
                ("jti", .string(tokenID.text)),
                ("client_id", .string(clientID)),
                ("scope", .string(scope.text)),
            ]
            if let sessionID { claims.append(("sid", .string(sessionID))) }
            return (try signer.sign(type: "at+jwt", claims: claims), lifetime)
        } catch {
            throw .signingFailed
        }
    }
}
