import JOSE
import LibCrypto
import Revocation

/// Makes access tokens (RFC 9068, section 2).
struct AccessTokenIssuer: Sendable {
    /// What a token is to say, besides what the policy says of all.
    struct Content: Sendable {
        /// `sub`.
        var subject: String
        /// `client_id`.
        var clientID: String
        /// `scope`.
        var scope: Scope
        /// `sid`; `nil` for a token without a session.
        var sessionID: String?
        /// Those of the policy's audiences that were asked for; `nil` for all of them.
        var audiences: [String]?
        /// Further claims of the account; reserved names are left out.
        var claims: [String: JSONValue] = [:]
    }

    /// A token may live this much shorter than the policy says, as parts of its life: 1 in 20.
    private static let jitterDivisor: Int64 = 20
    private static let jitterByteCount = 2

    let signer: TokenSigner
    let policy: SessionPolicy
    /// Gives random bytes.
    let random: @Sendable (Int) throws(SessionError) -> [UInt8]

    /// Makes one.
    ///
    /// Clients that began together would come back together: each token lives up to 5 % shorter, by lot.
    /// - Parameters:
    ///   - content: what it says.
    ///   - issuedAtMilliseconds: the issue instant: its second is `iat`, its millisecond is in the `jti`.
    ///   - endsMilliseconds: the absolute end of the session, which the token does not outlive.
    /// - Returns: the token, and how long it lives from its issue.
    /// - Throws: ``SessionError``: `invalidTarget` for an audience that is not the policy's; `signingFailed`.
    func issue(
        _ content: Content, issuedAtMilliseconds: Int64, endsMilliseconds: Int64?
    ) throws(SessionError) -> (token: String, lifetimeSeconds: Int64) {
        let audience = try policy.audience(of: content.audiences)
        let randomness = try random(TimeOrderedID.randomByteCount + Self.jitterByteCount)
        let tokenID = TimeOrderedID(
            milliseconds: issuedAtMilliseconds, randomness: Array(randomness.prefix(TimeOrderedID.randomByteCount)))
        let issuedAt = issuedAtMilliseconds / 1000
        let latest = endsMilliseconds.map { $0 / 1000 } ?? .max
        let lot = randomness.dropFirst(TimeOrderedID.randomByteCount).reduce(0) { $0 << 8 | Int64($1) }
        let lifetime = max(1, min(Self.lifetime(policy.accessLifetimeSeconds, lot: lot), latest - issuedAt))
        var claims: [(String, JSONValue)] = [
            ("iss", .string(policy.issuer)),
            ("sub", .string(content.subject)),
            ("aud", audience),
            ("exp", .integer(issuedAt + lifetime)),
            ("iat", .integer(issuedAt)),
            ("nbf", .integer(issuedAt)),
            ("jti", .string(tokenID.text)),
            ("client_id", .string(content.clientID)),
            ("scope", .string(content.scope.text)),
        ]
        if let sessionID = content.sessionID { claims.append(("sid", .string(sessionID))) }
        claims += policy.extraClaims.claims(
            subject: content.subject, clientID: content.clientID, own: content.claims)
        do {
            return (try signer.sign(type: "at+jwt", claims: claims), lifetime)
        } catch {
            throw .signingFailed
        }
    }

    /// A lifetime shortened by up to a twentieth; `lot` is from 0 to 65535.
    static func lifetime(_ seconds: Int64, lot: Int64) -> Int64 {
        seconds - seconds / jitterDivisor * min(max(lot, 0), 65_535) / 65_535
    }
}

extension SessionPolicy {
    /// The `aud` of a token (RFC 8707, section 2): those asked for, if they are all allowed.
    /// - Throws: ``SessionError/invalidTarget``.
    func audience(of wanted: [String]?) throws(SessionError) -> JSONValue {
        let names = wanted.map { $0.isEmpty ? audiences : $0 } ?? audiences
        guard names.allSatisfy({ name in audiences.contains { $0.utf8.elementsEqual(name.utf8) } }),
            Set(names).count == names.count
        else { throw .invalidTarget }
        if names.count == 1, let only = names.first { return .string(only) }
        return .array(names.map { .string($0) })
    }
}

extension SessionDetails {
    /// The claims by name.
    /// - Throws: ``SessionError/signingFailed`` for what is no JSON object, or over its bound.
    func ownClaims() throws(SessionError) -> [String: JSONValue] {
        guard !claims.isEmpty else { return [:] }
        guard claims.utf8.count <= Self.maximumClaimsBytes,
            let object = (try? JSONParser().parse(Array(claims.utf8)))?.object
        else { throw .signingFailed }
        return Dictionary(object.members.map { ($0.name, $0.value) }) { first, _ in first }
    }
}
