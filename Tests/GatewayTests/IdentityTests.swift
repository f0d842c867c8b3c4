import Foundation
import TestSupport
import Testing

extension GatewayTests {
    @Suite("who the backend is told it is")
    struct IdentityTests {
        private static let names = [
            "X-Auth-Subject", "X-Auth-Scope", "X-Auth-Client-Id", "X-Auth-Session-Id", "X-Auth-Token-Id",
            "X-Auth-Issuer", "X-Auth-Method",
        ]

        /// The identity fields of an arrival, in any spelling that a backend could take for one.
        private static func identity(of arrival: RecordingBackend.Arrival) -> [String] {
            let plain = Set(names.map { $0.lowercased() })
            return arrival.fields.filter { field in
                plain.contains(String(field.name.lowercased().map { $0.isLetter ? $0 : "-" }))
            }.map { "\($0.name): \($0.value)" }.sorted()
        }

        @Test("every claim is rendered, and exactly once")
        func rendered() async throws {
            try await GatewayFixture.with { gateway in
                let token = try gateway.issuer.token([
                    "sub": #""user 1%é:ü""#, "scope": #""orders:read profile""#, "client_id": #""web""#,
                    "sid": #""s-1""#, "jti": #""t-1""#,
                ])
                #expect(try await gateway.call("GET", "/api/x?q=1", token: token).status == 200)
                let arrival = try #require(gateway.backend.arrivals.first)
                #expect(
                    Self.identity(of: arrival) == [
                        "X-Auth-Client-Id: web", "X-Auth-Issuer: https://idp.test", "X-Auth-Method: jwt",
                        "X-Auth-Scope: orders:read profile", "X-Auth-Session-Id: s-1",
                        "X-Auth-Subject: user%201%25%C3%A9:%C3%BC", "X-Auth-Token-Id: t-1",
                    ])
                #expect(arrival.target == "/api/x?q=1")
                #expect(arrival.values("Authorization").isEmpty)
                #expect(arrival.values("X-Forwarded-For") == ["127.0.0.1"])
                #expect(arrival.values("X-Forwarded-Proto") == ["http"])
                #expect(arrival.values("X-Forwarded-Host") == ["gateway.test"])
            }
        }

        @Test("a claim that would begin a line of its own never gets to a backend")
        func lineInClaim() async throws {
            try await GatewayFixture.with { gateway in
                for claim in ["sub", "scope", "client_id", "sid", "jti"] {
                    for text in [#""a\r\nX-Evil: 1""#, #""a\nX-Evil: 1""#, #""a\u0000b""#] {
                        let token = try gateway.issuer.token(claim, text)
                        let answer = try await gateway.call("GET", "/api/x", token: token)
                        #expect([200, 401].contains(answer.status), "\(claim): \(answer.status)")
                    }
                }
                for arrival in gateway.backend.arrivals {
                    #expect(arrival.values("X-Evil").isEmpty)
                    #expect(Self.identity(of: arrival).allSatisfy { !$0.contains("\0") })
                }
            }
        }

        @Test("what the token does not say is not sent at all")
        func absent() async throws {
            try await GatewayFixture.with { gateway in
                let token = try gateway.issuer.token(["jti": #""t-2""#])
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 200)
                let arrival = try #require(gateway.backend.arrivals.first)
                #expect(
                    Self.identity(of: arrival) == [
                        "X-Auth-Issuer: https://idp.test", "X-Auth-Method: jwt", "X-Auth-Subject: carol",
                        "X-Auth-Token-Id: t-2",
                    ])
            }
        }

