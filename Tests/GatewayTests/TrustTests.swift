import JOSE
import LibCrypto
import TestSupport
import Testing

@testable import Gateway

extension GatewayTests {
    @Suite("keys that change while the gateway runs")
    struct TrustTests {
        /// The gateway comes first among the issuers, then the standard foreign one.
        private static let (ownIndex, foreignIndex) = (0, 1)

        private static func key(_ key: PrivateKey, _ name: String) throws -> JSONWebKey {
            try JSONWebKey(material: .publicKey(key.publicKey), keyID: name, algorithm: .es256)
        }

        /// Asks over several connections, so that both event loops have to answer alike.
        private static func everyLoopAnswers(_ status: Int, _ gateway: GatewayFixture, _ token: String) async throws {
            let isSo = try await eventually {
                for _ in 0..<8 where try await gateway.call("GET", "/api/x", token: token).status != status {
                    return false
                }
                return true
            }
            #expect(isSo, "not \(status) everywhere")
        }

        @Test("a published set is judged by on every loop and in the control plane; remembered tokens are forgotten")
        func published() async throws {
            try await GatewayFixture.with { gateway in
                try await gateway.waitForRedis()
                let old = try gateway.issuer.token()
                try await Self.everyLoopAnswers(200, gateway, old)
                let fresh = try gateway.issuer.token(
                    header: #"{"alg":"ES256","typ":"at+jwt","kid":"new"}"#, key: gateway.issuer.otherKey)
                try await Self.everyLoopAnswers(401, gateway, fresh)
                try gateway.trust.publish(
                    JSONWebKeySet(keys: [Self.key(gateway.issuer.otherKey, "new")]), ofIssuer: Self.foreignIndex)
                try await Self.everyLoopAnswers(200, gateway, fresh)
                try await Self.everyLoopAnswers(401, gateway, old)
                #expect(try await gateway.post("/auth/logout", json: "{}", token: old).status == 401)
                #expect(try await gateway.post("/auth/logout", json: "{}", token: fresh).status == 204)
            }
        }

        @Test("tokens of an issuer without known keys get 503 at every door, and nobody else's do")
        func withdrawn() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                try await gateway.waitForRedis()
                let token = try gateway.issuer.token()
                let own = try await gateway.login().accessToken
                try await Self.everyLoopAnswers(200, gateway, token)
                let keys = try gateway.trust.current.issuers[Self.foreignIndex].keys
                try gateway.trust.withdraw(issuer: Self.foreignIndex)
                try await Self.everyLoopAnswers(503, gateway, token)
                try await Self.everyLoopAnswers(200, gateway, own)
                let answers = [
                    try await gateway.call("GET", "/api/x", token: token),
                    try await gateway.call("GET", "/auth/verify", token: token),
                    try await gateway.post("/auth/logout", json: "{}", token: token),
                ]
                for answer in answers {
                    #expect(answer.status == 503)
                    #expect(answer.member("error") == "temporarily_unavailable")
                    #expect(answer.field("Retry-After") != nil)
                    #expect(answer.field("WWW-Authenticate") == nil)
                }
                try gateway.trust.publish(keys, ofIssuer: Self.foreignIndex)
                try await Self.everyLoopAnswers(200, gateway, token)
            }
        }

        @Test("the gateway's own new keys are in its key set at once, and those taken out are accepted no longer")
        func own() async throws {
            try await GatewayFixture.with(.accounts) { gateway in
                try await gateway.waitForRedis()
                let token = try await gateway.login().accessToken
                try await Self.everyLoopAnswers(200, gateway, token)
                let added = try Self.key(gateway.issuer.otherKey, "next")
                let before = try gateway.trust.current.issuers[Self.ownIndex].keys.keys
                try gateway.trust.publish(JSONWebKeySet(keys: before + [added]), ofIssuer: Self.ownIndex)
                #expect(try await gateway.call("GET", "/.well-known/jwks.json").text.contains(#""kid":"next""#))
                try await Self.everyLoopAnswers(200, gateway, token)
                try gateway.trust.publish(JSONWebKeySet(keys: [added]), ofIssuer: Self.ownIndex)
                try await Self.everyLoopAnswers(401, gateway, token)
            }
        }

        @Test("a hundred changes under load lose no request")
        func underLoad() async throws {
            try await GatewayFixture.with { gateway in
                try await gateway.waitForRedis()
                let token = try gateway.issuer.token()
                let trust = try gateway.trust
                let keys = trust.current.issuers[Self.foreignIndex].keys
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<2 {
                        group.addTask {
                            for _ in 0..<50 {
                                let answer = try await gateway.call("GET", "/api/x", token: token)
                                #expect(answer.status == 200)
                            }
                        }
                    }
                    group.addTask {
                        for _ in 0..<100 {
                            try trust.publish(keys, ofIssuer: Self.foreignIndex)
                            await Task.yield()
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(trust.current.generation == 100)
            }
        }
    }
}
