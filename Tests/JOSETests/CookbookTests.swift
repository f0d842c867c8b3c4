import JOSE
import Testing

@Suite("JOSE cookbook (RFC 7520, RFC 8037)", .enabled(if: Vectors.areAvailable))
struct CookbookTests {
    private func document(_ path: String) throws -> JSONValue {
        try JSONParser().parse(try Vectors.bytes("jwt/cookbook/" + path))
    }

    /// A key of the cookbook, without its private members.
    private func keys(_ key: JSONValue) throws -> JSONWebKeySet {
        let isSecret = key.text("kty") == "oct"
        let members = (key.object?.members ?? []).filter {
            isSecret || !["d", "p", "q", "dp", "dq", "qi"].contains($0.name)
        }
        let set = JSONValue.object([("keys", .array([.object(JSONObject(members: members))]))])
        return try JSONWebKeySet(json: JSONWriter.bytes(of: set))
    }

    @Test(
        "signatures in compact form are valid, and only under their own input",
        arguments: [
            "jws/4_1.rsa_v15_signature.json", "jws/4_2.rsa-pss_signature.json", "jws/4_3.ecdsa_signature.json",
            "jws/4_4.hmac-sha2_integrity_protection.json", "curve25519/jws.json",
        ])
    func compactSignatures(path: String) throws {
        let example = try document(path)
        let keys = try keys(try #require(example["input"]?["key"]))
        let token = [UInt8](try #require(example["output"]?.text("compact")).utf8)
        #expect(try SignatureCheck.accepts(token, keys: keys))
        var changed = token
        let place = try #require(token.firstIndex(of: UInt8(ascii: "."))) + 3
        changed[place] = changed[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        #expect(try !SignatureCheck.accepts(changed, keys: keys))
    }

    @Test(
        "detached and unencoded payloads are refused",
        arguments: [
            "jws/4_5.signature_with_detached_content.json", "rfc7797/hmac-sha2_b64_false.json",
        ])
    func otherForms(path: String) throws {
        let example = try document(path)
        let token = [UInt8](try #require(example["output"]?.text("compact")).utf8)
        #expect(!token.isEmpty)
        #expect(try !SignatureCheck.accepts(token, keys: try keys(try #require(example["input"]?["key"]))))
    }

    @Test(
        "what exists only in JSON form cannot be read as a token",
        arguments: [
            "jws/4_6.protecting_specific_header_fields.json", "jws/4_7.protecting_content_only.json",
            "jws/4_8.multiple_signatures.json", "rfc7797/4.2.hmac-sha2_b64_false.json",
        ])
    func jsonForms(path: String) throws {
        let output = try #require(try document(path)["output"])
        #expect(output["compact"] == nil)
        let text = JSONWriter.bytes(of: try #require(output["json"]))
        #expect(throws: TokenRejection.malformed) { try UnverifiedToken(text) }
    }

    @Test(
        "keys are read, and private ones refused",
        arguments: [
            ("jwk/3_1.ec_public_key.json", nil), ("jwk/3_2.ec_private_key.json", .privateMember),
            ("jwk/3_3.rsa_public_key.json", nil), ("jwk/3_4.rsa_private_key.json", .privateMember),
            ("jwk/3_5.symmetric_key_mac_computation.json", nil),
            ("jwk/3_6.symmetric_key_encryption.json", .notForSignatures),
            ("curve25519/ecdh-es.json", .notForSignatures),
        ] as [(String, KeyRefusal?)])
    func keys(path: String, expected: KeyRefusal?) throws {
        let document = try document(path)
        var refusal: KeyRefusal?
        do throws(KeyRefusal) {
            _ = try JSONWebKey(json: path.hasPrefix("jwk") ? document : document["input"]?["key"] ?? .null)
        } catch {
            refusal = error
        }
        #expect(refusal == expected)
    }
}
