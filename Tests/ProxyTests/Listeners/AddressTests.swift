import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Where a gateway can listen")
    struct AddressTests {
        private static let get = "GET /public HTTP/1.1\r\nHost: a\r\n\r\n"

        /// A short path: those of sockets have little room.
        private func makeFolder() throws -> URL {
            let folder = URL(fileURLWithPath: "/tmp/portcullis-\(UUID().uuidString.prefix(8))")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            return folder
        }

        private func unix(_ path: String, mode: UInt32 = 0o600, loopCount: Int = 1) -> World.Settings {
            var settings = World.Settings()
            settings.loopCount = loopCount
            settings.listeners = [Listener(address: .unix(path: path, mode: mode))]
            return settings
        }

        @Test("a Unix socket, with the permissions asked for, gone at the end; connections spread over the loops")
        func unixSocket() async throws {
            let folder = try makeFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.appendingPathComponent("public.sock").path
            try await World.run(unix(path, loopCount: 2)) { world in
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect(attributes[.posixPermissions] as? Int == 0o600)
                let address = try SocketAddress(unixDomainSocketPath: path)
                var clients: [StreamClient] = []
                for _ in 0..<4 {
                    let client = try await StreamClient.open(address)
                    #expect(try await client.ask(Self.get).status == 200)
                    #expect(try await client.ask(Self.get).status == 200)
                    clients.append(client)
                }
                #expect(world.server.connections == 4)
                // Each loop has a pool of its own, and reuses what it has: so two connections are two loops.
                #expect(world.backend.connectionCount == 2)
                #expect(world.backend.requests.allSatisfy { $0.all("X-Forwarded-For") == ["unix"] })
                for client in clients { client.close() }
            }
            #expect(!FileManager.default.fileExists(atPath: path))
        }

        @Test("who connects through a Unix socket is believed only when that is said")
        func trust() async throws {
            let folder = try makeFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.appendingPathComponent("public.sock").path
            let forwarded = "GET /public HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
            for isTrusted in [true, false] {
                var settings = unix(path)
                settings.trusted = ["0.0.0.0/0", "::/0"]
                settings.trustsLocalPeers = isTrusted
                try await World.run(settings) { world in
                    let client = try await StreamClient.open(try SocketAddress(unixDomainSocketPath: path))
                    #expect(try await client.ask(forwarded).status == 200)
                    let expected = isTrusted ? "192.0.2.1, unix" : "unix"
                    #expect(world.backend.requests.map { $0.all("X-Forwarded-For") } == [[expected]])
                }
                settings.listeners[0].expectsProxyProtocol = true
                try await World.run(settings) { world in
                    let header = Array("PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n".utf8)
                    // It may be closed before there is a client to speak of.
                    let client = try? await StreamClient.open(
                        try SocketAddress(unixDomainSocketPath: path), preface: header)
                    if isTrusted {
                        #expect(try await client?.ask(Self.get).status == 200)
                        #expect(world.backend.requests.map { $0.all("X-Forwarded-For") } == [["192.0.2.7"]])
                    } else {
                        _ = try await client?.ending()
                        #expect(client?.received.isEmpty != false && world.backend.requests.isEmpty)
                    }
                }
            }
        }

        @Test("a socket that nobody listens on any more is taken over; one in use, and what is no socket, is not")
        func staleSocket() async throws {
            let folder = try makeFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.appendingPathComponent("public.sock").path
            let (descriptor, _) = try UnixSocketFile.bind(path, mode: 0o600)
            // Bound and not listening: left over, as after a crash.
            close(descriptor)
            #expect(FileManager.default.fileExists(atPath: path))
            try await World.run(unix(path)) { world in
                await #expect(throws: UnixSocketRefusal.inUse) {
                    try await World.run(unix(path)) { _ in }
                }
                let client = try await StreamClient.open(try SocketAddress(unixDomainSocketPath: path))
                #expect(try await client.ask(Self.get).status == 200)
            }
            for name in ["file", "folder"] {
                let other = folder.appendingPathComponent(name)
                if name == "file" {
                    try Data("precious".utf8).write(to: other)
                } else {
                    try FileManager.default.createDirectory(at: other, withIntermediateDirectories: false)
                }
                await #expect(throws: UnixSocketRefusal.notASocket) { try await World.run(unix(other.path)) { _ in } }
                #expect(FileManager.default.fileExists(atPath: other.path))
            }
            let link = folder.appendingPathComponent("link").path
            symlink("/etc/passwd", link)
            await #expect(throws: UnixSocketRefusal.notASocket) { try await World.run(unix(link)) { _ in } }
            let nowhere = folder.appendingPathComponent("none/public.sock").path
            await #expect(throws: UnixSocketRefusal.system(ENOENT)) { try await World.run(unix(nowhere)) { _ in } }
            #expect(throws: UnixSocketRefusal.tooLong) {
                try UnixSocketFile.bind("/" + String(repeating: "a", count: 200), mode: 0o600)
            }
        }

        @Test("a socket file that another gateway has put in place is not removed")
        func replacedSocket() throws {
            let folder = try makeFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.appendingPathComponent("public.sock").path
            let first = try UnixSocketFile.bind(path, mode: 0o600)
            defer { close(first.descriptor) }
            unlink(path)
            let second = try UnixSocketFile.bind(path, mode: 0o600)
            defer { close(second.descriptor) }
            first.file.remove()
            #expect(FileManager.default.fileExists(atPath: path))
            second.file.remove()
            #expect(!FileManager.default.fileExists(atPath: path))
        }

        /// Whether the machine has IPv6; where it has none, that is said.
        private func hasIPv6() -> Bool {
            let probe = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(probe) }
            let address = try? SocketAddress(ipAddress: "::1", port: 0)
            let bound = address?.withSockAddr { Glibc.bind(probe, $0, socklen_t($1)) }
            if bound != 0 { print("SKIPPED: this machine has no IPv6 loopback, so IPv6 listeners are not tested") }
            return bound == 0
        }

        @Test("IPv6: alone on its address, with IPv4 beside it on the same port", arguments: [1, 2])
        func ipv6(loopCount: Int) async throws {
            guard hasIPv6() else { return }
            var settings = World.Settings()
            settings.loopCount = loopCount
            settings.trusted = ["::1"]
            settings.listeners = [Listener(address: .tcp(host: "::", port: 0))]
            try await World.run(settings) { world in
                let address = try SocketAddress(ipAddress: "::1", port: world.port)
                let client = try await StreamClient.open(address)
                let request = "GET /public HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
                #expect(try await client.ask(request).status == 200)
                #expect(world.backend.requests.map { $0.all("X-Forwarded-For") } == [["192.0.2.1, ::1"]])
                #expect(throws: RawClient.Failure.cannotConnect, "IPv6 only") { try world.client() }
                let second = try await world.server.listen(
                    on: Listener(address: .tcp(host: "0.0.0.0", port: world.port)))
                #expect(second?.port == world.port)
                #expect(try world.ask(Self.get).status == 200)
                #expect(world.backend.requests.last?.all("X-Forwarded-For") == ["127.0.0.1"])
            }
        }

        @Test("several listeners at once serve the same routes, each by its own rules, and end together")
        func several() async throws {
            let folder = try makeFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.appendingPathComponent("public.sock").path
            let certificates = try TLSTests.Certificates.shared.get()
            let tls = try ServerTLS(try TLSTests.settings([certificates.one]))
            var settings = World.Settings()
            settings.trusted = ["127.0.0.1"]
            settings.loopCount = 2
            settings.listeners = [
                Listener(address: .tcp(host: "127.0.0.1", port: 0)),
                Listener(address: .tcp(host: "127.0.0.1", port: 0), tls: tls),
                Listener(address: .unix(path: path, mode: 0o600), tls: tls),
                Listener(address: .tcp(host: "127.0.0.1", port: 0), expectsProxyProtocol: true),
            ]
            try await World.run(settings) { world in
                let secure = StreamClient.TLS(authorities: certificates.authority.root.certificate)
                let header = Array("PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n".utf8)
                let local = try SocketAddress(unixDomainSocketPath: path)
                let clients = [
                    try await StreamClient.open(try #require(world.addresses[0])),
                    try await StreamClient.open(try #require(world.addresses[1]), tls: secure),
                    try await StreamClient.open(local, tls: secure),
                    try await StreamClient.open(try #require(world.addresses[3]), preface: header),
                ]
                for client in clients { #expect(try await client.ask(Self.get).status == 200) }
                #expect(world.server.connections == 4)
                let requests = world.backend.requests
                #expect(requests.map { $0.all("X-Forwarded-Proto")[0] } == ["http", "https", "https", "http"])
                #expect(
                    requests.map { $0.all("X-Forwarded-For")[0] } == ["127.0.0.1", "127.0.0.1", "unix", "192.0.2.7"])
                await world.server.shutdown(graceMilliseconds: 10_000)
                for client in clients.dropLast(2) + clients.suffix(1) {
                    #expect(try await client.ending() == .cleanly, "\(client.errorText)")
                }
                // The end of a Unix socket takes what this client has not read yet, the closing alert included.
                _ = try await clients[2].ending()
                #expect(world.server.connections == 0)
                for address in world.addresses.compactMap(\.self) + [local] {
                    await #expect(throws: (any Error).self) { try await StreamClient.open(address) }
                }
            }
        }
    }
}
