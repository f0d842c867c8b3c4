import JOSE
import LibCrypto
import Testing

@Suite("JSON Web Keys")
struct JSONWebKeyTests {
    private static let modulus =
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn"
        + "jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6"
        + "qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8aw"
        + "apJzKnqDKgw"
    private static let secret = String(repeating: "A", count: 43)

    private func refusal(_ text: String) -> KeyRefusal? {
        do throws(KeyRefusal) {
            _ = try JSONWebKey(json: (try? JSONParser().parse([UInt8](text.utf8))) ?? .null)
            return nil
        } catch {
            return error
        }
    }

    @Test("thumbprints are those of RFC 7638 and RFC 8037")
    func thumbprints() throws {
        let rsa = #"{"kty":"RSA","n":"\#(Self.modulus)","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#
        let edwards = #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
        for (text, expected) in [
            (rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
            (edwards, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
        ] {
            let key = try JSONWebKey(json: try JSONParser().parse([UInt8](text.utf8)))
            #expect(key.thumbprint() == expected)
        }
    }

    @Test("what is published is read back as the same keys, and holds no secret")
    func publication() throws {
        let secret = try JSONWebKey(material: .symmetric(TokenForge.secret), keyID: "hs", algorithm: .hs256)
        let keys = try TokenForge.keys()
        let text = JSONWebKeySet.publicJSON(for: keys + [secret])
        #expect(!text.contains("oct"))
        #expect(!text.contains(Base64URL.encode(TokenForge.secret)))
        let set = try JSONWebKeySet(json: [UInt8](text.utf8))
        #expect(set.refusals.isEmpty)
        #expect(set.keys.map { $0.thumbprint() } == keys.map { $0.thumbprint() })
        #expect(set.keys.map(\.keyID) == ["ec", "rsa", "ed"])
        #expect(set.keys.map(\.algorithm) == [.es256, .rs256, .edDSA])
        for entry in try #require(JSONParser().parse([UInt8](text.utf8))["keys"]?.array) {
            let allowed: Set = ["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"]
            #expect(Set(try #require(entry.object).members.map(\.name)).isSubset(of: allowed))
        }
    }

    @Test(
        "each member is checked",
        arguments: [
            ("1", .notAnObject), ("{}", .unknownKeyType), (#"{"kty":"rsa"}"#, .unknownKeyType),
            (#"{"kty":1}"#, .unknownKeyType), (#"{"kty":"RSA","e":"AQAB"}"#, .malformedMember),
            (#"{"kty":"RSA","n":"\#(modulus)","e":""}"#, .malformedMember),
            (#"{"kty":"RSA","n":"\#(modulus)=","e":"AQAB"}"#, .malformedMember),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AAEAAQ"}"#, .malformedMember),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQ"}"#, .invalidKey),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"Ag"}"#, .invalidKey),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"\#(modulus)"}"#, .invalidKey),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","d":"AQ"}"#, .privateMember),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","qi":1}"#, .privateMember),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","alg":"ES256"}"#, .algorithmMismatch),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","alg":"HS256"}"#, .algorithmMismatch),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","alg":"none"}"#, .unknownAlgorithm),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","alg":null}"#, .unknownAlgorithm),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","kid":""}"#, .malformedKeyID),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","kid":7}"#, .malformedKeyID),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","use":"enc"}"#, .notForSignatures),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","use":["sig"]}"#, .notForSignatures),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","key_ops":["sign"]}"#, .notForVerification),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","key_ops":"verify"}"#, .notForVerification),
            (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAB","key_ops":["sign","verify"],"use":"sig","x5c":[1]}"#, nil),
            (#"{"kty":"EC","crv":"P-256K","x":"AA","y":"AA"}"#, .unknownCurve),
            (#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, .malformedMember),
            (#"{"kty":"EC","crv":"P-256","x":"\#(secret)","y":"\#(secret)"}"#, .invalidKey),
            (#"{"kty":"OKP","crv":"X25519","x":"\#(secret)"}"#, .unknownCurve),
            (#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#, .malformedMember),
            (#"{"kty":"OKP","crv":"Ed25519","x":"\#(secret)"}"#, .invalidKey),
            (#"{"kty":"oct","k":"\#(secret)"}"#, nil), (#"{"kty":"oct","k":"\#(secret)","alg":"HS256"}"#, nil),
            (#"{"kty":"oct","k":"\#(secret)","alg":"HS384"}"#, .secretTooShort),
            (#"{"kty":"oct","k":"\#(secret)","alg":"RS256"}"#, .algorithmMismatch),
            (#"{"kty":"oct","k":"\#(secret)","alg":"A256KW"}"#, .unknownAlgorithm),
            (#"{"kty":"oct","k":"AAAA"}"#, .secretTooShort), (#"{"kty":"oct","k":""}"#, .malformedMember),
        ] as [(String, KeyRefusal?)])
    func members(text: String, expected: KeyRefusal?) {
        #expect(refusal(text) == expected)
    }

    @Test("a secret too short for an algorithm does not fit it")
    func secretLength() throws {
        let key = try JSONWebKey(material: .symmetric([UInt8](repeating: 7, count: 48)), keyID: nil, algorithm: nil)
        #expect(SignatureAlgorithm.allCases.filter(key.fits) == [.hs256, .hs384])
    }

    @Test("a public key fits the algorithms of its type and curve")
    func fittingAlgorithms() throws {
        for (key, expected) in [
            (TokenForge.ellipticKey, [SignatureAlgorithm.es256]), (TokenForge.edwardsKey, [.edDSA, .ed25519]),
            (TokenForge.rsaKey, [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]),
        ] {
            let jwk = try TokenForge.publicKey(key, nil, nil)
            #expect(SignatureAlgorithm.allCases.filter(jwk.fits) == expected)
        }
    }

    @Test("a modulus with the ROCA fingerprint is refused")
    func recognisedModulus() {
        // A power of the generator 65537 has the fingerprint: it is a power of it modulo every prime.
        var digits: [UInt8] = [1]
        for _ in 0..<128 {
            let shifted = digits + [0, 0]
            var sum = [UInt8](repeating: 0, count: 2) + digits
            var carry = 0
            for place in sum.indices.reversed() {
                let total = Int(sum[place]) + Int(shifted[place]) + carry
                sum[place] = UInt8(total & 0xFF)
                carry = total >> 8
            }
            digits = sum
        }
        #expect(digits.count == 257)
        #expect(refusal(#"{"kty":"RSA","e":"AQAB","n":"\#(Base64URL.encode(digits))"}"#) == .factorableModulus)
    }

    @Test("random moduli do not carry the ROCA fingerprint")
    func factorableModulus() throws {
        for _ in 0..<3 {
            let key = try PrivateKey.generate(.rsa(bits: 2048)).publicKey
            let jwk = try JSONWebKey(material: .publicKey(key), keyID: nil, algorithm: nil)
            #expect(refusal(JSONWriter.text(of: try #require(jwk.publicJSON))) == nil)
        }
    }
}
