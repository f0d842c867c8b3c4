import JOSE
import Testing

@Suite("Attack vectors", .enabled(if: Vectors.areAvailable))
struct TokenVectorTests {
    /// Where the vectors leave the choice, these are accepted, each for its reason, and all others refused.
    private static let acceptedByChoice: [(prefix: String, reason: String)] = [
        ("valid-nbf-leeway", "within the leeway"), ("valid-exp-leeway", "within the leeway"),
        ("time-exp-now", "within the leeway"),
        ("jku-", "addresses of keys are ignored"), ("x5u-", "addresses of keys are ignored"),
        ("x5c-garbage", "certificates are ignored"), ("cty-JWT", "ignored"), ("zip-DEF", "ignored, never inflated"),
        ("kid-missing", "exactly one key fits the algorithm"),
        ("json-nul-escape", "valid JSON in a claim that is not read"), ("size-payload-7KB", "below 16 KiB"),
        ("time-exp-wrap32", "a real date"), ("time-lifetime-10y", "no lifetime limit is set for this issuer"),
        ("time-iat-neg", "a real date"), ("jti-long", "of no harm: keys of the deny-list hash it"),
        ("scope-arr", "some issuers write scopes so"),
        ("es256-malleated-pair-s", "ECDSA's other signature; the deny-list goes by jti"),
    ]

    /// What each class of attack may be refused for: a refusal for another reason would hide a missing check.
    private static func isFitting(_ rejection: TokenRejection, for attackClass: String) -> Bool {
        if rejection == .tooLarge { return attackClass != "claims" && attackClass != "time" }
        return switch attackClass {
        case "alg-none", "alg-type": [.malformed, .algorithmNotAllowed].contains(rejection)
        case "alg-mismatch", "key-confusion": rejection == .algorithmNotAllowed
        case "base64url", "structure", "malleability": rejection == .malformed
        case "json", "size": [.malformed, .missingClaim(.issuer)].contains(rejection)
        case "duplicate": rejection == .malformed || rejection.claim != nil
        case "crit": rejection == .criticalHeader
        case "embedded-key", "signature":
            [.badSignature, .algorithmNotAllowed, .malformed].contains(rejection)
        case "kid": [.unknownKey, .malformed, .algorithmNotAllowed].contains(rejection)
        case "typ": [.wrongType, .malformed].contains(rejection)
        case "time": rejection.claim != nil || [.expired, .notYetValid, .issuedInTheFuture].contains(rejection)
        case "claims": rejection.claim != nil || [.unknownIssuer, .wrongAudience].contains(rejection)
        default: false
        }
    }

    private static func verifier(keys path: String, algorithms: Set<SignatureAlgorithm>) throws -> TokenVerifier {
        let issuer = TrustedIssuer(
            issuer: "https://issuer.test", audiences: ["https://gw.test"], algorithms: algorithms,
            keys: try JSONWebKeySet(json: try Vectors.bytes(path)), requireType: true)
        return try TokenVerifier(issuers: [issuer], leewaySeconds: 60)
    }

    private struct Outcome {
        let row: JSONValue
        let rejection: TokenRejection?
    }

    private static func outcomes(_ path: String) throws -> [Outcome] {
        let standard = try verifier(
            keys: "jwt/jwks.json", algorithms: [.rs256, .ps256, .es256, .es384, .es512, .edDSA])
        let symmetric = try verifier(keys: "jwt/jwks_hs.json", algorithms: [.hs256])
        return try Vectors.rows(path).map { row in
            let verifier = row.text("profile") == "hs" ? symmetric : standard
            let token = try #require(row.tokenBytes)
            let rejection = token.withUnsafeBytes { bytes -> TokenRejection? in
                do throws(TokenRejection) {
                    _ = try verifier.verify(bytes, nowSeconds: 1_800_000_000)
                    return nil
                } catch {
                    return error
                }
            }
            return Outcome(row: row, rejection: rejection)
        }
    }

    @Test(
        "all 571 attacks, and the 16 large ones",
        arguments: [
            ("jwt/jwt_attacks.jsonl", 571), ("jwt/jwt_attacks_large.jsonl.gz", 16),
        ])
    func attacks(path: String, count: Int) throws {
        let outcomes = try Self.outcomes(path)
        #expect(outcomes.count == count)
        for outcome in outcomes {
            let identifier = outcome.row.text("id")
            let note = Comment(rawValue: "\(identifier): \(outcome.rejection?.reason ?? "accepted")")
            switch outcome.row.text("expect") {
            case "accept":
                #expect(outcome.rejection == nil, note)
            case "reject":
                let rejection = try #require(outcome.rejection, note)
                #expect(Self.isFitting(rejection, for: outcome.row.text("cls")), note)
            case "policy":
                let isChosen = Self.acceptedByChoice.contains { identifier.hasPrefix($0.prefix) }
                #expect((outcome.rejection == nil) == isChosen, note)
            default:
                Issue.record("unknown expectation of \(identifier)")
            }
        }
    }

    /// Tokens accepted here that another implementation refuses, each for a reason of its own.
    private static let othersRefuse: [String: String] = [
        "valid-unknown-hdr": "joserfc refuses header members it does not know; RFC 7515 section 4 has them ignored",
        "jku-4-legit-sig": "joserfc checks the form of jku; here it is never looked at",
        "jku-5-legit-sig": "joserfc checks the form of jku; here it is never looked at",
        "jku-6-legit-sig": "joserfc checks the form of jku; here it is never looked at",
        "jku-8-legit-sig": "joserfc checks the form of jku; here it is never looked at",
        "kid-missing": "the harnesses of the others look keys up by kid only; exactly one key fits the algorithm",
        "zip-DEF": "joserfc refuses zip, which is for encrypted tokens; here it is ignored, never inflated",
    ]

    @Test("no token is accepted that PyJWT, joserfc, jwcrypto or jwt-kit refuses, but for the listed ones")
    func references() throws {
        let accepted = try Set(
            ["jwt/jwt_attacks.jsonl", "jwt/jwt_attacks_large.jsonl.gz"].flatMap { try Self.outcomes($0) }
                .filter { $0.rejection == nil }.map { $0.row.text("id") })
        let rows = try Vectors.rows("jwt/jwt_reference_outcomes.jsonl")
        #expect(rows.count == 587)
        var differing: Set<String> = []
        for row in rows where accepted.contains(row.text("id")) {
            let outcomes = row["outcomes"]?.object?.members ?? []
            #expect(outcomes.count == 4)
            if outcomes.contains(where: { $0.value.string != "accept" }) { differing.insert(row.text("id")) }
        }
        #expect(differing == Set(Self.othersRefuse.keys))
    }
}
