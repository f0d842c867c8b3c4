import Foundation
import JOSE
import TestSupport
import Testing

extension GatewayTests {
    @Suite("one token in several spellings")
    struct TokenVariantTests {
        private static let adminToken = "admin-token-of-the-variants"

        /// The order of P-256 (SEC 2, section 2.4.2).
        private static let order: [UInt8] = [
            0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
            0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
        ]

        @Test("revoking a jti refuses all four, also the one with ECDSA's other signature, and also those remembered")
        func variants() async throws {
            SecretLedger.enter(Self.adminToken)
            var settings = GatewaySettings()
            settings.adminToken = Self.adminToken
            try await GatewayFixture.with(settings) { gateway in
                try await gateway.waitForRedis()
                let variants = try Self.variants(of: gateway.issuer.token())
                variants.forEach(SecretLedger.enter)
                // Twice: the second time from the cache, where it takes them.
                for _ in 0..<2 {
                    var statuses: [Int] = []
                    for variant in variants {
                        statuses.append(try await gateway.call("GET", "/api/x", token: variant).status)
                    }
                    #expect(statuses == [200, 200, 401, 401])
                }
                let answer = try await gateway.admin(
                    "POST", "/admin/v1/revocations", token: Self.adminToken, json: "{\"token\":\"\(variants[0])\"}")
                #expect(answer.status == 201, "\(answer.text)")
                for variant in variants {
                    let answer = try await gateway.call("GET", "/api/x", token: variant)
                    #expect(answer.status == 401)
                }
                #expect(try await gateway.call("GET", "/api/x", token: variants[1]).text.contains("token revoked"))
            }
        }

        /// The token, with n - s for s, with padding, and with another last character of the same octets.
        private static func variants(of token: String) throws -> [String] {
            let dot = try #require(token.lastIndex(of: "."))
            let (input, text) = (String(token[...dot]), String(token[token.index(after: dot)...]))
            let signature = try #require(Base64URL.decode(text))
            try #require(signature.count == 64)
            var other = signature
            var borrow = 0
            for index in stride(from: 31, through: 0, by: -1) {
                let difference = Int(order[index]) - Int(signature[32 + index]) - borrow
                other[32 + index] = UInt8(truncatingIfNeeded: difference)
                borrow = difference < 0 ? 1 : 0
            }
            // 64 octets leave four bits of the last character unused: they are zero in a canonical text.
            let last = try #require(text.last)
            let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
            let place = try #require(alphabet.firstIndex(of: last))
            let bits = String(text.dropLast()) + String(alphabet[place | 1])
            return [token, input + Base64URL.encode(other), token + "==", input + bits]
        }
    }
}
