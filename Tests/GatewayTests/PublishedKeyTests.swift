import Foundation
import JOSE
import LibCrypto
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Gateway

extension GatewayTests {
    @Suite("keys that other issuers publish")
    struct PublishedKeyTests {
        /// A gateway that accepts the tokens of issuers which a server publishes the keys of.
        private static func withGateway(
            issuers: [String], _ server: IssuerServer, _ body: (GatewayFixture) async throws -> Void
        ) async throws {
            var settings = GatewaySettings()
            settings.issuers = issuers
            try await GatewayFixture.with(settings) { gateway in
                try await gateway.waitForRedis()
                try await body(gateway)
            }
            await server.stop()
        }

        private static func line(_ issuer: String, _ further: String) -> String {
            "{issuer: \"\(issuer)\", audiences: [api], algorithms: [ES256], \(further)}"
        }

        private static func keySet(_ keys: [(String, PrivateKey)]) throws -> String {
            JSONWebKeySet.publicJSON(
                for: try keys.map { name, key in
                    try JSONWebKey(material: .publicKey(key.publicKey), keyID: name, algorithm: .es256)
                })
        }

        private static func token(
            _ gateway: GatewayFixture, issuer: String, keyID: String = "ec", key: PrivateKey? = nil
        ) throws -> String {
            try gateway.issuer.token(
                header: #"{"alg":"ES256","typ":"at+jwt","kid":"\#(keyID)"}"#, ["iss": "\"\(issuer)\""], key: key)
        }

        private static func expectUnavailable(_ answer: HTTPAnswer) {
            #expect(answer.status == 503, "\(answer.text)")
            #expect(answer.field("Retry-After") == "1")
            #expect(answer.member("error") == "temporarily_unavailable")
            #expect(answer.values("WWW-Authenticate").isEmpty)
        }

        @Test("are fetched over TLS that is verified; a server that cannot prove itself gives 503, never 401")
        func verifiedTLS() async throws {
            let authority = try TestAuthority()
            let other = try TestAuthority()
            let server = try await IssuerServer.start(try authority.issue("idp", names: ["localhost"]))
            let foreign = try ForeignIssuer.shared.get()
            server.set("/keys", .document(try Self.keySet([("ec", foreign.key)])))
            let good = Self.line(
                "https://good.test", "jwks_uri: \"\(server.url)/keys\", ca: \"\(authority.root.certificate)\"")
            let bad = Self.line(
                "https://bad.test", "jwks_uri: \"\(server.url)/keys\", ca: \"\(other.root.certificate)\"")
            let nobody = Self.line("https://nobody.test", "jwks_uri: \"\(server.url)/keys\"")
            try await Self.withGateway(issuers: [good, bad, nobody], server) { gateway in
                let accepted = try await gateway.call(
                    "GET", "/api/x", token: try Self.token(gateway, issuer: "https://good.test"))
                #expect(accepted.status == 200, "\(accepted.text)")
                for issuer in ["https://bad.test", "https://nobody.test"] {
                    Self.expectUnavailable(
                        try await gateway.call("GET", "/api/x", token: try Self.token(gateway, issuer: issuer)))
                    Self.expectUnavailable(
                        try await gateway.call("GET", "/auth/verify", token: try Self.token(gateway, issuer: issuer)))
                }
                // What is wrong with a token whoever signed it is no secret.
                #expect(try await gateway.call("GET", "/api/x", token: "a.b.c").status == 401)
            }
        }

        @Test("attack: the name leads to an address that somebody else has a certificate for; nothing is asked there")
        func certificateForTheAddress() async throws {
            let authority = try TestAuthority()
            let server = try await IssuerServer.start(
                try authority.issue("other", names: ["other.test"], addresses: ["127.0.0.1", "::1"]))
            let foreign = try ForeignIssuer.shared.get()
            server.set("/keys", .document(try Self.keySet([("ec", foreign.key)])))
            let line = Self.line(
                "https://idp2.test", "jwks_uri: \"\(server.url)/keys\", ca: \"\(authority.root.certificate)\"")
            try await Self.withGateway(issuers: [line], server) { gateway in
                Self.expectUnavailable(
                    try await gateway.call(
                        "GET", "/api/x", token: try Self.token(gateway, issuer: "https://idp2.test")))
                // The fetches go on and are refused, and the gateway lives through it.
                let isTriedAgain = await eventually { server.connectionCount >= 4 }
                #expect(isTriedAgain)
                Self.expectUnavailable(
                    try await gateway.call(
                        "GET", "/api/x", token: try Self.token(gateway, issuer: "https://idp2.test")))
                #expect(server.requestCount("/keys") == 0)
            }
        }

        @Test("that are no keys change nothing: redirects, garbage, floods, errors and silence give 503")
        func uselessAnswers() async throws {
            let server = try await IssuerServer.start()
            let foreign = try ForeignIssuer.shared.get()
            let keys = try Self.keySet([("ec", foreign.key)])
            server.set("/keys", .document(keys))
            server.set("/redirect", .status(302, fields: [("Location", "/keys")]))
            server.set("/garbage", .document("<html>"))
            server.set("/empty", .document("{\"keys\":[]}"))
            server.set("/secret", .document("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"ec\",\"k\":\"AAAA\"}]}"))
            server.set("/huge", .spaces(300_000))
            server.set("/error", .status(500))
            server.set("/silence", .silence)
            let paths = ["redirect", "garbage", "empty", "secret", "huge", "error", "silence"]
            let issuers = paths.map { Self.line("https://\($0).test", "jwks_uri: \"\(server.url)/\($0)\"") }
            try await Self.withGateway(issuers: issuers, server) { gateway in
                for path in paths {
                    Self.expectUnavailable(
                        try await gateway.call(
                            "GET", "/api/x", token: try Self.token(gateway, issuer: "https://\(path).test"))
                    )
                }
                #expect(server.requestCount("/keys") == 0, "a redirect was followed")
                let isTold = await eventually { gateway.logText.contains("the answer is too large") }
                #expect(isTold && gateway.logText.contains("status 302"))
                let metrics = try await gateway.metrics()
                #expect(
                    metrics.value("portcullis_jwks_fetches_total", "issuer=\"https://huge.test\",result=\"failed\"")
                        >= 1)
            }
        }

