import Foundation
import TestSupport
import Testing

extension AccountTests {
    @Suite("OAuth: the server's metadata")
    struct ServerMetadataTests {
        private let settings = GatewayFixture.oauthSettings

        @Test("8414-01: the path is between the issuer's host and its path; GET and HEAD")
        func place() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let answer = try await gateway.call("GET", "/.well-known/oauth-authorization-server")
                #expect(answer.status == 200 && answer.field("Content-Type") == "application/json")
                let head = try await gateway.call("HEAD", "/.well-known/oauth-authorization-server")
                #expect(head.status == 200 && head.body.isEmpty)
                #expect(try await gateway.call("POST", "/.well-known/oauth-authorization-server").status == 405)
            }
            var tenant = settings
            tenant.issuer = "https://gateway.test/tenant/one"
            try await GatewayFixture.with(tenant) { gateway in
                let path = "/.well-known/oauth-authorization-server"
                #expect(try await gateway.call("GET", path).status == 404)
                let answer = try await gateway.call("GET", "\(path)/tenant/one")
                #expect(answer.member("issuer") == "https://gateway.test/tenant/one")
                #expect(answer.member("token_endpoint") == "https://gateway.test/oauth2/token")
            }
        }

        @Test("8414-02: its issuer is the iss of the tokens, byte for byte")
        func issuer() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let answer = try await gateway.call("GET", "/.well-known/oauth-authorization-server")
                let claims = try await gateway.login().claims
                #expect(answer.member("issuer") == "https://gateway.test")
                #expect(claims["iss"] as? String == answer.member("issuer"))
            }
        }

        @Test("8414-03: what is required is there, nothing is empty, and it says what there is")
        func members() async throws {
            var plain = settings
            plain.sections = []
            plain.hasAccounts = false
            for (settings, hasClients) in [(settings, true), (plain, false)] {
                try await GatewayFixture.with(settings) { gateway in
                    let json = try await gateway.call("GET", "/.well-known/oauth-authorization-server").json
                    for (name, value) in json {
                        #expect((value as? [Any])?.isEmpty != true && (value as? String)?.isEmpty != true, "\(name)")
                    }
                    #expect(json["response_types_supported"] is [String])
                    let grants = Set(json["grant_types_supported"] as? [String] ?? [])
                    #expect(
                        grants
                            == (hasClients ? ["client_credentials", "refresh_token", "password"] : ["refresh_token"]))
                    let methods = Set(json["token_endpoint_auth_methods_supported"] as? [String] ?? [])
                    #expect(
                        methods == (hasClients ? ["client_secret_basic", "client_secret_post", "none"] : ["none"]))
                    #expect((json["introspection_endpoint"] != nil) == hasClients)
                    #expect(try await gateway.call("POST", "/oauth2/introspect").status == (hasClients ? 401 : 404))
                }
            }
        }

        @Test("8414-04: every address in it answers, and its keys verify live tokens")
        func addresses() async throws {
            try await GatewayFixture.with(settings) { gateway in
                let json = try await gateway.call("GET", "/.well-known/oauth-authorization-server").json
                var paths: [String] = []
                for (name, value) in json where name.hasSuffix("_endpoint") || name == "jwks_uri" {
                    let address = try #require(value as? String)
                    #expect(address.hasPrefix("https://gateway.test/"))
                    paths.append(address.replacing("https://gateway.test", with: ""))
                }
                #expect(paths.count == 4)
                for path in paths {
                    let method = path.hasSuffix(".json") ? "GET" : "POST"
                    #expect(try await gateway.call(method, path).status != 404, "\(path)")
                }
                let keys = try await gateway.call("GET", "/.well-known/jwks.json").json["keys"] as? [[String: Any]]
                let token = try await gateway.login().accessToken
                let header = try #require(token.split(separator: ".").first)
                let text = String(decoding: try #require(Data(base64URL: String(header))), as: UTF8.self)
                #expect(keys?.contains { text.contains("\($0["kid"] ?? "-")") } == true)
            }
        }
    }
}

extension Data {
    fileprivate init?(base64URL text: String) {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        self.init(base64Encoded: standard + String(repeating: "=", count: (4 - standard.count % 4) % 4))
    }
}
