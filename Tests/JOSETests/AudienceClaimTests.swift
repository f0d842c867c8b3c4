import Testing

@testable import JOSE

@Suite("Tokens that are for a client")
struct AudienceClaimTests {
    private func outcome(
        _ changes: [(String, String?)], audiences: [String] = ["client-1", "https://api.test"],
        claims: ClaimMapping = .standard
    ) throws -> Result<VerifiedToken, TokenRejection> {
        let issuer = TrustedIssuer(
            issuer: TokenForge.issuer, audiences: audiences, audienceClaim: .clientID, algorithms: [.es256],
            keys: try JSONWebKeySet(keys: try TokenForge.keys()), claims: claims)
        let verifier = try TokenVerifier(issuers: [issuer], leewaySeconds: 30)
        let token = try TokenForge.token(claims: TokenForge.claims(changes))
        return Result { () throws(TokenRejection) in try verifier.verify(token, nowSeconds: TokenForge.now) }
    }

    private func rejection(
        _ changes: [(String, String?)], audiences: [String] = ["client-1", "https://api.test"],
        claims: ClaimMapping = .standard
    ) throws -> TokenRejection? {
        switch try outcome(changes, audiences: audiences, claims: claims) {
        case .failure(let rejection): rejection
        case .success: nil
        }
    }

    @Test("without aud, client_id alone must be one of the audiences")
    func withoutAudience() throws {
        let token = try outcome([("aud", nil)]).get()
        #expect(token.audiences == [] && token.audienceClient == "client-1" && token.clientID == "client-1")
        #expect(try rejection([("aud", nil), ("client_id", "\"client-2\"")]) == .wrongAudience)
        #expect(try rejection([("aud", nil)], audiences: ["client"]) == .wrongAudience)
        #expect(try rejection([("aud", nil)], audiences: ["CLIENT-1"]) == .wrongAudience)
    }

    @Test("an aud that is there must be right as well")
    func withAudience() throws {
        for audience in [#""https://api.test""#, #"["x","https://api.test"]"#, #""client-1""#] {
            let token = try outcome([("aud", audience)]).get()
            #expect(token.audienceClient == "client-1" && !token.audiences.isEmpty)
        }
        for audience in [#""https://other.test""#, "[]", #""""#, #"["x"]"#] {
            #expect(try rejection([("aud", audience)]) == .wrongAudience, "\(audience)")
        }
        for audience in ["null", "1", "{}", #"["client-1",1]"#] {
            #expect(try rejection([("aud", audience)]) == .invalidClaim(.audience), "\(audience)")
        }
    }

    @Test(
        "without client_id nothing passes, whatever aud and azp say",
        arguments: [nil, #""client-1""#, #"["client-1"]"#] as [String?])
    func withoutClient(audience: String?) throws {
        let changes = [("aud", audience), ("client_id", nil), ("azp", "\"client-1\"")]
        #expect(try rejection(changes) == .missingClaim(.clientID))
        for value in ["null", "1", #"["client-1"]"#, "{}", #""""#, #"" client-1""#] {
            #expect(
                try rejection([("aud", audience), ("client_id", value)]) == .invalidClaim(.clientID), "\(value)")
        }
    }

    @Test("client_id is meant as it is written, whatever the client is called for everybody else")
    func mapped() throws {
        let mapping = ClaimMapping(clientID: "azp")
        let token = try outcome([("aud", nil), ("azp", "\"party\"")], claims: mapping).get()
        #expect(token.clientID == "party" && token.audienceClient == "client-1")
        #expect(
            try rejection([("aud", nil), ("client_id", nil), ("azp", "\"client-1\"")], claims: mapping)
                == .missingClaim(.clientID))
    }

    @Test("where aud says it, client_id changes nothing")
    func standard() throws {
        #expect(try TokenForge.rejection(claims: [("aud", nil)]) == .missingClaim(.audience))
        let verifier = try TokenForge.verifier()
        let token = try verifier.verify(try TokenForge.token(), nowSeconds: TokenForge.now)
        #expect(token.audienceClient == nil && token.audiences == [TokenForge.audience])
    }

    @Test("a token for a client is not one that nobody would accept; one for nobody is")
    func inspection() throws {
        func rejection(_ changes: [(String, String?)]) throws -> TokenRejection? {
            let token = try TokenForge.token(claims: TokenForge.claims(changes))
            return TokenInspection.rejection(of: [UInt8](token.utf8), nowSeconds: TokenForge.now, leewaySeconds: 30)
        }
        #expect(try rejection([("aud", nil)]) == nil)
        #expect(try rejection([("aud", nil), ("client_id", nil)]) == .missingClaim(.audience))
        #expect(try rejection([("aud", nil), ("client_id", "1")]) == .missingClaim(.audience))
        #expect(try rejection([("aud", nil), ("client_id", "\"\"")]) == .invalidClaim(.clientID))
    }
}
