import Gateway
import JOSE
import LibCrypto

extension Case {
    /// What tokens cost: one that is remembered, one that is verified, and one that is verified to be remembered.
    static let tokens: [Case] =
        [Case("hit") { try probing(.rs256, cacheEntries: 1000) }]
        + [SignatureAlgorithm.hs256, .rs256, .ps256, .es256, .edDSA].map { algorithm in
            Case("verify-\(algorithm.rawValue)") { try verifying(algorithm) }
        }
        + [SignatureAlgorithm.hs256, .rs256, .es256].map { algorithm in
            Case("uncached-\(algorithm.rawValue)") { try probing(algorithm, cacheEntries: 0) }
        }

    private static func probing(_ algorithm: SignatureAlgorithm, cacheEntries: Int) throws -> () -> Void {
        let tokens = try Tokens(algorithm)
        let probe = try AuthenticationProbe(issuers: [try tokens.trusted()], cacheEntries: cacheEntries)
        return Case.inTurn(try tokens.signed(Case.variants)) { token in
            token.withUnsafeBytes { bytes in Case.require { try probe.verify(bytes, nowSeconds: Tokens.nowSeconds) } }
        }
    }

    private static func verifying(_ algorithm: SignatureAlgorithm) throws -> () -> Void {
        let tokens = try Tokens(algorithm)
        let verifier = try TokenVerifier(issuers: [try tokens.trusted()], leewaySeconds: 30)
        return Case.inTurn(try tokens.signed(Case.variants)) { token in
            token.withUnsafeBytes { bytes in
                Case.require { _ = try verifier.verify(bytes, nowSeconds: Tokens.nowSeconds) }
            }
        }
    }

    /// One message authentication code over as much text as the HS256 token has.
    static let hmac = Case("HMAC alone") {
        guard let token = try Tokens(.hs256).signed(1).first else { return {} }
        let authenticator = try MessageAuthenticator(key: Tokens.secret, hash: .sha256)
        let message = [UInt8](token.dropLast(44))
        let code = try message.withUnsafeBytes { try authenticator.code(for: $0) }
        return {
            message.withUnsafeBytes { message in
                code.withUnsafeBytes { Case.require(authenticator.isValid(code: $0, message: message)) }
            }
        }
    }

    /// The worst that somebody without a key can send; for its time alone.
    static let hostile: [Case] = hostileTexts.map { name, text in
        Case("refuse \(name)") {
            let verifier = try TokenVerifier(issuers: [try Tokens(.hs256).trusted()], leewaySeconds: 30)
            return { text.withUnsafeBytes { _ = try? verifier.verify($0, nowSeconds: Tokens.nowSeconds) } }
        }
    }

    private static let hostileTexts: [(String, [UInt8])] = {
        func token(_ payload: String) -> [UInt8] {
            let header = Base64URL.encode([UInt8](#"{"alg":"HS256","kid":"k"}"#.utf8))
            return [UInt8]("\(header).\(Base64URL.encode([UInt8](payload.utf8))).AAAA".utf8)
        }
        let names = (0..<256).map { #""\#(String($0, radix: 36))\u0061bcdefghijklmnopqrstuvwx":1"# }
        return [
            ("4 MB", [UInt8](repeating: UInt8(ascii: "A"), count: 4_000_386)),
            ("16 KiB of dots", [UInt8](repeating: UInt8(ascii: "."), count: 16_384)),
            ("256 escaped names", token("{\(names.joined(separator: ","))}")),
            ("12,000 brackets", token(String(repeating: "[", count: 12_000))),
            (
                "12,000 digits",
                token(#"{"iss":"https://issuer.test","exp":"# + String(repeating: "9", count: 12_000) + "}")
            ),
            ("12,000 escapes", token(#"{"iss":""# + String(repeating: #"\u0061"#, count: 2_000) + "\"}")),
        ]
    }()
}
