package import Credentials
package import JOSE
package import Sessions

// What can be administered, as the admin API and the command line write it in JSON.

extension User {
    /// The account, without its password's hash.
    package var document: JSONValue {
        .object([
            ("name", .string(name.text)), ("scope", .string(scope.text)), ("disabled", .bool(isDisabled)),
            ("created_at", .integer(createdAtMilliseconds / 1000)),
            ("updated_at", .integer(updatedAtMilliseconds / 1000)),
        ])
    }
}

extension Client {
    /// The client, without its secret's hash.
    package var members: [(String, JSONValue)] {
        [
            ("id", .string(id.text)), ("public", .bool(isPublic)), ("grants", .string(grants.text)),
            ("scope", .string(scope.text)), ("disabled", .bool(isDisabled)),
            ("created_at", .integer(createdAtMilliseconds / 1000)),
            ("updated_at", .integer(updatedAtMilliseconds / 1000)),
        ]
    }
}

extension APIKey {
    /// What it is good for at an instant: `active`, `expired` or `revoked`.
    package func state(nowMilliseconds: Int64) -> String {
        guard revokedAtMilliseconds == nil else { return "revoked" }
        return expiresAtMilliseconds.map { $0 <= nowMilliseconds } ?? false ? "expired" : "active"
    }

    /// The key, without its secret's hash.
    package func members(nowMilliseconds: Int64) -> [(String, JSONValue)] {
        var members: [(String, JSONValue)] = [
            ("id", .string(id.text)), ("state", .string(state(nowMilliseconds: nowMilliseconds))),
            (owner.kind == "client" ? "client" : "user", .string(owner.name)), ("label", .string(label.text)),
            ("scope", .string(scope.text)), ("addresses", .string(addresses.text)),
            ("created_at", .integer(createdAtMilliseconds / 1000)),
        ]
        let times = [
            ("expires_at", expiresAtMilliseconds), ("last_used_at", lastUsedAtMilliseconds),
            ("revoked_at", revokedAtMilliseconds),
        ]
        members += times.compactMap { name, time in time.map { (name, .integer($0 / 1000)) } }
        return members
    }
}

extension SigningKeyDescription {
    /// The key as far as it is public.
    package func document(nowSeconds: Int64) -> JSONValue {
        var members: [(String, JSONValue)] = [("kid", .string(keyID))]
        switch purpose {
        case .accessTokens(let algorithm):
            members += [("use", .string("access_tokens")), ("alg", .string(algorithm.rawValue))]
        case .refreshTokens: members.append(("use", .string("refresh_tokens")))
        }
        members += [
            ("state", .string(state.rawValue)), ("created", .integer(createdSeconds)),
            ("age", .integer(max(0, nowSeconds - createdSeconds))),
        ]
        if let instant = activatesSeconds { members.append(("activates", .integer(instant))) }
        if let instant = endsSeconds { members.append(("ends", .integer(instant))) }
        return .object(members)
    }
}
