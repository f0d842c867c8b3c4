import JOSE
import LibCrypto
import Testing

@testable import Gateway

@Suite("Issuers exchanged in the trust store")
struct IssuerReplacementTests {
    private static func keys(_ name: String) throws -> JSONWebKeySet {
        let key = try ForeignIssuer.shared.get().key
        return try JSONWebKeySet(
            keys: [try JSONWebKey(material: .publicKey(key.publicKey), keyID: name, algorithm: .es256)])
    }

    private static func issuer(_ name: String, _ keys: JSONWebKeySet, audience: String = "api") -> TrustedIssuer {
        TrustedIssuer(issuer: name, audiences: [audience], algorithms: [.es256], keys: keys)
    }

    @Test("who stays keeps the keys in force and takes new rules; places follow the issuers, not their order")
    func replaced() throws {
        let trust = try TrustStore(
            issuers: [Self.issuer("a", Self.keys("old")), Self.issuer("b", Self.keys("b"))], leewaySeconds: 0)
        try trust.publish(Self.keys("new"), ofIssuer: 0)
        try trust.replace(with: [
            .init(place: 7, issuer: Self.issuer("c", Self.keys("c")), keepsKeys: false),
            .init(place: 0, issuer: Self.issuer("a", Self.keys("old"), audience: "other"), keepsKeys: true),
        ])
        #expect(trust.current.list == 1)
        #expect(trust.current.issuers.map(\.issuer) == ["c", "a"])
        #expect(trust.current.issuers.map { $0.keys.keys.first?.keyID } == ["c", "new"])
        #expect(trust.current.issuers[1].audiences == ["other"])
        let generation = trust.current.generation
        try trust.publish(Self.keys("late"), ofIssuer: 1)
        #expect(trust.current.generation == generation, "who is gone is heard no more")
        try trust.publish(Self.keys("newest"), ofIssuer: 0)
        #expect(trust.current.issuers.map { $0.keys.keys.first?.keyID } == ["c", "newest"])
    }

    @Test("keys that were withdrawn stay withdrawn for who stays")
    func withdrawn() throws {
        let trust = try TrustStore(issuers: [Self.issuer("a", Self.keys("k"))], leewaySeconds: 0)
        trust.withdraw(issuer: 0)
        try trust.replace(with: [.init(place: 0, issuer: Self.issuer("a", Self.keys("k")), keepsKeys: true)])
        #expect(!trust.current.issuers[0].isAvailable)
    }

    @Test("issuers that cannot be used change nothing")
    func refused() throws {
        let trust = try TrustStore(issuers: [Self.issuer("a", Self.keys("k"))], leewaySeconds: 0)
        let twice = try [1, 2].map {
            TrustStore.Successor(place: $0, issuer: Self.issuer("b", try Self.keys("k")), keepsKeys: false)
        }
        #expect(throws: JOSEError(.invalidConfiguration)) { try trust.replace(with: twice) }
        #expect(trust.current.list == 0 && trust.current.generation == 0)
        #expect(trust.current.issuers.map(\.issuer) == ["a"])
    }
}
