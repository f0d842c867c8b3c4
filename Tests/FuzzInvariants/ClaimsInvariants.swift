import JOSE

/// Claims of tokens that are signed here, read under the usual names and under an issuer's own.
enum ClaimsInvariants {
    private static let mapping = ClaimMapping(subject: "oid", scope: "roles", clientID: "azp")

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
        guard let accepted = verified(token, by: mapped) else { return nil }
        guard let claims = try? UnverifiedToken(token).claims else { return "accepted, but not JSON" }
        let text = "claims of \(FuzzTarget.text(JSONWriter.bytes(of: .object(claims))))"
        guard accepted.subject == claims["oid"]?.string else { return "\(text): oid" }
        guard accepted.clientID == claims["azp"]?.string else { return "\(text): azp" }
        let scopes =
            claims["roles"]?.array?.compactMap(\.string).joined(separator: " ") ?? claims["roles"]?.string ?? ""
        guard accepted.scope == scopes else { return "\(text): roles" }
        guard
            scopes.isEmpty || scopes.split(separator: " ", omittingEmptySubsequences: false).allSatisfy({ !$0.isEmpty })
        else { return "\(text): an empty scope" }
        return dateComplaint(accepted, claims, text)
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
