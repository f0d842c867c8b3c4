import Foundation
import Gateway
import JOSE
import LibCrypto

/// The operations that are measured, each made ready so that only itself is.
struct Cases {
    let all: [(name: String, operation: () -> Void)]
    /// One message authentication code over as much text as the HS256 token has.
    let hmac: () -> Void
    let hostile: [(name: String, operation: () -> Void)]

    init() throws {
        let tokens = try Tokens()
        let cached = try AuthenticationProbe(issuers: [try tokens.trusted()], cacheEntries: 1000)
        let uncached = try AuthenticationProbe(issuers: [try tokens.trusted()], cacheEntries: 0)
        let verifier = try TokenVerifier(issuers: [try tokens.trusted()], leewaySeconds: 30)
        let now = Int64(Date.now.timeIntervalSince1970)
        func probing(_ token: [UInt8], _ probe: AuthenticationProbe) -> () -> Void {
            { token.withUnsafeBytes { bytes in require { try probe.verify(bytes, nowSeconds: now) } } }
        }
        func verifying(_ token: [UInt8]) -> () -> Void {
            { token.withUnsafeBytes { bytes in require { _ = try verifier.verify(bytes, nowSeconds: now) } } }
        }
        let (hs256, rs256, es256) = (
            try tokens.hs256(), try tokens.signed(.rs256, number: 1), try tokens.signed(.es256, number: 1)
        )
        all = [
            ("hit", probing(rs256, cached)),
            ("verify-HS256", verifying(hs256)), ("verify-RS256", verifying(rs256)), ("verify-ES256", verifying(es256)),
            ("uncached-HS256", probing(hs256, uncached)), ("uncached-RS256", probing(rs256, uncached)),
            ("uncached-ES256", probing(es256, uncached)),
        ]
        let authenticator = try MessageAuthenticator(key: Tokens.secret, hash: .sha256)
        let code = [UInt8](repeating: 0, count: 32)
        hmac = {
            hs256.dropLast(44).withUnsafeBytes { message in
                code.withUnsafeBytes { _ = authenticator.isValid(code: $0, message: message) }
            }
        }
        hostile = Self.hostileTexts.map { name, text in
            (name, { text.withUnsafeBytes { bytes in _ = try? verifier.verify(bytes, nowSeconds: now) } })
        }
    }

    func operation(named name: String) -> (() -> Void)? {
        all.first { $0.name == name }?.operation
    }

    /// The worst that somebody without a key can send.
    private static let hostileTexts: [(String, [UInt8])] = {
        func token(_ payload: String) -> [UInt8] {
            let header = Base64URL.encode([UInt8](#"{"alg":"HS256","kid":"h"}"#.utf8))
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

/// Runs what must not fail.
private func require(_ body: () throws -> Void) {
    do { try body() } catch { fatalError("the benchmark's own token is refused: \(error)") }
}

/// Tokens as an identity provider issues them.
struct Tokens {
    static let secret = [UInt8](repeating: 0x5A, count: 64)
    private static let issuer = "https://issuer.test"

    private let rsaKey: PrivateKey
    private let ellipticKey: PrivateKey
    private let now = Int64(Date.now.timeIntervalSince1970)

    init() throws {
        rsaKey = try PrivateKey.generate(.rsa(bits: 2048))
        ellipticKey = try PrivateKey.generate(.elliptic(.p256))
    }

    func trusted() throws -> TrustedIssuer {
        let keys = [
            try JSONWebKey(material: .symmetric(Self.secret), keyID: "h", algorithm: .hs256),
            try JSONWebKey(material: .publicKey(rsaKey.publicKey), keyID: "r", algorithm: .rs256),
            try JSONWebKey(material: .publicKey(ellipticKey.publicKey), keyID: "e", algorithm: .es256),
        ]
        return TrustedIssuer(
            issuer: Self.issuer, audiences: ["api"], algorithms: [.hs256, .rs256, .es256],
            keys: try JSONWebKeySet(keys: keys))
    }

    func signed(_ algorithm: SignatureAlgorithm, number: Int) throws -> [UInt8] {
        let key = algorithm == .es256 ? ellipticKey : rsaKey
        let signer = try TokenSigner(key: key, keyID: algorithm == .es256 ? "e" : "r", algorithm: algorithm)
        return [UInt8](try signer.sign(type: "at+jwt", claims: claims(number)).utf8)
    }

    func hs256() throws -> [UInt8] {
        let header = Base64URL.encode([UInt8](#"{"alg":"HS256","typ":"at+jwt","kid":"h"}"#.utf8))
        let input = "\(header).\(Base64URL.encode(JSONWriter.bytes(of: .object(claims(1)))))"
        let authenticator = try MessageAuthenticator(key: Self.secret, hash: .sha256)
        let code = try [UInt8](input.utf8).withUnsafeBytes { try authenticator.code(for: $0) }
        return [UInt8]("\(input).\(Base64URL.encode(code))".utf8)
    }

    private func claims(_ number: Int) -> [(String, JSONValue)] {
        let id = String(format: "0193f3a2-7b1c-7d2e-9f40-%012x", number)
        return [
            ("iss", .string(Self.issuer)), ("sub", .string("user-\(id)")), ("aud", .array([.string("api")])),
            ("exp", .integer(now + 86_000)), ("iat", .integer(now)), ("nbf", .integer(now)), ("jti", .string(id)),
            ("client_id", .string("web-application")), ("scope", .string("orders:read orders:write profile")),
            ("sid", .string("0193f3a2-7b1c-7d2e-9f40-000000000001")),
        ]
    }
}
