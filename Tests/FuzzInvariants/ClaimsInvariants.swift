import JOSE

/// Claims of tokens that are signed here, read under the usual names and under an issuer's own.
enum ClaimsInvariants {
    private static let mapping = ClaimMapping(subject: "oid", scope: ["roles"], clientID: "azp")
    private static let nestedMapping = ClaimMapping(scope: ["oid", "a", "roles"])

    static func complaint(about input: UnsafeRawBufferPointer) -> String? {
        let token = TokenInvariants.signed(claims: Array(input))
        guard let usual = TokenInvariants.verifier(), let mapped = TokenInvariants.verifier(claims: mapping) else {
            return "there is no verifier"
        }
        if verified(token, by: usual) != nil {
            let rejection = TokenInspection.rejection(of: token, nowSeconds: TokenInvariants.now, leewaySeconds: 60)
            if let rejection { return "accepted, but the inspection says \(rejection.reason)" }
            guard TokenInspection(token).faults.isEmpty else { return "accepted, but the inspection finds faults" }
        }
        if let complaint = nestedComplaint(about: token) { return complaint }
        if let complaint = clientComplaint(about: token) { return complaint }
        guard let accepted = verified(token, by: mapped) else { return nil }
        guard let claims = try? UnverifiedToken(token).claims else { return "accepted, but not JSON" }
        let text = text(claims)
        guard accepted.subject == claims["oid"]?.string else { return "\(text): oid" }
        guard accepted.clientID == claims["azp"]?.string else { return "\(text): azp" }
        let scopes = scopes(claims["roles"])
        guard accepted.scope == scopes else { return "\(text): roles" }
        guard
            scopes.isEmpty || scopes.split(separator: " ", omittingEmptySubsequences: false).allSatisfy({ !$0.isEmpty })
        else { return "\(text): an empty scope" }
        return dateComplaint(accepted, claims, text)
    }

    /// Scopes in nested objects are those that the plain parser finds there, or none.
    private static func nestedComplaint(about token: [UInt8]) -> String? {
        guard let verifier = TokenInvariants.verifier(claims: nestedMapping) else { return "there is no verifier" }
        guard let accepted = verified(token, by: verifier) else { return nil }
        guard let claims = try? UnverifiedToken(token).claims else { return "accepted, but not JSON" }
        let found = claims["oid"]?.object?["a"]?.object?["roles"]
        return accepted.scope == scopes(found) ? nil : "\(text(claims)): oid.a.roles"
    }

    /// A token for a client names it, and an `aud` that it has is right, too.
    private static func clientComplaint(about token: [UInt8]) -> String? {
        guard let verifier = TokenInvariants.verifier(audienceClaim: .clientID) else { return "there is no verifier" }
        guard let accepted = verified(token, by: verifier) else { return nil }
        guard let claims = try? UnverifiedToken(token).claims else { return "accepted, but not JSON" }
        guard claims["client_id"]?.string == TokenInvariants.audience else { return "\(text(claims)): client_id" }
        guard let audience = claims["aud"] else {
            return accepted.audiences.isEmpty ? nil : "\(text(claims)): an audience from nowhere"
        }
        let audiences = audience.array?.compactMap(\.string) ?? [audience.string ?? ""]
        return audiences.contains(TokenInvariants.audience) ? nil : "\(text(claims)): aud"
    }

    private static func scopes(_ value: JSONValue?) -> String {
        value?.array?.compactMap(\.string).joined(separator: " ") ?? value?.string ?? ""
    }

    private static func text(_ claims: JSONObject) -> String {
        "claims of \(FuzzTarget.text(JSONWriter.bytes(of: .object(claims))))"
    }

    /// The dates are those of another reader, to what a Double can tell.
    private static func dateComplaint(_ token: VerifiedToken, _ claims: JSONObject, _ text: String) -> String? {
        for (name, date) in [("exp", token.expiresAt), ("iat", token.issuedAt)] {
            guard let number = claims[name]?.number, let other = Double(number.text) else { return "\(text): \(name)" }
            let own = Double(date.seconds) + Double(date.nanoseconds) / 1e9
            guard abs(own - other) < 1e-4, number.numericDate == date else { return "\(text): \(name) is \(own)" }
        }
        return token.expiresAt > token.issuedAt ? nil : "\(text): never valid"
    }

    private static func verified(_ token: [UInt8], by verifier: TokenVerifier) -> VerifiedToken? {
        try? token.withUnsafeBytes { try verifier.verify($0, nowSeconds: TokenInvariants.now) }
    }
}
