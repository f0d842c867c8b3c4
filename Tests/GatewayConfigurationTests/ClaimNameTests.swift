import Testing

@testable import GatewayConfiguration

@Suite("Names of an issuer's claims")
struct ClaimNameTests {
    private func text(_ claims: String) -> String {
        """
        version: 1
        issuers: [{issuer: b, jwks_file: b, audiences: [c], algorithms: [ES256]\(claims)}]
        upstreams: {api: {targets: ["http://a"]}}
        routes: [{path: /, upstream: api, auth: none}]
        """
    }

    @Test("each is read, and those left out have their usual names")
    func read() throws {
        func names(_ claims: String) throws -> Configuration.Issuer.ClaimNames? {
            try Fixture.load(text(claims)).issuers.first?.claims
        }
        #expect(try names("") == .init())
        #expect(try names(", claims: {}") == .init())
        #expect(try names(", claims: {subject: oid}") == .init(subject: "oid"))
        #expect(
            try names(", claims: {subject: sub, scope: \"https://b/roles\", client_id: azp}")
                == .init(subject: "sub", scope: ["https://b/roles"], clientID: "azp"))
    }

    @Test(
        "dots in the name of scopes lead into nested objects, at most three names deep; URIs are one name",
        arguments: [
            ("roles", ["roles"]), ("realm_access.roles", ["realm_access", "roles"]),
            ("resource_access.shop.roles", ["resource_access", "shop", "roles"]),
            ("\"https://example.com/roles\"", ["https://example.com/roles"]),
            ("\"cognito:groups\"", ["cognito:groups"]), ("example.com/a.b.c.d", ["example.com/a.b.c.d"]),
            ("a.aud", ["a", "aud"]),
        ] as [(String, [String])])
    func scopePath(written: String, names: [String]) throws {
        let issuer = try Fixture.load(text(", claims: {scope: \(written)}")).issuers.first
        #expect(issuer?.claims == .init(scope: names))
        // Elsewhere a dot is a character like others.
        let subject = try Fixture.load(text(", claims: {subject: \(written)}")).issuers.first?.claims.subject
        #expect(subject == names.joined(separator: "."))
    }

    @Test("no empty names, no fourth, and none to begin with that means the same to everybody")
    func badScopePath() {
        for written in ["a.b.c.d", "a..b", ".a", "a.", ".", "aud.roles", "cnf.x"] {
            let problems = Fixture.problems(text(", claims: {scope: \"\(written)\"}"))
            #expect(problems.map(\.keyPath) == ["issuers[0].claims.scope"], "\(written)")
        }
    }

    @Test("a token is for whom aud says, or client_id where that is written, and nothing else")
    func audienceClaim() throws {
        func claim(_ words: String) throws -> Configuration.AudienceClaim? {
            try Fixture.load(text(words)).issuers.first?.audienceClaim
        }
        #expect(try claim("") == .audience)
        #expect(try claim(", audience_claim: aud") == .audience)
        #expect(try claim(", audience_claim: client_id") == .clientID)
        for word in ["azp", "sub", "\"\"", "true", "[client_id]"] {
            #expect(
                Fixture.problems(text(", audience_claim: \(word)")).map(\.keyPath) == ["issuers[0].audience_claim"],
                "\(word)")
        }
    }

    @Test(
        "what is no name of such a claim is refused at its place",
        arguments: ["iss", "aud", "exp", "nbf", "iat", "jti", "cnf", "\"a b\"", "\"\"", "7", "[sub]", "\"é\""])
    func refused(name: String) {
        for key in ["subject", "scope", "client_id"] {
            let problems = Fixture.problems(text(", claims: {\(key): \(name)}"))
            #expect(problems.map(\.keyPath) == ["issuers[0].claims.\(key)"], "\(key): \(name)")
        }
        #expect(Fixture.problems(text(", claims: {sub: oid}")).map(\.code) == [.unknownKey])
        #expect(Fixture.problems(text(", claims: oid")).map(\.code) == [.wrongType])
    }
}