        @Test("are found by the issuer's name alone, in either document")
        func discovery() async throws {
            let server = try await IssuerServer.start()
            let foreign = try ForeignIssuer.shared.get()
            server.set("/keys", .document(try Self.keySet([("ec", foreign.key)])))
            let (openID, oauth, liar) = (server.url + "/a", server.url + "/b", server.url + "/c")
            func metadata(_ issuer: String) -> IssuerServer.Answer {
                .document("{\"issuer\":\"\(issuer)\",\"jwks_uri\":\"\(server.url)/keys\"}")
            }
            server.set("/a/.well-known/openid-configuration", metadata(openID))
            server.set("/.well-known/oauth-authorization-server/b", metadata(oauth))
            server.set("/c/.well-known/openid-configuration", metadata(openID))
            let issuers = [openID, oauth, liar].map { Self.line($0, "max_stale: 1h") }
            try await Self.withGateway(issuers: issuers, server) { gateway in
                for issuer in [openID, oauth] {
                    let answer = try await gateway.call("GET", "/api/x", token: try Self.token(gateway, issuer: issuer))
                    #expect(answer.status == 200, "\(answer.text)")
                }
                Self.expectUnavailable(
                    try await gateway.call("GET", "/api/x", token: try Self.token(gateway, issuer: liar)))
                #expect(gateway.logText.contains("the metadata is of another issuer"))
            }
        }

