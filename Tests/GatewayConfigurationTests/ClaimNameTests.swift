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
                == .init(subject: "sub", scope: "https://b/roles", clientID: "azp"))
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