        @Test("identity fields sent by a client are stripped in any spelling, on protected and public routes")
        func spoofed() async throws {
            try await GatewayFixture.with { gateway in
                var fields: [(String, String)] = []
                for name in Self.names {
                    for spelling in [
                        name, name.lowercased(), name.uppercased(), name.replacingOccurrences(of: "-", with: "_"),
                        name.replacingOccurrences(of: "-", with: "."), "x-auth_" + name.dropFirst(7),
                    ] {
                        fields.append((spelling, "admin"))
                    }
                }
                fields.append(("Connection", "X-Auth-Subject, X-Auth-Scope"))
                let token = try gateway.issuer.token(["jti": #""t-3""#])
                #expect(try await gateway.call("GET", "/public/x", fields).status == 200)
                #expect(try await gateway.call("GET", "/api/x", token: token, fields).status == 200)
                let arrivals = gateway.backend.arrivals
                #expect(arrivals.map { Self.identity(of: $0).count } == [0, 4])
                for arrival in arrivals {
                    #expect(!arrival.fields.contains { $0.value == "admin" }, "\(arrival.fields)")
                }
            }
        }

        @Test("identity fields in the trailer section do not reach the backend")
        func trailers() async throws {
            try await GatewayFixture.with { gateway in
                let answer = try await gateway.raw(
                    "POST /public/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Auth-Subject\r\n\r\n"
                        + "2\r\nok\r\n0\r\nX-Auth-Subject: admin\r\n\r\n")
                #expect(answer.status == 200)
                let arrival = try #require(gateway.backend.arrivals.first)
                #expect(arrival.body == Array("ok".utf8))
                #expect(arrival.trailers.isEmpty)
                #expect(Self.identity(of: arrival).isEmpty)
            }
        }

        @Test("naming it in Connection deletes no identity field that the gateway adds")
        func connectionOption() async throws {
            try await GatewayFixture.with { gateway in
                let token = try gateway.issuer.token()
                let fields = [("Connection", "X-Auth-Subject, X-Auth-Method, X-Request-Id, X-Forwarded-For")]
                let answer = try await gateway.call("GET", "/api/x", token: token, fields)
                if answer.status == 200 {
                    let arrival = try #require(gateway.backend.arrivals.first)
                    #expect(arrival.values("X-Auth-Subject") == ["carol"])
                    #expect(arrival.values("X-Forwarded-For") == ["127.0.0.1"])
                } else {
                    expectProblem(answer, 400, "invalid_request")
                }
            }
        }

        @Test("credentials stay here unless the route forwards them")
        func credentials() async throws {
            var settings = GatewaySettings()
            settings.routes = [
                "{path: /trusted/, upstream: api, auth: {any_of: [jwt]}, forward_credentials: true}"
            ]
            try await GatewayFixture.with(settings) { gateway in
                let token = try gateway.issuer.token()
                #expect(try await gateway.call("GET", "/trusted/x", token: token).status == 200)
                #expect(try await gateway.call("GET", "/api/x", token: token).status == 200)
                let keyed = [("X-API-Key", "pk_1_2"), ("Authorization_", "Bearer \(token)")]
                #expect(try await gateway.call("GET", "/public/x", token: token, keyed).status == 200)
                let arrivals = gateway.backend.arrivals
                #expect(arrivals.map { $0.values("Authorization").count } == [1, 0, 0])
                #expect(arrivals[0].values("Authorization") == ["Bearer \(token)"])
                #expect(arrivals[2].values("X-API-Key").isEmpty)
            }
        }

        @Test(
            "two users on one kept connection are never taken for each other, however many tokens are remembered",
            arguments: [0, 2, 50_000])
        func twoUsers(cacheEntries: Int) async throws {
            var settings = GatewaySettings()
            settings.sections = ["verification_cache: {entries: \(cacheEntries)}"]
            try await GatewayFixture.with(settings) { gateway in
                let first = try gateway.issuer.token(["sub": #""u-1""#])
                let second = try gateway.issuer.token(["sub": #""u-2""#])
                let connection = try await gateway.connect()
                for turn in 0..<40 {
                    let fields: [(String, String)] =
                        switch turn % 4 {
                        case 0: [("Authorization", "Bearer \(first)")]
                        case 1: [("Authorization", "Bearer \(second)")]
                        case 2: []
                        default: [("Authorization", "Bearer \(second.dropLast(6))AAAAAA")]
                        }
                    await connection.request("GET", "/api/\(turn)", fields)
                    #expect(try await connection.answer().status == (turn % 4 < 2 ? 200 : 401))
                }
                for arrival in gateway.backend.arrivals {
                    let turn = try #require(Int(arrival.target.dropFirst(5)))
                    #expect(arrival.values("X-Auth-Subject") == [turn % 4 == 0 ? "u-1" : "u-2"])
                }
                #expect(gateway.backend.arrivals.count == 20)
            }
        }

        @Test("what a client says of the way it came is replaced; a trusted proxy's word is kept and lengthened")
        func forwarding() async throws {
            let fields = [
                ("X-Forwarded-For", "10.9.8.7"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "shop.test"),
                ("X-Real-IP", "10.9.8.7"), ("Forwarded", "for=10.9.8.7"), ("X_Forwarded_For", "10.9.8.7"),
                ("X-Original-URL", "/x"),
            ]
            var trusting = GatewaySettings()
            trusting.sections = ["trusted_proxies: [\"127.0.0.0/8\"]"]
            for (settings, wanted) in [
                (GatewaySettings(), ["127.0.0.1", "http", "gateway.test"]),
                (trusting, ["10.9.8.7, 127.0.0.1", "https", "shop.test"]),
            ] {
                try await GatewayFixture.with(settings) { gateway in
                    #expect(try await gateway.call("GET", "/public/x", fields).status == 200)
                    let arrival = try #require(gateway.backend.arrivals.first)
                    let told = ["For", "Proto", "Host"].flatMap { arrival.values("X-Forwarded-" + $0) }
                    #expect(told == wanted)
                    for name in ["X-Real-IP", "Forwarded", "X_Forwarded_For", "X-Original-URL"] {
                        #expect(arrival.values(name).isEmpty, "\(name)")
                    }
                }
            }
        }

        @Test("pipelined requests of two users are answered in order, each as who it is")
        func pipelined() async throws {
            try await GatewayFixture.with { gateway in
                let tokens = try (0..<2).map { try gateway.issuer.token(["sub": "\"u-\($0)\""]) }
                let connection = try await gateway.connect()
                let requests = (0..<20).map {
                    "GET /api/\($0) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(tokens[$0 % 2])\r\n\r\n"
                }
                await connection.send(requests.joined())
                for turn in 0..<20 { #expect(try await connection.answer().text == "/api/\(turn)") }
                #expect(
                    gateway.backend.arrivals.map { $0.values("X-Auth-Subject") } == (0..<20).map { ["u-\($0 % 2)"] })
            }
        }
    }
}
