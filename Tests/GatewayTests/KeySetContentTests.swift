import Foundation
import JOSE
import LibCrypto
import TestSupport
import Testing

@testable import Gateway

extension GatewayTests {
    @Suite("what a published key set may hold")
    struct KeySetContentTests {
        private static func withIssuer(
            keys: [String], _ body: (GatewayFixture, IssuerServer, String) async throws -> Void
        ) async throws {
            let server = try await IssuerServer.start()
            let issuer = "https://content.test"
            server.set("/keys", .document("{\"keys\":[\(keys.joined(separator: ","))]}"))
            var settings = GatewaySettings()
            // Long enough for no second fetch on demand within a test.
            settings.issuers = [
                "{issuer: \"\(issuer)\", audiences: [api], algorithms: [ES256], cool_down: 1h, "
                    + "jwks_uri: \"\(server.url)/keys\"}"
            ]
            try await GatewayFixture.with(settings) { gateway in
                try await gateway.waitForRedis()
                let isFetched = await eventually { server.requestCount("/keys") > 0 }
                #expect(isFetched)
                try await body(gateway, server, issuer)
            }
            await server.stop()
        }

        /// A key as it is published, with further members or none, and with or without `kid`.
        private static func key(_ key: PrivateKey, _ name: String?, _ further: String = "") throws -> String {
            let published = try JSONWebKey(material: .publicKey(key.publicKey), keyID: name, algorithm: .es256)
            let text = JSONWebKeySet.publicJSON(for: [published]).dropFirst(#"{"keys":["#.count).dropLast(2)
            return further.isEmpty ? String(text) : "\(text.dropLast()),\(further)}"
        }

        private static func status(
            _ gateway: GatewayFixture, _ issuer: String, _ header: String, key: PrivateKey? = nil
        ) async throws -> Int {
            let token = try gateway.issuer.token(
                header: "{\"alg\":\"ES256\",\(header)}", ["iss": "\"\(issuer)\""], key: key)
            return try await gateway.call("GET", "/api/x", token: token).status
        }

        @Test("keys that cannot be used are left out, and the others serve")
        func leftOut() async throws {
            let foreign = try ForeignIssuer.shared.get()
            let encryption = try Self.key(foreign.otherKey, "enc").replacingOccurrences(of: "\"sig\"", with: "\"enc\"")
            let keys = [
                #"{"kty":"XYZ","kid":"unknown"}"#, encryption,
                try Self.key(foreign.otherKey, "leaked", #""d":"AAAA""#),
                #"{"kty":"oct","kid":"secret","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
                try Self.key(foreign.key, "ec"),
            ]
            try await Self.withIssuer(keys: keys) { gateway, _, issuer in
                let isIn = try await eventually { try await Self.status(gateway, issuer, #""kid":"ec""#) == 200 }
                #expect(isIn)
                for name in ["unknown", "enc", "leaked", "secret"] {
                    let status = try await Self.status(
                        gateway, issuer, "\"kid\":\"\(name)\"", key: gateway.issuer.otherKey)
                    #expect(status == 401, "\(name)")
                }
            }
        }

        @Test("a key without kid verifies tokens without kid, when it is the only one that fits")
        func withoutName() async throws {
            let foreign = try ForeignIssuer.shared.get()
            try await Self.withIssuer(keys: [try Self.key(foreign.key, nil)]) { gateway, _, issuer in
                let isIn = try await eventually { try await Self.status(gateway, issuer, #""typ":"JWT""#) == 200 }
                #expect(isIn)
                let status = try await Self.status(gateway, issuer, #""kid":"ec""#)
                #expect(status == 401)
            }
            let two = [try Self.key(foreign.key, nil), try Self.key(foreign.otherKey, nil)]
            try await Self.withIssuer(keys: two) { gateway, _, issuer in
                let status = try await Self.status(gateway, issuer, #""typ":"JWT""#)
                #expect(status == 401)
            }
        }

        @Test("two keys of one kid, or nothing but a secret, are no key set: 503")
        func useless() async throws {
            let foreign = try ForeignIssuer.shared.get()
            let twice = [try Self.key(foreign.key, "ec"), try Self.key(foreign.otherKey, "ec")]
            let secret = [#"{"kty":"oct","kid":"ec","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#]
            for keys in [twice, secret] {
                try await Self.withIssuer(keys: keys) { gateway, _, issuer in
                    let status = try await Self.status(gateway, issuer, #""kid":"ec""#)
                    #expect(status == 503)
                }
            }
        }

        @Test("no token makes the gateway connect to an address that it names")
        func namedAddresses() async throws {
            let foreign = try ForeignIssuer.shared.get()
            try await Self.withIssuer(keys: [try Self.key(foreign.key, "ec")]) { gateway, server, issuer in
                let evil = try Self.key(foreign.otherKey, "evil")
                server.set("/evil", .document("{\"keys\":[\(evil)]}"))
                for member in ["jku", "x5u"] {
                    let header = "\"\(member)\":\"\(server.url)/evil\",\"kid\":\"evil\""
                    #expect(try await Self.status(gateway, issuer, header, key: gateway.issuer.otherKey) == 401)
                }
                // An issuer that nobody configured is not looked up either.
                #expect(try await Self.status(gateway, server.url + "/evil", #""kid":"ec""#) == 401)
                #expect(server.requestCount("/evil") == 0)
                #expect(server.requestCount("/evil/.well-known/openid-configuration") == 0)
            }
        }
    }
}
