import Testing

@testable import JOSE

@Suite("Claims under other names")
struct ClaimMappingTests {
    private func verifier(_ mapping: ClaimMapping) throws -> TokenVerifier {
        let issuer = TrustedIssuer(
            issuer: TokenForge.issuer, audiences: [TokenForge.audience], algorithms: [.es256],
            keys: try JSONWebKeySet(keys: try TokenForge.keys()), claims: mapping)
        return try TokenVerifier(issuers: [issuer], leewaySeconds: 30)
    }

    private func verified(
        _ mapping: ClaimMapping, _ changes: [(String, String?)]
    ) throws -> Result<VerifiedToken, TokenRejection> {
        let token = try TokenForge.token(claims: TokenForge.claims(changes))
        let verifier = try verifier(mapping)
        return Result { () throws(TokenRejection) in try verifier.verify(token, nowSeconds: TokenForge.now) }
    }

    private func rejection(_ mapping: ClaimMapping, _ changes: [(String, String?)]) throws -> TokenRejection? {
        if case .failure(let rejection) = try verified(mapping, changes) { return rejection }
        return nil
    }

    @Test("the subject is read under its new name, and sub is passed over")
    func subject() throws {
        let mapping = ClaimMapping(subject: "oid")
        #expect(try verified(mapping, [("oid", "\"object-7\"")]).get().subject == "object-7")
        #expect(try verified(mapping, [("oid", "\"object-7\""), ("sub", nil)]).get().subject == "object-7")
        #expect(try rejection(mapping, []) == .missingClaim(.subject))
        #expect(try rejection(mapping, [("oid", "17")]) == .invalidClaim(.subject))
        #expect(try rejection(mapping, [("oid", "\" x\"")]) == .invalidClaim(.subject))
    }

