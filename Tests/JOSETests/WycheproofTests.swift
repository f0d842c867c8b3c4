import JOSE
import Testing

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
}
