import NIOCore
import NIOSSL
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Connections that a load balancer announces")
    struct ProxyProtocolTests {
        private static let get = "GET /public HTTP/1.1\r\nHost: a\r\n\r\n"
        private static let header = "PROXY TCP4 192.0.2.7 198.51.100.1 12345 443\r\n"
        private static let binary: [UInt8] =
            ProxyProtocolV2.signature + [0x21, 0x11, 0, 12, 192, 0, 2, 8, 198, 51, 100, 1, 0x30, 0x39, 0x01, 0xBB]

        private static func settings(
            trusted: [String] = ["127.0.0.1"], tls: ServerTLS? = nil,
            _ change: (inout World.Settings) -> Void = { _ in }
        ) -> World.Settings {
            var settings = World.Settings()
            settings.trusted = trusted
            settings.listeners = [
                Listener(address: .tcp(host: "127.0.0.1", port: 0), tls: tls, expectsProxyProtocol: true)
            ]
            change(&settings)
            return settings
        }

        @Test("the client is whom the header names: its fields are replaced, unless its own address is trusted")
        func announced() async throws {
            try await World.run(Self.settings(trusted: ["127.0.0.1", "203.0.113.0/24"])) { world in
                let forged = "GET /public HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.9.9.9\r\n\r\n"
                for (header, expected) in [
                    (Array(Self.header.utf8), "192.0.2.7"), (Self.binary, "192.0.2.8"),
                    (Array("PROXY TCP6 2001:db8::7 ::1 1 2\r\n".utf8), "2001:db8::7"),
                    (Array("PROXY TCP4 203.0.113.9 198.51.100.1 1 2\r\n".utf8), "10.9.9.9, 203.0.113.9"),
                    (Array("PROXY UNKNOWN\r\n".utf8), "10.9.9.9, 127.0.0.1"),
                    (ProxyProtocolV2.signature + [0x20, 0, 0, 0], "10.9.9.9, 127.0.0.1"),
                ] as [([UInt8], String)] {
                    world.backend.forget()
                    let client = try world.client()
                    try client.send(header + Array(forged.utf8))
                    #expect(try client.readResponse().status == 200)
                    try client.send(forged)
                    #expect(try client.readResponse().status == 200)
                    #expect(world.backend.requests.map { $0.all("X-Forwarded-For") } == [[expected], [expected]])
                    client.close()
                }
                await eventually("counted off") { world.server.connections == 0 }
            }
        }

        @Test("byte by byte, with the request behind it, is the same")
        func split() async throws {
            try await World.run(Self.settings()) { world in
                for header in [Array(Self.header.utf8), Self.binary] {
                    let client = try world.client()
                    for byte in header + Array(Self.get.utf8) { try client.send([byte]) }
                    #expect(try client.readResponse().status == 200)
                }
                #expect(world.backend.requests.map { $0.all("X-Forwarded-For") } == [["192.0.2.7"], ["192.0.2.8"]])
            }
        }

        @Test("from anybody else there is not one byte of an answer, with a header or without")
        func untrusted() async throws {
            try await World.run(Self.settings(trusted: ["10.0.0.0/8"])) { world in
                for text in [Self.header + Self.get, Self.get, "PROXY TCP4 10.0.0.1 10.0.0.1 1 1\r\n" + Self.get] {
                    let client = try world.client()
                    try? client.send(text)
                    #expect(try client.endsNow())
                }
                #expect(world.backend.state.heads == 0 && world.server.connections == 0)
            }
        }

        @Test(
            "without a header, or with half of one or garbage, the connection ends without an answer",
            arguments: [
                ProxyProtocolTests.get, "PROXY TCP4 192.0.2.7\r\n" + ProxyProtocolTests.get,
                "PROXY TCP4 192.0.2.7 198.51.100.1 12345 443\n" + ProxyProtocolTests.get,
                "\r\n\r\n\u{0}\r\nQUIX\n" + ProxyProtocolTests.get, "PROXY " + String(repeating: "x", count: 200),
            ])
        func malformed(text: String) async throws {
            try await World.run(Self.settings()) { world in
                let client = try world.client()
                try client.send(text)
                #expect(try client.endsNow())
                await eventually("counted off") { world.server.connections == 0 }
                #expect(world.backend.state.heads == 0)
            }
        }

        @Test("half a header and then the end is closed at once; half a header and then nothing, at the deadline")
        func incomplete() async throws {
            try await World.run(Self.settings { $0.limits.headerTimeoutMilliseconds = 300 }) { world in
                let ended = try world.client()
                try ended.send("PROXY TCP4 1")
                ended.finishSending()
                #expect(try ended.endsNow())
                let silent = try world.client()
                try silent.send("PROXY TCP4 1")
                await eventually("counted") { world.server.connections == 1 }
                #expect(try silent.endsNow())
                await eventually("counted off") { world.server.connections == 0 }
            }
        }

        @Test("a second header is a malformed request, and names nobody")
        func twoHeaders() async throws {
            try await World.run(Self.settings()) { world in
                let client = try world.client()
                try client.send(Self.header + "PROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\n" + Self.get)
                #expect(try client.readResponse().status == 400)
                #expect(try client.endsNow())
                #expect(world.backend.state.heads == 0)
            }
        }

        @Test("a listener that expects none takes a header for a malformed request")
        func unexpected() async throws {
            var settings = World.Settings()
            settings.trusted = ["127.0.0.1"]
            try await World.run(settings) { world in
                let client = try world.client()
                try client.send(Self.header + Self.get)
                #expect(try client.readResponse().status == 400)
                #expect(world.backend.state.heads == 0)
            }
        }

        @Test("the header comes before the handshake, together with it or apart")
        func beforeTLS() async throws {
            let certificates = try TLSTests.Certificates.shared.get()
            let tls = try ServerTLS(try TLSTests.settings([certificates.one, certificates.two]))
            try await World.run(Self.settings(tls: tls)) { world in
                let address = try SocketAddress(ipAddress: "127.0.0.1", port: world.port)
                let authorities = certificates.authority.root.certificate
                for (header, name) in [(Array(Self.header.utf8), "two.test"), (Self.binary, "one.test")] {
                    let client = try await StreamClient.open(
                        address, preface: header, tls: .init(authorities: authorities, serverName: name))
                    #expect(try await client.serverNames().first == name)
                    #expect(try await client.ask(Self.get).status == 200)
                    client.close()
                }
                let requests = world.backend.requests
                #expect(requests.map { $0.all("X-Forwarded-For") } == [["192.0.2.7"], ["192.0.2.8"]])
                #expect(requests.allSatisfy { $0.all("X-Forwarded-Proto") == ["https"] })
                // The other way round it is no header at all.
                let late = try await StreamClient.open(address, tls: .init(authorities: authorities))
                await #expect(throws: (any Error).self) { try await late.handshake() }
                await eventually("counted off") { world.server.connections == 0 }
            }
        }

        @Test("the limit of an address is the announced client's, and its connections give their places back")
        func limitPerAddress() async throws {
            try await World.run(Self.settings { $0.limits.connectionsPerAddress = 1 }) { world in
                let first = try world.client()
                try first.send(Self.header + Self.get)
                #expect(try first.readResponse().status == 200)
                let same = try world.client()
                try same.send(Self.header + Self.get)
                #expect(try same.endsNow())
                let other = try world.client()
                try other.send(Self.binary + Array(Self.get.utf8))
                #expect(try other.readResponse().status == 200)
                first.close()
                await eventually("counted off") { world.server.connections == 1 }
                let again = try world.client()
                try again.send(Self.header + Self.get)
                #expect(try again.readResponse().status == 200)
            }
        }

        @Test("connections over the limit are closed before they are listened to")
        func limit() async throws {
            try await World.run(Self.settings { $0.limits.connections = 1 }) { world in
                let first = try world.client()
                try first.send(Self.header + Self.get)
                #expect(try first.readResponse().status == 200)
                let second = try world.client()
                #expect(try second.endsNow())
                first.close()
                await eventually("counted off") { world.server.connections == 0 }
                let third = try world.client()
                try third.send(Self.header + Self.get)
                #expect(try third.readResponse().status == 200)
            }
        }
    }
}
