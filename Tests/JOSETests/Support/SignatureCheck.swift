@testable import JOSE

/// The verifier's steps up to the signature, for vectors whose payload is not a set of claims.
enum SignatureCheck {
    /// Whether the compact JWS has a valid signature by one of the keys, the algorithm being any that fits.
    static func accepts(_ token: [UInt8], keys: JSONWebKeySet) throws -> Bool {
        let keyring = try IssuerKeyring(
            TrustedIssuer(
                issuer: "x", audiences: ["x"], algorithms: Set(SignatureAlgorithm.allCases), keys: keys))
        return token.withUnsafeBytes { text in
            var scanner = JSONScanner(limits: .token)
            guard let parts = CompactSerialization(text),
                let header = Base64URL.decode(UnsafeRawBufferPointer(rebasing: text[parts.header])),
                Base64URL.decode(UnsafeRawBufferPointer(rebasing: text[parts.payload])) != nil,
                let signature = Base64URL.decode(UnsafeRawBufferPointer(rebasing: text[parts.signature])),
                let tokenHeader = header.withUnsafeBytes({ try? TokenHeader($0, scanner: &scanner) }),
                let key = try? keyring.key(for: tokenHeader)
            else { return false }
            let message = UnsafeRawBufferPointer(rebasing: text[parts.signingInput])
            return signature.withUnsafeBytes { key.isValid(signature: $0, message: message) }
        }
    }
}