        @Test("that are new are fetched for the first token that names one, and others cost nothing more")
        func unknownKeys() async throws {
            let server = try await IssuerServer.start()
            let foreign = try ForeignIssuer.shared.get()
            let next = try PrivateKey.generate(.elliptic(.p256))
            server.set("/keys", .document(try Self.keySet([("ec", foreign.key)])))
            let issuer = "https://rotating.test"
            let line = Self.line(issuer, "jwks_uri: \"\(server.url)/keys\", cool_down: 1s")
            try await Self.withGateway(issuers: [line], server) { gateway in
                let old = try Self.token(gateway, issuer: issuer)
                let new = try Self.token(gateway, issuer: issuer, keyID: "next", key: next)
                #expect(try await gateway.call("GET", "/api/x", token: old).status == 200)
                server.set("/keys", .document(try Self.keySet([("ec", foreign.key), ("next", next)])))
                // A client that tries again when it is told to gets in; it is never told that its token is bad after
                // the keys have been asked for.
                let isAccepted = try await eventually {
                    try await gateway.call("GET", "/api/x", token: new).status == 200
                }
                #expect(isAccepted)
                #expect(try await gateway.call("GET", "/api/x", token: old).status == 200)
                let before = server.requestCount("/keys")
                let start = ContinuousClock.now
                for number in 0..<200 {
                    let token = try Self.token(gateway, issuer: issuer, keyID: "random-\(number)")
                    let answer = try await gateway.call("GET", "/api/x", token: token)
                    #expect(answer.status == 401 || answer.status == 503)
                }
                let seconds = Int((ContinuousClock.now - start).components.seconds) + 1
                #expect(server.requestCount("/keys") - before <= seconds + 1, "more than one fetch in a cool-down")
                #expect(try await gateway.call("GET", "/api/x", token: old).status == 200)
            }
        }

        @Test("serve while their issuer is down, up to max_stale; then it is 503 until it is back")
        func staleness() async throws {
            let server = try await IssuerServer.start()
            let foreign = try ForeignIssuer.shared.get()
            let keys = try Self.keySet([("ec", foreign.key)])
            server.set("/keys", .tagged(keys, tag: "\"1\""))
            let issuer = "https://failing.test"
            let line = Self.line(issuer, "jwks_uri: \"\(server.url)/keys\", refresh: 1s, max_stale: 3s")
            try await Self.withGateway(issuers: [line], server) { gateway in
                let token = try Self.token(gateway, issuer: issuer)
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 200)
                // Confirmed again and again by its tag, it outlives max_stale.
                let isConfirmed = await eventually { server.requestCount("/keys") >= 5 }
                #expect(isConfirmed)
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 200)
                server.set("/keys", .status(503))
                let asked = server.requestCount("/keys")
                let isAsked = await eventually { server.requestCount("/keys") > asked }
                #expect(isAsked)
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 200, "the last good ones serve")
                let isUnavailable = try await eventually {
                    try await gateway.call("GET", "/api/x", token: token).status == 503
                }
                #expect(isUnavailable)
                Self.expectUnavailable(try await gateway.call("GET", "/api/x", token: token))
                server.set("/keys", .tagged(keys, tag: "\"1\""))
                let isBack = try await eventually {
                    try await gateway.call("GET", "/api/x", token: token).status == 200
                }
                #expect(isBack)
                #expect(gateway.logText.contains("an issuer's keys are too old to be used"))
            }
        }
    }
}

@Suite("The keys in force")
struct TrustStoreTests {
    private static func issuer(_ keys: JSONWebKeySet) -> TrustedIssuer {
        TrustedIssuer(issuer: ForeignIssuer.name, audiences: ["api"], algorithms: [.es256], keys: keys)
    }

    private static func keys(_ name: String, _ key: PrivateKey) throws -> JSONWebKeySet {
        try JSONWebKeySet(keys: [JSONWebKey(material: .publicKey(key.publicKey), keyID: name, algorithm: .es256)])
    }

