import JOSE
import Revocation
import Synchronization
import TestSupport
import Testing

@testable import Sessions

@Suite("Issuing")
struct IssuingTests {
    private typealias Harness = SessionHarness

    private func issue(
        _ policy: SessionPolicy = Harness.policy(), audiences: [String]? = nil, claims: String = "",
        lot: [UInt8] = [0, 0]
    ) async throws -> (claims: JSONValue, lifetime: Int64) {
        var issued: (JSONValue, Int64)?
        try await Harness.with(.inProcess, policy: policy) { harness in
            let service = try SessionService(
                policy: policy, signingKeys: harness.signingKeys, store: harness.store,
                clock: { [clock = harness.clock] in clock.milliseconds },
                random: { count throws(SessionError) in
                    Array(try SessionService.unpredictableBytes(count).dropLast(2)) + lot
                }, audit: { _ in })
            let tokens = try await service.begin(
                subject: "alice", clientID: "web", scope: .none, details: SessionDetails(claims: claims),
                audiences: audiences)
            let part = tokens.accessToken.split(separator: ".")[1]
            let bytes = try #require(Base64URL.decode(String(part)))
            issued = (try JSONParser().parse(bytes), tokens.expiresInSeconds)
        }
        return try #require(issued)
    }

    @Test(
        "a token lives up to a twentieth shorter, never longer, and says how long",
        arguments: [[0, 0], [0x80, 0], [0xFF, 0xFF]] as [[UInt8]])
    func jitter(lot: [UInt8]) async throws {
        let issued = try await issue(lot: lot)
        #expect(issued.lifetime == [0: 900, 0x80: 878, 0xFF: 855][lot[0]])
        let (begin, end) = (issued.claims["iat"]?.number?.int64 ?? 0, issued.claims["exp"]?.number?.int64 ?? 0)
        #expect(end - begin == issued.lifetime)
        for seconds: Int64 in [1, 19, 20, 900, 86_400] {
            for lot: Int64 in [-1, 0, 1, 65_535, .max] {
                let lifetime = AccessTokenIssuer.lifetime(seconds, lot: lot)
                #expect(lifetime <= seconds && lifetime * 20 >= seconds * 19 && lifetime > 0)
            }
        }
    }

    @Test("a token's identifier has 128 random bits behind its instant")
    func identifiers() async throws {
        let first = try await issue().claims["jti"]?.string ?? ""
        let second = try await issue().claims["jti"]?.string ?? ""
        #expect(TimeOrderedID(first)?.milliseconds == TimeOrderedID(second)?.milliseconds)
        #expect(first.count == 45 && first.prefix(13) == second.prefix(13) && first.suffix(32) != second.suffix(32))
    }

    @Test("audiences can be chosen among those allowed, and no others")
    func audiences() async throws {
        let policy = Harness.policy(audiences: ["api", "reports"])
        #expect(try await issue(policy).claims["aud"] == .array([.string("api"), .string("reports")]))
        #expect(try await issue(policy, audiences: []).claims["aud"]?.array?.count == 2)
        #expect(try await issue(policy, audiences: ["reports"]).claims["aud"] == .string("reports"))
        for wanted in [["billing"], ["api", "billing"], ["api", "api"], [""]] {
            await #expect(throws: SessionError.invalidTarget) { _ = try await issue(policy, audiences: wanted) }
        }
    }

    @Test("further claims are filled in, the narrower wins, and none that means something else gets in")
    func claims() async throws {
        let policy = SessionPolicy(
            issuer: "https://auth.example", audiences: ["api"], accessLifetimeSeconds: 900,
            refreshLifetimeSeconds: 1000, sessionLifetimeSeconds: 1000, rotationGraceSeconds: 0, leewaySeconds: 0,
            extraClaims: ExtraClaims(
                everyone: [
                    "tenant": .text("acme"), "mail": .text("{subject}@{client_id}.{x}{"), "scope": .text("admin"),
                    "tier": .integer(1), "flags": .texts(["{subject}"]),
                ],
                clients: ["web": ["tier": .integer(2)], "other": ["tier": .integer(9)]],
                users: ["alice": ["tier": .integer(3), "staff": .flag(true)]]))
        let issued = try await issue(policy, claims: #"{"sub":"root","own":[1],"tenant":"b"}"#).claims
        #expect(issued["mail"] == .string("alice@web.{x}{"))
        #expect(issued["tier"] == .integer(3) && issued["staff"] == .bool(true))
        #expect(issued["flags"] == .array([.string("alice")]))
        #expect(issued["scope"] == .string("") && issued["sub"] == .string("alice"))
        #expect(issued["own"] == .array([.integer(1)]) && issued["tenant"] == .string("b"))
        for broken in ["[]", "{", #"{"a":1,"a":2}"#] {
            await #expect(throws: SessionError.signingFailed) { _ = try await issue(policy, claims: broken) }
        }
    }
}

@Suite("Sessions while keys change")
struct KeyChangeTests {
    @Test(
        "keys change under a session: retries get the identical successor, old tokens go on, stolen ones are seen",
        arguments: SessionHarness.Kind.allCases)
    func keyChange(kind: SessionHarness.Kind) async throws {
        try await SessionHarness.with(kind) { harness in
            let start = harness.clock.milliseconds / 1000
            let entry = try KeyRing.entry(
                try SigningKeyMaterial.generate(.es256), createdSeconds: start, activatesSeconds: start)
            let other = try KeyRing.entry(
                try SigningKeyMaterial.generate(.edDSA), createdSeconds: start, activatesSeconds: start + 60)
            let refresh = try [0, 60].map { offset -> RefreshKeys.Key in
                let secret = try SessionService.unpredictableBytes(32)
                return .init(id: try RefreshKeyID(of: secret), secret: secret, activatesSeconds: start + Int64(offset))
            }
            let ring = try KeyRing(signing: [entry, other], refresh: refresh, timing: KeyTiming())
            try harness.service.use(ring.keys(atSeconds: start))
            let first = try await harness.begin()
            harness.clock.advance(bySeconds: 58)
            let second = try await harness.service.refresh(first.refreshToken)
            harness.clock.advance(bySeconds: 4)
            // No one told the service that the time has come.
            let again = try await harness.service.refresh(first.refreshToken)
            #expect(again.refreshToken == second.refreshToken)
            #expect(try UnverifiedHeader.keyID(of: second.accessToken) == entry.signer.keyID)
            #expect(try UnverifiedHeader.keyID(of: again.accessToken) == other.signer.keyID)
            let third = try await harness.service.refresh(second.refreshToken)
            #expect(third.refreshToken != second.refreshToken)
            harness.clock.advance(bySeconds: 60)
            await harness.expectRefused(first.refreshToken, .reused)
            await harness.expectRefused(third.refreshToken, .unknownSession)
        }
    }
}

private enum UnverifiedHeader {
    static func keyID(of token: String) throws -> String? {
        let bytes = try #require(Base64URL.decode(String(token.prefix { $0 != "." })))
        return try JSONParser().parse(bytes)["kid"]?.string
    }
}
