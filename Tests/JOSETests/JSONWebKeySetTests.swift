import JOSE
import Testing

@Suite("JWK sets")
struct JSONWebKeySetTests {
    private func outcome(_ text: String) -> Result<JSONWebKeySet, JOSEError> {
        Result { () throws(JOSEError) in try JSONWebKeySet(json: [UInt8](text.utf8)) }
    }

    private func code(_ text: String) -> JOSEError.Code? {
        if case .failure(let error) = outcome(text) { error.code } else { nil }
    }

    private func entry(_ keyID: String) throws -> String {
        JSONWriter.text(of: try #require(try TokenForge.publicKey(TokenForge.ellipticKey, keyID, nil).publicJSON))
    }

    @Test(
        "documents that are no key sets are refused",
        arguments: [
            "", "[]", "null", "{}", #"{"keys":{}}"#, #"{"keys":null}"#, "<html>502</html>", #"{"keys":[],"keys":[]}"#,
            "\u{FEFF}{\"keys\":[]}",
        ])
    func malformed(text: String) {
        #expect(code(text) == .malformedKeySet)
    }

    @Test("a set without a usable key is refused, with the first reason")
    func noUsableKey() {
        #expect(code(#"{"keys":[]}"#) == .noUsableKey)
        #expect(code(#"{"keys":[null,{"kty":"XYZ"}]}"#) == .noUsableKey)
        if case .failure(let error) = outcome(#"{"keys":[{"kty":"XYZ"}]}"#) {
            #expect(error.refusal == .unknownKeyType)
        }
    }

    @Test("entries that cannot be used are left out with their reason")
    func refusals() throws {
        let set = try outcome(#"{"keys":[null,\#(try entry("a")),{"kty":"XYZ"}],"other":1}"#).get()
        #expect(set.keys.map(\.keyID) == ["a"])
        #expect(set.refusals.map(\.index) == [0, 2])
        #expect(set.refusals.map(\.reason) == [.notAnObject, .unknownKeyType])
    }

    @Test("two keys with one kid refuse the set, also when one is malformed; keys of another purpose do not count")
    func duplicates() throws {
        let key = try entry("a")
        #expect(code(#"{"keys":[\#(key),\#(key)]}"#) == .duplicateKeyID)
        let encryption = key.replacing(#""use":"sig""#, with: #""use":"enc""#)
        #expect(code(#"{"keys":[\#(key),\#(encryption)]}"#) == nil)
        let malformed = key.replacing(#""y":""#, with: #""y":"AA"#)
        #expect(code(#"{"keys":[\#(key),\#(malformed)]}"#) == .duplicateKeyID)
        #expect(throws: JOSEError.self) {
            let same = try TokenForge.publicKey(TokenForge.ellipticKey, "a", nil)
            _ = try JSONWebKeySet(keys: [same, same])
        }
    }

    @Test("the number of keys and the size are bounded, exactly")
    func bounds() throws {
        func set(_ count: Int) throws -> String {
            #"{"keys":[\#(try (0..<count).map { try entry("k\($0)") }.joined(separator: ","))]}"#
        }
        #expect(code(try set(JSONWebKeySet.maximumKeyCount)) == nil)
        #expect(code(try set(JSONWebKeySet.maximumKeyCount + 1)) == .tooManyKeys)
        let text = try set(1)
        let padded = text + String(repeating: " ", count: JSONWebKeySet.maximumByteCount - text.utf8.count)
        #expect(code(padded) == nil)
        #expect(code(padded + " ") == .malformedKeySet)
    }

    @Test("a file of the operator's own may hold secrets beside public keys")
    func secretsOfTheOperator() throws {
        let secret = #"{"kty":"oct","kid":"hs","k":"\#(String(repeating: "A", count: 43))"}"#
        let other = #"{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
        let json = Array(#"{"keys":[\#(secret),\#(other)]}"#.utf8)
        #expect(try JSONWebKeySet(json: json, provenance: .operatorFile).keys.count == 2)
        #expect(try JSONWebKeySet(json: json, provenance: .published).keys.count == 1)
    }

    @Test("a secret among public keys is refused, alone it is taken")
    func secrets() throws {
        let secret = #"{"kty":"oct","kid":"hs","k":"\#(String(repeating: "A", count: 43))"}"#
        #expect(try outcome(#"{"keys":[\#(secret)]}"#).get().keys.count == 1)
        for other in [try entry("a"), #"{"kty":"RSA"}"#] {
            let refusals = outcome(#"{"keys":[\#(secret),\#(other)]}"#).map { $0.refusals.map(\.reason) }
            switch refusals {
            case .success(let reasons): #expect(reasons == [.secretAmongPublicKeys])
            case .failure(let error): #expect(error.refusal == .secretAmongPublicKeys)
            }
        }
    }

    /// How many keys each of the vectors' documents gives; nil when the whole document is refused, which makes whoever
    /// fetched it keep the last good set.
    private static let expectedCounts: [String: Int?] = [
        "ok": 6, "unknown-kty": 6, "unknown-member": 6, "unknown-crv": 6, "missing-member": 6, "use-enc": nil,
        "keyops-sign-only": nil, "keyops-verify": 1, "no-alg": 1, "alg-none": nil, "dup-kid": nil,
        "dup-kid-diff-kty": nil, "oct-in-public": 6, "private-member": nil, "ec-off-curve": nil, "ec-short-x": nil,
        "ec-zero": nil, "rsa-1024": nil, "rsa-e1": nil, "rsa-e2": nil, "rsa-e0": nil, "rsa-e-huge": nil,
        "rsa-n-huge": nil, "rsa-n-lead0": nil, "rsa-n-pad": nil, "okp-x25519": nil, "okp-short": nil,
        "empty-keys": nil, "not-object": nil, "html": nil, "empty": nil, "keys-not-array": nil, "null": nil,
        "truncated": nil, "dup-member": nil, "key-dup-member": nil, "bom": nil, "deep": nil, "many": nil,
        "kid-number": nil, "keys-null": 6,
    ]

    @Test("all 41 documents", .enabled(if: Vectors.areAvailable))
    func vectors() throws {
        let rows = try Vectors.rows("jwt/jwks_cases.jsonl")
        #expect(rows.count == 41)
        for row in rows {
            let identifier = row.text("id")
            let expected = try #require(Self.expectedCounts[identifier], "\(identifier) is not in the table")
            #expect((try? outcome(row.text("doc")).get())?.keys.count == expected, "\(identifier)")
        }
    }
}