    @Test("a token that was verified with a key that is gone is refused at once, remembered or not")
    func forgetting() async throws {
        let foreign = try ForeignIssuer.shared.get()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let store = try TrustStore(issuers: [Self.issuer(try Self.keys("ec", foreign.key))], leewaySeconds: 0)
        var verifier = try store.current.makeVerifier()
        let token = try foreign.token()
        _ = try verifier.verify(token, nowSeconds: Int64(Date.now.timeIntervalSince1970))
        try store.publish(try Self.keys("other", foreign.otherKey), ofIssuer: 0)
        verifier = try store.current.makeVerifier()
        #expect(throws: TokenRejection.unknownKey) {
            try verifier.verify(token, nowSeconds: Int64(Date.now.timeIntervalSince1970))
        }
        #expect(verifier.lastIssuerIndex == 0)
        store.withdraw(issuer: 0)
        verifier = try store.current.makeVerifier()
        #expect(throws: TokenRejection.keysUnavailable) {
            try verifier.verify(token, nowSeconds: Int64(Date.now.timeIntervalSince1970))
        }
        try await group.shutdownGracefully()
    }

    @Test("subscribers are handed what is in force, then each change, in order")
    func subscribers() throws {
        let foreign = try ForeignIssuer.shared.get()
        let store = try TrustStore(issuers: [Self.issuer(try Self.keys("ec", foreign.key))], leewaySeconds: 0)
        let clock = MovingClock()
        store.subscribe { snapshot in
            #expect(Int64(snapshot.generation) == clock.nanoseconds)
            clock.advance(1)
        }
        for _ in 0..<10 { try store.publish(try Self.keys("ec", foreign.key), ofIssuer: 0) }
        store.withdraw(issuer: 0)
        try store.publish(try Self.keys("ec", foreign.key), ofIssuer: 7)
        #expect(clock.nanoseconds == 12 || clock.nanoseconds == 13)
    }

    @Test("a file of keys is read again when it is written, or its link leads elsewhere; a bad one changes nothing")
    func files() throws {
        let foreign = try ForeignIssuer.shared.get()
        let folder = try TemporaryFolder()
        func document(_ key: PrivateKey) throws -> String {
            JSONWebKeySet.publicJSON(for: try Self.keys("ec", key).keys)
        }
        // As Kubernetes mounts a secret: a link to a link whose target is exchanged whole.
        let manager = FileManager.default
        for (name, key) in [("first", foreign.key), ("second", foreign.otherKey)] {
            try manager.createDirectory(atPath: folder.path(name), withIntermediateDirectories: false)
            try folder.write(try document(key), to: "\(name)/keys.json")
        }
        try manager.createSymbolicLink(atPath: folder.path("..data"), withDestinationPath: "first")
        try manager.createSymbolicLink(atPath: folder.path("keys.json"), withDestinationPath: "..data/keys.json")
        let path = folder.path("keys.json")
        let store = try TrustStore(
            issuers: [Self.issuer(try KeySetFile.read(path, issuer: "i"))], leewaySeconds: 0)
        let file = KeySetFile(issuer: "i", path: path, index: 0, trust: store)
        #expect(!file.hasChanged())
        try manager.createSymbolicLink(atPath: folder.path("..next"), withDestinationPath: "second")
        #expect(rename(folder.path("..next"), folder.path("..data")) == 0)
        #expect(file.hasChanged())
        #expect(try file.reload() == ["keys": "1"])
        #expect(!file.hasChanged())
        #expect(store.current.generation == 1)
        let token = try foreign.token(key: foreign.otherKey)
        _ = try store.current.makeVerifier().verify(token, nowSeconds: Int64(Date.now.timeIntervalSince1970))
        try folder.write("{\"keys\":[", to: "second/keys.json")
        #expect(file.hasChanged())
        #expect(throws: ReloadFailure.self) { try file.reload() }
        #expect(store.current.generation == 1)
        _ = try store.current.makeVerifier().verify(token, nowSeconds: Int64(Date.now.timeIntervalSince1970))
        try manager.removeItem(atPath: path)
        #expect(!file.hasChanged(), "a file that is away for a moment is being replaced")
    }
}
