import LibCrypto
import Testing

@testable import JOSE

@Suite("Wycheproof JWS", .enabled(if: Vectors.areAvailable))
struct WycheproofTests {
    /// Tokens the vectors call valid that are refused here.
    private static let stricter: [String: String] = [
        "json_web_signature-346": "PS384 with a key whose alg is PS256",
        "json_web_signature-350": "PS384 with a key whose alg is PS256",
        "json_web_signature-347": "the key's alg is ES521, which does not exist",
        "json_web_signature-351": "the key's alg is ES521, which does not exist",
        "json_web_signature-372": "a character outside the alphabet in the header",
        "json_web_signature-373": "a character outside the alphabet in the payload",
    ]

    /// Tokens the vectors call invalid for padding which they do not have: byte for byte they are a token that the same
    /// file calls valid, with the same key.
    ///
    /// No verifier can refuse these and accept that.
    private static let mislabelled: Set<String> = ["json_web_signature-367", "json_web_signature-370"]
    private static let originalOfMislabelled = "json_web_signature-357"

    @Test("the mislabelled tokens are the valid one")
    func mislabelled() throws {
        let rows = try Vectors.rows("jwt/wycheproof_jws_flat.jsonl")
        let original = try #require(rows.first { $0.text("id") == Self.originalOfMislabelled })
        #expect(original.text("result") == "valid")
        let copies = rows.filter { Self.mislabelled.contains($0.text("id")) }
        #expect(copies.count == 2)
        for copy in copies {
            #expect(copy.tokenBytes == original.tokenBytes)
            #expect(copy["key"] == original["key"])
        }
    }

    @Test("all 476 signatures")
    func signatures() throws {
        let rows = try Vectors.rows("jwt/wycheproof_jws_flat.jsonl")
        #expect(rows.count == 476)
        var accepted = 0
        for row in rows {
            let identifier = row.text("id")
            let key = try #require(row["key"])
            let document = key["keys"] == nil ? JSONValue.object([("keys", .array([key]))]) : key
            let token = try #require(row.tokenBytes)
            var isAccepted = false
            if let keys = try? JSONWebKeySet(json: JSONWriter.bytes(of: document)) {
                isAccepted = try SignatureCheck.accepts(token, keys: keys)
            }
            let isValid = row.text("result") == "valid" || Self.mislabelled.contains(identifier)
            let isExpected = isValid && Self.stricter[identifier] == nil
            #expect(isAccepted == isExpected, "\(identifier) \(row.text("comment"))")
            accepted += isAccepted ? 1 : 0
        }
        #expect(accepted == 55 - Self.stricter.count + Self.mislabelled.count)
    }

    @Test(
        "the flat file holds every token of the three sets that is a signature",
        arguments: [
            ("json_web_signature_test.json", 401), ("json_web_key_test.json", 26), ("json_web_crypto_test.json", 49),
        ])
    func completeness(file: String, count: Int) throws {
        let prefix = file.replacing("_test.json", with: "")
        let flat = Dictionary(
            grouping: try Vectors.rows("jwt/wycheproof_jws_flat.jsonl"), by: { $0.text("id") })
        var found = 0
        for (vector, _) in try cases(of: file) where vector["jws"] != nil {
            let number = try #require(vector["tcId"]?.number?.int64)
            let row = try #require(flat["\(prefix)-\(number)"]?.first)
            #expect(row.text("token") == vector.text("jws") || row["token_b64"] != nil || vector["jws"]?.string == nil)
            #expect(row.text("result") == vector.text("result"))
            found += 1
        }
        #expect(found == count)
    }

    @Test("encrypted tokens and the keys for them are refused, all 34")
    func encrypted() throws {
        var count = 0
        for (vector, group) in try cases(of: "json_web_crypto_test.json") where vector["jws"] == nil {
            // Some are in JSON form.
            let token = vector["jwe"]?.string.map { [UInt8]($0.utf8) } ?? JSONWriter.bytes(of: vector["jwe"] ?? .null)
            #expect(throws: TokenRejection.malformed) { try UnverifiedToken(token) }
            #expect(!TokenInspection(token).faults.isEmpty)
            let key = try #require(group["private"])
            #expect(throws: KeyRefusal.notForSignatures) { try JSONWebKey(json: key) }
            count += 1
        }
        #expect(count == 34)
    }

    @Test(
        "signatures of the primitives, with their keys as JWK, are judged as the files say",
        arguments: [
            ("rsa_signature_2048_sha256_test.json", .rs256, 259), ("rsa_signature_3072_sha384_test.json", .rs384, 259),
            ("rsa_signature_4096_sha512_test.json", .rs512, 259),
            ("rsa_pss_2048_sha256_mgf1_32_test.json", .ps256, 108),
            ("rsa_pss_4096_sha512_mgf1_64_test.json", .ps512, 179),
            ("ecdsa_secp256r1_sha256_p1363_test.json", .es256, 262),
            ("ecdsa_secp384r1_sha384_p1363_test.json", .es384, 280),
            ("ecdsa_secp521r1_sha512_p1363_test.json", .es512, 318), ("ed25519_test.json", .ed25519, 151),
        ] as [(String, SignatureAlgorithm, Int)])
    func primitives(file: String, algorithm: SignatureAlgorithm, count: Int) throws {
        var judged = 0
        for (vector, group) in try cases(of: file) {
            let key = try publicKey(of: group)
            let verificationKey = try VerificationKey(key, algorithm: algorithm)
            let (signature, message) = (Self.octets(vector.text("sig")), Self.octets(vector.text("msg")))
            let isValid = signature.withUnsafeBytes { signature in
                message.withUnsafeBytes { verificationKey.isValid(signature: signature, message: $0) }
            }
            // "acceptable" is a digest without its NULL, which RFC 8017 does not have: refused.
            #expect(isValid == (vector.text("result") == "valid"), "\(file) \(vector["tcId"]?.number?.text ?? "")")
            judged += 1
        }
        #expect(judged == count)
    }

    /// The key of a group: its JWK where there is one, else its PEM.
    private func publicKey(of group: JSONValue) throws -> JSONWebKey {
        if let key = group["publicKeyJwk"] ?? group["keyJwk"] { return try JSONWebKey(json: key) }
        let key = try PublicKey(pem: [UInt8](group.text("publicKeyPem").utf8))
        return try JSONWebKey(material: .publicKey(key), keyID: nil, algorithm: nil)
    }

    private func cases(of file: String) throws -> [(JSONValue, JSONValue)] {
        let groups = try #require(try Vectors.document("jwt/wycheproof/" + file)["testGroups"]?.array)
        return groups.flatMap { group in (group["tests"]?.array ?? []).map { ($0, group) } }
    }

    private static func octets(_ hexadecimal: String) -> [UInt8] {
        let digits = Array(hexadecimal)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }
}
