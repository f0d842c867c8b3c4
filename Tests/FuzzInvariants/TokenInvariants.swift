import JOSE
import LibCrypto

/// Compact tokens: one text for one token; what is accepted was signed, and says what a second reader finds in it.
///
/// Each input is judged twice: as a token, and as the claims of one that is signed here, so that mutations get past the
/// signature.
enum TokenInvariants {
    private static let secret = [UInt8](repeating: 0x5a, count: 64)
    static let now: Int64 = 1_800_000_000
    static let audience = "https://gw.test"
    private static let leewaySeconds: Int64 = 60

    static func complaint(about input: UnsafeRawBufferPointer) -> String? {
        let bytes = Array(input)
        if let complaint = textComplaint(about: bytes) { return complaint }
        guard let verifier = verifier() else { return "there is no verifier" }
        if let verified = try? verifier.verify(input, nowSeconds: now) {
            guard signed(signingInput(of: bytes)) == bytes else { return "a token that nobody signed was accepted" }
            if let complaint = claimsComplaint(about: verified, token: bytes) { return complaint }
        }
        let token = signed(claims: bytes)
        guard let verified = try? token.withUnsafeBytes({ try verifier.verify($0, nowSeconds: now) }) else {
            return nil
        }
        return claimsComplaint(about: verified, token: token)
    }

    /// A token of these octets as claims.
    static func signed(claims: [UInt8]) -> [UInt8] {
        let header = Base64URL.encode(Array(#"{"alg":"HS256","typ":"at+jwt","kid":"k"}"#.utf8))
        return signed(Array("\(header).\(Base64URL.encode(claims))".utf8))
    }

    private static func textComplaint(about bytes: [UInt8]) -> String? {
        guard let token = try? UnverifiedToken(bytes) else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { return "a token of \(parts.count) parts was taken" }
        for part in parts {
            let text = String(decoding: part, as: UTF8.self)
            guard let octets = Base64URL.decode(text), Base64URL.encode(octets) == text else {
                return "\(text.debugDescription) is not the only text of its octets"
            }
        }
        let signature = String(decoding: parts[2], as: UTF8.self)
        return Base64URL.encode(token.signature) == signature ? nil : "the signature is another one"
    }

    /// What was accepted, read by the plain parser: issuer, audience and times are within the rules.
    private static func claimsComplaint(about verified: VerifiedToken, token: [UInt8]) -> String? {
        guard let claims = try? UnverifiedToken(token).claims else { return "accepted, but not JSON" }
        let text = "claims of \(FuzzTarget.text(JSONWriter.bytes(of: .object(claims))))"
        guard claims["iss"]?.string == "https://issuer.test" else { return "\(text): iss" }
        let audiences = claims["aud"]?.array?.compactMap(\.string) ?? [claims["aud"]?.string ?? ""]
        guard audiences.contains(audience) else { return "\(text): aud" }
        guard let subject = claims["sub"]?.string, !subject.isEmpty, subject == verified.subject else {
            return "\(text): sub"
        }
        guard let id = claims["jti"]?.string, !id.isEmpty, id == verified.tokenID else { return "\(text): jti" }
        guard claims["cnf"] == nil else { return "\(text): cnf" }
        for (name, isAllowed) in [
            ("exp", { $0 > Double(now - leewaySeconds) - 1 }), ("iat", { $0 < Double(now + leewaySeconds) + 1 }),
            ("nbf", { $0 < Double(now + leewaySeconds) + 1 }),
        ] as [(String, (Double) -> Bool)] {
            if name == "nbf", claims[name] == nil { continue }
            guard let time = claims[name]?.number.flatMap({ Double($0.text) }), isAllowed(time) else {
                return "\(text): \(name)"
            }
        }
        return nil
    }

    /// Trusts the issuer and the secret of these tests.
    static func verifier(
        claims: ClaimMapping = .standard, audienceClaim: AudienceClaim = .audience
    ) -> TokenVerifier? {
        let key = #"{"keys":[{"kty":"oct","alg":"HS256","kid":"k","k":"\#(Base64URL.encode(secret))"}]}"#
        guard let keys = try? JSONWebKeySet(json: Array(key.utf8), provenance: .operatorFile) else { return nil }
        let issuer = TrustedIssuer(
            issuer: "https://issuer.test", audiences: [audience], audienceClaim: audienceClaim, algorithms: [.hs256],
            keys: keys, claims: claims)
        return try? TokenVerifier(issuers: [issuer], leewaySeconds: leewaySeconds)
    }

    private static func signingInput(of token: [UInt8]) -> [UInt8] {
        token.lastIndex(of: UInt8(ascii: ".")).map { Array(token[..<$0]) } ?? token
    }

    /// A signing input with its code under the secret of these tests.
    static func signed(_ signingInput: [UInt8]) -> [UInt8] {
        let code = signingInput.withUnsafeBytes { message in
            try? MessageAuthenticator(key: secret, hash: .sha256).code(for: message)
        }
        return signingInput + Array(".\(Base64URL.encode(code ?? []))".utf8)
    }
}