    @Test(
        "scopes are read under their new name, as a string or an array, and scope and scp are passed over",
        arguments: [
            (#"["a","b"]"#, "a b"), (#""a b""#, "a b"), ("[]", ""), (#""""#, ""), (#"["a"]"#, "a"),
        ])
    func scope(value: String, expected: String) throws {
        let mapping = ClaimMapping(scope: ["permissions"])
        #expect(try verified(mapping, [("permissions", value)]).get().scope == expected)
        #expect(try verified(mapping, [("permissions", value), ("scp", #"["admin"]"#)]).get().scope == expected)
    }

    @Test("mapped scopes that are absent are none, and malformed ones are refused")
    func badScope() throws {
        let mapping = ClaimMapping(scope: ["permissions"])
        #expect(try verified(mapping, [("scp", #"["admin"]"#)]).get().scope == "")
        for value in ["17", "{}", #"["a",1]"#, #"["a b"]"#, #""a  b""#, "null", "true"] {
            #expect(try rejection(mapping, [("permissions", value)]) == .invalidClaim(.scope), "\(value)")
        }
    }

    private static let roles = ClaimMapping(scope: ["realm_access", "roles"])
    private static let clientRoles = ClaimMapping(scope: ["resource_access", "shop", "roles"])

    @Test("scopes are found in nested objects, wherever they stand there, and the usual ones are passed over")
    func nested() throws {
        let realm = #"{"other":[{"roles":["no"]}],"roles":["a","b"],"x":{"roles":["no"]}}"#
        #expect(try verified(Self.roles, [("realm_access", realm)]).get().scope == "a b")
        #expect(try verified(Self.roles, [("realm_access", #" { "r\u006fles" : "a b" } "#)]).get().scope == "a b")
        let resources = #"{"account":{"roles":["no"]},"shop":{"roles":["c"]},"shop2":{"roles":["no"]}}"#
        #expect(try verified(Self.clientRoles, [("resource_access", resources)]).get().scope == "c")
        let both = [("realm_access", realm), ("resource_access", resources), ("roles", #"["no"]"#)]
        #expect(try verified(Self.roles, both.map { ($0.0, $0.1) }).get().scope == "a b")
    }

    @Test(
        "where nothing stands at the end of the names, there is no scope",
        arguments: [
            nil, "{}", #"{"shop":{}}"#, #"{"other":{"roles":["a"]}}"#, #"{"roles":["a"]}"#, #"{"shop.roles":["a"]}"#,
            #"{"shop":{"roles":[]}}"#, #"{"shop":{"Roles":["a"]}}"#, #"{"shop":{"x":{"roles":["a"]}}}"#,
        ])
    func nothingNested(value: String?) throws {
        let changes = [("resource_access", value), ("roles", #"["no"]"#), ("resource_access.shop.roles", #"["no"]"#)]
        #expect(try verified(Self.clientRoles, changes).get().scope == "")
    }

    @Test(
        "what is no object on the way, or no scope at its end, is refused",
        arguments: [
            "null", "1", #""shop""#, #"["shop"]"#, #"[{"shop":{"roles":["a"]}}]"#, #"{"shop":null}"#,
            #"{"shop":["roles"]}"#, #"{"shop":"roles"}"#, #"{"shop":{"roles":{}}}"#, #"{"shop":{"roles":{"a":1}}}"#,
            #"{"shop":{"roles":[["a"]]}}"#, #"{"shop":{"roles":["a b"]}}"#, #"{"shop":{"roles":true}}"#,
        ])
    func badNested(value: String) throws {
        #expect(try rejection(Self.clientRoles, [("resource_access", value)]) == .invalidClaim(.scope))
    }

    @Test("a name that occurs twice in a nested object is refused, in whatever spelling")
    func duplicateNested() throws {
        for value in [
            #"{"roles":["a"],"roles":["b"]}"#, #"{"roles":["a"],"r\u006fles":["b"]}"#, #"{"x":{"y":1,"y":1}}"#,
        ] {
            #expect(try rejection(Self.roles, [("realm_access", value)]) == .malformed, "\(value)")
        }
        #expect(
            try rejection(Self.roles, [("realm_access", "{}"), (#"realm\u005faccess"#, #"{"roles":["a"]}"#)])
                == .malformed)
    }

    @Test("a name of more than one part may be one to three long, and none of its parts empty")
    func sensiblePaths() throws {
        for path in [[], ["a", ""], ["", "a"], ["aud", "a"], ["a", "b", "c", "d"]] {
            #expect(throws: JOSEError.self) { try self.verifier(ClaimMapping(scope: path)) }
        }
        // The names that mean the same to everybody do so only at the top.
        let token = try verified(ClaimMapping(scope: ["a", "aud"]), [("a", #"{"aud":"x"}"#)]).get()
        #expect(token.scope == "x")
    }

    @Test("the client is read under its new name, and client_id and azp are passed over")
    func client() throws {
        let mapping = ClaimMapping(clientID: "appid")
        #expect(try verified(mapping, [("appid", "\"app-1\"")]).get().clientID == "app-1")
        #expect(try verified(mapping, [("azp", "\"other\"")]).get().clientID == nil)
        #expect(try rejection(mapping, [("appid", "[]")]) == .invalidClaim(.clientID))
        // As the gateway's own names can be given: azp before client_id.
        let authorizedParty = ClaimMapping(clientID: "azp")
        #expect(try verified(authorizedParty, [("azp", "\"party\"")]).get().clientID == "party")
        #expect(try verified(authorizedParty, []).get().clientID == nil)
    }

    @Test("an escaped spelling is the name, and appearing twice in two spellings is refused")
    func escaped() throws {
        let mapping = ClaimMapping(subject: "oid", clientID: "https://idp.test/client")
        let changes = [(#"\u006fid"#, "\"x\""), (#"https:\/\/idp.test\/client"#, "\"c\"")] as [(String, String?)]
        let token = try verified(mapping, changes).get()
        #expect(token.subject == "x" && token.clientID == "c")
        #expect(try rejection(mapping, changes + [("oid", "\"y\"")]) == .malformed)
    }

    @Test("two of them may be one claim")
    func shared() throws {
        let token = try verified(ClaimMapping(subject: "app", clientID: "app"), [("app", "\"a\"")]).get()
        #expect(token.subject == "a" && token.clientID == "a")
    }

    @Test("without a mapping, scp counts where there is no scope, as a string or an array")
    func standard() throws {
        #expect(try verified(.standard, [("scope", nil), ("scp", #"["a","b"]"#)]).get().scope == "a b")
        #expect(try verified(.standard, [("scope", nil), ("scp", #""a b""#)]).get().scope == "a b")
        #expect(try verified(.standard, [("scp", #"["admin"]"#)]).get().scope == "read write")
    }

    @Test("one issuer's names are not another's")
    func perIssuer() throws {
        let keys = try JSONWebKeySet(keys: try TokenForge.keys())
        let issuers = ["https://issuer.test", "https://second.test"].map {
            TrustedIssuer(
                issuer: $0, audiences: [TokenForge.audience], algorithms: [.es256], keys: keys,
                claims: $0.contains("second") ? ClaimMapping(subject: "oid") : .standard)
        }
        let verifier = try TokenVerifier(issuers: issuers, leewaySeconds: 0)
        for (issuer, subject) in [("https://issuer.test", "user-1"), ("https://second.test", "o")] {
            let claims = TokenForge.claims([("iss", "\"\(issuer)\""), ("oid", "\"o\"")])
            let token = try verifier.verify(try TokenForge.token(claims: claims), nowSeconds: TokenForge.now)
            #expect(token.subject == subject)
        }
    }

    @Test(
        "claims that mean the same to everybody cannot stand for another",
        arguments: ClaimMapping.fixedNames.sorted() + [""])
    func fixed(name: String) {
        for mapping in [ClaimMapping(subject: name), ClaimMapping(scope: [name]), ClaimMapping(clientID: name)] {
            #expect(throws: JOSEError.self) { try self.verifier(mapping) }
        }
    }
}
