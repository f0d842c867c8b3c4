import Foundation
import NIOCore
import NIOSSL
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("TLS")
    struct TLSTests {
        private static let get = "GET /public HTTP/1.1\r\nHost: one.test\r\n\r\n"

        /// What an HTTP/2 client begins with, an empty SETTINGS frame included.
        private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]

        /// Certificates made once: each takes a process.
        struct Certificates {
            let authority: TestAuthority
            let one: TestAuthority.Pair
            let two: TestAuthority.Pair
            let client: TestAuthority.Pair
            let stranger: TestAuthority.Pair

            init() throws {
                authority = try TestAuthority()
                one = try authority.issue("one", names: ["one.test"])
                two = try authority.issue("two", names: ["two.test", "*.two.test"])
                client = try authority.issue("client", names: [], usage: "clientAuth")
                // A key that has nothing to do with the authority.
                let other = try TestAuthority()
                let issued = try other.issue("stranger", names: [], usage: "clientAuth")
                stranger = try issued.copied(to: authority.folder, as: "stranger")
                withExtendedLifetime(other) {}
            }

            static let shared = Result { try Certificates() }
        }

        static func settings(
            _ pairs: [TestAuthority.Pair], _ change: (inout TLSSettings) -> Void = { _ in }
        ) throws -> TLSSettings {
            var settings = TLSSettings(
                certificates: pairs.map { .init(certificate: $0.certificate, privateKey: $0.privateKey) })
            change(&settings)
            return settings
        }

        private static func world(_ tls: ServerTLS, _ change: (inout World.Settings) -> Void = { _ in })
            -> World.Settings
        {
            var settings = World.Settings()
            settings.listeners = [Listener(address: .tcp(host: "127.0.0.1", port: 0), tls: tls)]
            change(&settings)
            return settings
        }

        private func open(
            _ world: World, _ certificates: Certificates, _ change: (inout StreamClient.TLS) -> Void = { _ in }
        ) async throws -> StreamClient {
            var tls = StreamClient.TLS(authorities: certificates.authority.root.certificate)
            change(&tls)
            return try await .open(try SocketAddress(ipAddress: "127.0.0.1", port: world.port), tls: tls)
        }

        @Test("requests go through, one after the other, and the backend learns that they came over TLS")
        func serves() async throws {
            let certificates = try Certificates.shared.get()
            let tls = try ServerTLS(Self.settings([certificates.one]))
            #expect(tls.certificates.map(\.names) == [["one.test"]])
            #expect(tls.certificates[0].expiresAtSeconds > Int64(Date.now.timeIntervalSince1970) + 29 * 86_400)
            try await World.run(Self.world(tls) { $0.trusted = [] }) { world in
                let client = try await open(world, certificates)
                #expect(try await client.version() == .tlsv13)
                for _ in 0..<3 { #expect(try await client.ask(Self.get).status == 200) }
                let large = String(repeating: "x", count: 300_000)
                client.send("POST /public HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n\(large)\(Self.get)")
                #expect(try await client.response().status == 200)
                #expect(try await client.response().status == 200)
                #expect(world.server.connections == 1)
                client.close()
                await eventually("counted off") { world.server.connections == 0 }
                for request in world.backend.requests {
                    #expect(request.all("X-Forwarded-Proto") == ["https"])
                    #expect(request.all("X-Forwarded-For") == ["127.0.0.1"])
                }
                #expect(world.backend.requests[3].body.count == 300_000)
            }
            try await World.run(Self.world(tls) { $0.trusted = ["127.0.0.1"] }) { world in
                let client = try await open(world, certificates)
                #expect(try await client.ask(Self.get).status == 200)
                let forwarded = Self.get.replacing("\r\n\r\n", with: "\r\nX-Forwarded-Proto: http\r\n\r\n")
                #expect(try await client.ask(forwarded).status == 200)
                #expect(world.backend.requests.map { $0.all("X-Forwarded-Proto") } == [["https"], ["http"]])
            }
        }

        @Test("the name that a client asks for chooses the certificate; the first one is for all others")
        func serverNames() async throws {
            let certificates = try Certificates.shared.get()
            let tls = try ServerTLS(Self.settings([certificates.one, certificates.two]))
            try await World.run(Self.world(tls)) { world in
                for (name, expected) in [
                    ("one.test", "one.test"), ("two.test", "two.test"), ("TWO.test", "two.test"),
                    ("x.two.test", "two.test"), ("x.y.two.test", "one.test"), ("else.test", "one.test"),
                    (nil, "one.test"),
                ] {
                    let client = try await open(world, certificates) { $0.serverName = name }
                    #expect(try await client.serverNames().first == expected, "\(name ?? "none")")
                    #expect(try await client.ask(Self.get).status == 200)
                    client.close()
                }
            }
        }

        @Test("TLS 1.2 and 1.3 are spoken, or 1.3 alone; nothing older")
        func versions() async throws {
            let certificates = try Certificates.shared.get()
            for minimum in [TLSSettings.Version.tls12, .tls13] {
                let tls = try ServerTLS(Self.settings([certificates.one]) { $0.minimumVersion = minimum })
                try await World.run(Self.world(tls)) { world in
                    for version in [TLSVersion.tlsv1, .tlsv11, .tlsv12, .tlsv13] {
                        let client = try await open(world, certificates) { $0.newest = version }
                        let isSpoken = version == .tlsv13 || (version == .tlsv12 && minimum == .tls12)
                        if isSpoken {
                            #expect(try await client.version() == version)
                            #expect(try await client.ask(Self.get).status == 200)
                        } else {
                            await #expect(throws: (any Error).self) { try await client.version() }
                        }
                    }
                    #expect(world.server.connections <= 2)
                }
            }
        }

        @Test(
            "ALPN: HTTP/2 goes to who serves it, HTTP/1.1 is chosen otherwise, and nothing in common is HTTP/1.1, too")
        func applicationProtocols() async throws {
            let certificates = try Certificates.shared.get()
            let both = try ServerTLS(Self.settings([certificates.one]) { $0.offersHTTP2 = true })
            let one = try ServerTLS(Self.settings([certificates.one]) { $0.offersHTTP2 = false })
            for (tls, offers) in [(both, true), (one, false)] {
                try await World.run(Self.world(tls)) { world in
                    for (protocols, chosen) in [
                        (["h2", "http/1.1"], offers ? "h2" : "http/1.1"),
                        (["http/1.1", "h2"], offers ? "h2" : "http/1.1"), (["http/1.1"], "http/1.1"), ([], nil),
                        (["ftp"], nil),
                    ] as [([String], String?)] {
                        let client = try await open(world, certificates) { $0.protocols = protocols }
                        #expect(try await client.handshake() == chosen, "\(protocols)")
                        if chosen == "h2" {
                            client.send(Self.preface)
                            // The server's own preface is a SETTINGS frame (RFC 9113 section 3.4).
                            await eventually("settings") { client.received.dropFirst(3).first == 4 }
                        } else {
                            #expect(try await client.ask(Self.get).status == 200)
                        }
                        client.close()
                    }
                    await eventually("counted off") { world.server.connections == 0 }
                }
            }
        }

        @Test("HTTP/2 that ALPN did not choose is not spoken over TLS")
        func unnegotiated() async throws {
            let certificates = try Certificates.shared.get()
            let tls = try ServerTLS(Self.settings([certificates.one]))
            try await World.run(Self.world(tls)) { world in
                let client = try await open(world, certificates) { $0.protocols = ["http/1.1"] }
                _ = try await client.handshake()
                client.send(Self.preface)
                #expect(try await client.response().status == 400)
            }
        }

        @Test("client certificates: required, optional, and from the right authority")
        func clientCertificates() async throws {
            let certificates = try Certificates.shared.get()
            let file = certificates.authority.root.certificate
            for isRequired in [true, false] {
                let tls = try ServerTLS(
                    Self.settings([certificates.one, certificates.two]) {
                        $0.clientCertificates = isRequired ? .required(authorities: file) : .optional(authorities: file)
                    })
                try await World.run(Self.world(tls)) { world in
                    for version in [TLSVersion.tlsv12, .tlsv13] {
                        let known = try await open(world, certificates) {
                            $0.certificate = (certificates.client.certificate, certificates.client.privateKey)
                            $0.newest = version
                        }
                        #expect(try await known.ask(Self.get).status == 200)
                        for pair in [certificates.stranger, certificates.one] {
                            // The second one is of the authority, but for servers.
                            let stranger = try await open(world, certificates) {
                                $0.certificate = (pair.certificate, pair.privateKey)
                                $0.newest = version
                            }
                            await #expect(throws: (any Error).self) { try await stranger.ask(Self.get) }
                        }
                        let nobody = try await open(world, certificates) { $0.newest = version }
                        if isRequired {
                            await #expect(throws: (any Error).self) { try await nobody.ask(Self.get) }
                        } else {
                            #expect(try await nobody.ask(Self.get).status == 200)
                        }
                    }
                    #expect(world.backend.requests.count == (isRequired ? 2 : 4))
                }
            }
        }

        @Test("the closing alert is sent at every ordinary end")
        func closingAlert() async throws {
            let certificates = try Certificates.shared.get()
            let tls = try ServerTLS(Self.settings([certificates.one]))
            let settings = Self.world(tls) { $0.limits.keepAliveTimeoutMilliseconds = 300 }
            try await World.run(settings) { world in
                let last = try await open(world, certificates)
                #expect(
                    try await last.ask(Self.get.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n")).status
                        == 200)
                #expect(try await last.ending() == .cleanly)
                let idle = try await open(world, certificates)
                _ = try await idle.handshake()
                #expect(try await idle.ending() == .cleanly)
                let wrong = try await open(world, certificates)
                #expect(try await wrong.ask("nonsense\r\n\r\n").status == 400)
                #expect(try await wrong.ending() == .cleanly)
                await eventually("counted off") { world.server.connections == 0 }
            }
        }

        @Test(
            "a client that ends with the closing alert still gets its answer; one that is cut off does not count as done"
        )
        func endings() async throws {
            let certificates = try Certificates.shared.get()
            let tls = try ServerTLS(Self.settings([certificates.one]))
            try await World.run(Self.world(tls)) { world in
                world.backend.onRequest { _, _ in }
                let proper = try await open(world, certificates)
                _ = try await proper.handshake()
                proper.send(Self.get)
                proper.finishSending()
                await eventually("asked") { world.backend.requests.count == 1 }
                world.backend.state.responders[0].answer("late")
                #expect(try await proper.response().text == "late")

                // Half a body, then the end of TCP: no proper end, and nothing that looks like a whole request.
                for body in ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"] {
                    let heads = world.backend.state.heads
                    let cut = try await open(world, certificates)
                    _ = try await cut.handshake()
                    cut.send("POST /public HTTP/1.1\r\nHost: a\r\n\(body)")
                    await eventually("head") { world.backend.state.heads == heads + 1 }
                    try await cut.finishSendingBelowTLS()
                    _ = try await cut.ending()
                }
                await eventually("upstream connections closed") { world.backend.state.closed.count >= 2 }
                #expect(world.backend.requests.count == 1)
                await eventually("counted off") { world.server.connections == 0 }
            }
        }

        @Test("a handshake that does not go on is cut at the deadline, and had its place among the connections")
        func slowHandshake() async throws {
            let certificates = try Certificates.shared.get()
            let tls = try ServerTLS(Self.settings([certificates.one]))
            let settings = Self.world(tls) {
                $0.limits.headerTimeoutMilliseconds = 400
                $0.limits.connections = 2
            }
            try await World.run(settings) { world in
                let silent = try world.client()
                let half = try world.client()
                try half.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
                await eventually("counted") { world.server.connections == 2 }
                let third = try world.client()
                #expect(try third.endsNow(), "over the limit: closed, without a handshake")
                #expect(try silent.endsNow())
                #expect(try half.endsNow())
                await eventually("counted off") { world.server.connections == 0 }
                let client = try await open(world, certificates)
                #expect(try await client.ask(Self.get).status == 200)
            }
        }

        @Test("what is no handshake is cut, with nothing sent to a backend")
        func noHandshake() async throws {
            let certificates = try Certificates.shared.get()
            let tls = try ServerTLS(Self.settings([certificates.one]))
            try await World.run(Self.world(tls)) { world in
                for bytes in [
                    Array(Self.get.utf8), [UInt8](repeating: 0, count: 100), [0x16, 0x03, 0x01, 0xFF, 0xFF, 1, 2, 3],
                    Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8),
                    [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28],
                ] {
                    let client = try world.client()
                    try client.send(bytes)
                    client.finishSending()
                    _ = try client.readToEnd()
                }
                await eventually("counted off") { world.server.connections == 0 }
                #expect(world.backend.state.heads == 0)
                let client = try await open(world, certificates)
                #expect(try await client.ask(Self.get).status == 200)
            }
        }

        @Test("a shutdown ends handshakes at once, and idle connections with the closing alert")
        func shutdown() async throws {
            let certificates = try Certificates.shared.get()
            let tls = try ServerTLS(Self.settings([certificates.one]))
            try await World.run(Self.world(tls)) { world in
                let silent = try world.client()
                let idle = try await open(world, certificates)
                #expect(try await idle.ask(Self.get).status == 200)
                await eventually("counted") { world.server.connections == 2 }
                await world.server.shutdown(graceMilliseconds: 10_000)
                #expect(try silent.endsNow())
                #expect(try await idle.ending() == .cleanly)
            }
        }

        @Test("a session is resumed, and no data is taken before the handshake is over")
        func resumption() async throws {
            let certificates = try Certificates.shared.get()
            let tls = try ServerTLS(Self.settings([certificates.one]))
            var settings = Self.world(tls)
            settings.listeners.append(Listener(address: .tcp(host: "127.0.0.1", port: 0), tls: tls))
            try await World.run(settings) { world in
                let ticket = certificates.authority.folder.appendingPathComponent("ticket.pem").path
                let port = world.port
                func client(_ options: String) async throws -> String {
                    let command =
                        "(printf 'GET /public HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1) | "
                        + "openssl s_client -connect 127.0.0.1:\(port) -servername one.test "
                        + "-CAfile \(certificates.authority.root.certificate) -verify_return_error -ign_eof \(options)"
                    return try await Task.detached { try TestAuthority.run(["sh", "-c", command]) }.value
                }
                for version in ["-tls1_2", "-tls1_3"] {
                    let first = try await client("\(version) -sess_out \(ticket)")
                    #expect(first.contains("HTTP/1.1 200 OK") && first.contains("New, TLS"), "\(first)")
                    #expect(!first.contains("Max Early Data: 16"), "\(first)")
                    let second = try await client("\(version) -sess_in \(ticket)")
                    #expect(second.contains("HTTP/1.1 200 OK") && second.contains("Reused, TLS"), "\(second)")
                }
                let renegotiating = try await client("-tls1_2")
                #expect(renegotiating.contains("Cipher is ECDHE-ECDSA-"), "\(renegotiating)")
            }
        }
    }
}

extension TestAuthority.Pair {
    /// The same, in files that another authority keeps.
    fileprivate func copied(to folder: URL, as name: String) throws -> TestAuthority.Pair {
        let certificate = folder.appendingPathComponent("\(name).crt").path
        let key = folder.appendingPathComponent("\(name).key").path
        try FileManager.default.copyItem(atPath: self.certificate, toPath: certificate)
        try FileManager.default.copyItem(atPath: privateKey, toPath: key)
        return TestAuthority.Pair(certificate: certificate, privateKey: key)
    }
}
