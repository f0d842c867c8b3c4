import Foundation
import JOSE
import Testing

/// Which test runs which vectors; a file that nobody runs, or that has grown, fails here.
@Suite("Vector files", .enabled(if: Vectors.areAvailable))
struct VectorFileTests {
    private static let wycheproof = "Tests/LibCryptoTests/WycheproofTests.swift"

    /// Each file of `jwt` and `json` with the number of its cases and the test that runs them.
    private static let files: [(path: String, caseCount: Int, test: String)] = [
        ("json/jsontestsuite.jsonl", 318, "Tests/JOSETests/JSONTestSuiteTests.swift"),
        ("jwt/bearer_cases.jsonl", 30, "Tests/GatewayTests/BearerFormTests.swift"),
        ("jwt/jwks_cases.jsonl", 41, "Tests/JOSETests/JSONWebKeySetTests.swift"),
        ("jwt/jwt_attacks.jsonl", 571, "Tests/JOSETests/TokenVectorTests.swift"),
        ("jwt/jwt_attacks_large.jsonl.gz", 16, "Tests/JOSETests/TokenVectorTests.swift"),
        ("jwt/jwt_reference_outcomes.jsonl", 587, "Tests/JOSETests/TokenVectorTests.swift"),
        ("jwt/wycheproof_jws_flat.jsonl", 476, "Tests/JOSETests/WycheproofTests.swift"),
        ("jwt/wycheproof/json_web_crypto_test.json", 83, "Tests/JOSETests/WycheproofTests.swift"),
        ("jwt/wycheproof/json_web_key_test.json", 26, "Tests/JOSETests/WycheproofTests.swift"),
        ("jwt/wycheproof/json_web_signature_test.json", 401, "Tests/JOSETests/WycheproofTests.swift"),
        ("jwt/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", 262, wycheproof),
        ("jwt/wycheproof/ecdsa_secp384r1_sha384_p1363_test.json", 280, wycheproof),
        ("jwt/wycheproof/ecdsa_secp521r1_sha512_p1363_test.json", 318, wycheproof),
        ("jwt/wycheproof/ed25519_test.json", 151, wycheproof),
        ("jwt/wycheproof/hmac_sha256_test.json", 174, wycheproof),
        ("jwt/wycheproof/hmac_sha512_test.json", 174, wycheproof),
        ("jwt/wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json", 108, wycheproof),
        ("jwt/wycheproof/rsa_pss_4096_sha512_mgf1_64_test.json", 179, wycheproof),
        ("jwt/wycheproof/rsa_signature_2048_sha256_test.json", 259, wycheproof),
        ("jwt/wycheproof/rsa_signature_3072_sha384_test.json", 259, wycheproof),
        ("jwt/wycheproof/rsa_signature_4096_sha512_test.json", 259, wycheproof),
        ("jwt/cookbook/jwk/3_1.ec_public_key.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jwk/3_2.ec_private_key.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jwk/3_3.rsa_public_key.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jwk/3_4.rsa_private_key.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jwk/3_5.symmetric_key_mac_computation.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jwk/3_6.symmetric_key_encryption.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jws/4_1.rsa_v15_signature.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jws/4_2.rsa-pss_signature.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jws/4_3.ecdsa_signature.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jws/4_4.hmac-sha2_integrity_protection.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jws/4_5.signature_with_detached_content.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jws/4_6.protecting_specific_header_fields.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jws/4_7.protecting_content_only.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/jws/4_8.multiple_signatures.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/curve25519/ecdh-es.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/curve25519/jws.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/rfc7797/4.2.hmac-sha2_b64_false.json", 1, "Tests/JOSETests/CookbookTests.swift"),
        ("jwt/cookbook/rfc7797/hmac-sha2_b64_false.json", 1, "Tests/JOSETests/CookbookTests.swift"),
    ]

    /// Files that hold no cases.
    private static let others: Set<String> = ["LICENSE", "README.md", "jwks.json", "jwks_hs.json"]

    @Test("every file is run by a test, whole")
    func everyFile() throws {
        let directory = try #require(Vectors.directory).resolvingSymlinksInPath()
        var found: Set<String> = []
        for folder in ["jwt", "json"] {
            let names = try #require(
                FileManager.default.enumerator(atPath: directory.appendingPathComponent(folder).path))
            for case let name as String in names where name.contains(".") || name == "LICENSE" {
                if Self.others.contains(String(name.split(separator: "/").last ?? "")) { continue }
                found.insert("\(folder)/\(name)")
            }
        }
        #expect(found == Set(Self.files.map(\.path)))
        var total = 0
        for file in Self.files {
            #expect(try Self.caseCount(of: file.path) == file.caseCount, "\(file.path)")
            let source = try Self.source(file.test)
            let name = file.path.replacing("jwt/cookbook/", with: "").replacing("jwt/wycheproof/", with: "")
            #expect(source.contains(name), "\(file.test) does not run \(name)")
            total += file.caseCount
        }
        print("vectors: \(total) cases in \(Self.files.count) files, each run by a test")
    }

    private static func caseCount(of path: String) throws -> Int {
        if path.hasSuffix(".jsonl") || path.hasSuffix(".gz") { return try Vectors.rows(path).count }
        let document = try Vectors.document(path)
        guard let groups = document["testGroups"]?.array else { return 1 }
        return groups.reduce(0) { $0 + ($1["tests"]?.array?.count ?? 0) }
    }

    private static func source(_ path: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
}
