import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Targets over TLS and Unix sockets")
    struct UpstreamTLSTests {
        /// The certificates as files, gone when the test is.
        private final class Files {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")

            init() throws {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            }

            deinit { try? FileManager.default.removeItem(at: folder) }

            func callAsFunction(_ name: String, _ text: String) throws -> String {
                try TestCertificates.write(text, to: name, in: folder)
            }

            func authority() throws -> String { try self("ca.pem", TestCertificates.authority) }

            func backend(_ options: String...) async throws -> BackendProcess {
                try await start(TestCertificates.server, TestCertificates.serverKey, options)
            }

            func namedBackend() async throws -> BackendProcess {
                try await start(TestCertificates.named, TestCertificates.namedKey, [])
            }

            private func start(_ certificate: String, _ key: String, _ options: [String]) async throws -> BackendProcess
            {
                let files = [try self("server.pem", certificate), try self("server.key", key)]
                guard options.count == 2 else { return try await .start("tls", "--tls", files[0], files[1]) }
                return try await .start("tls", "--tls", files[0], files[1], options[0], options[1])
            }
        }

        private func upstream(_ port: Int, host: String = "127.0.0.1", _ tls: UpstreamTLS) -> Upstream {
            var upstream = Upstream(name: "api", targets: [.init(host: host, port: port, usesTLS: true)])
            upstream.tls = tls
            upstream.connectTimeoutMilliseconds = 20_000
            return upstream
        }

        /// A resolver for which every name is this machine's.
        private let loopback = NameResolver { _, port, eventLoop in
            eventLoop.makeCompletedFuture { [try .init(ipAddress: "127.0.0.1", port: port)] }
        }

        @Test("verified, asked for by name, HTTP/1.1 agreed on, connections kept")
        func verified() async throws {
            let files = try Files()
            let backend = try await files.backend()
            let tls = try UpstreamTLS(trustedCertificatesFile: try files.authority())
            try await Service.run(upstream(backend.port, host: "api.test", tls), resolver: loopback) {
                (service: Service) async throws in
                for _ in 0..<3 {
                    let answer = try await service.call("GET", "/", [("Host", "shop.example")])
                    #expect(answer.text == "tls shop.example api.test http/1.1 None")
                }
            }
            // By address: no name is sent, and the certificate has that address.
            try await Service.run(upstream(backend.port, tls)) { (service: Service) async throws in
                #expect(try await service.call().text.hasSuffix(" None http/1.1 None"))
            }
        }

        @Test("an untrusted certificate, or one of another name, is 502 before a byte of the request is sent")
        func refused() async throws {
            let files = try Files()
            let backend = try await files.namedBackend()
            let addressed = try await files.backend()
            let trusting = try UpstreamTLS(trustedCertificatesFile: try files.authority())
            let wrong = try UpstreamTLS(
                trustedCertificatesFile: try files("other.pem", TestCertificates.otherAuthority))
            let cases = [
                (upstream(backend.port, host: "api.test", wrong)),
                (upstream(backend.port, host: "api.test", try UpstreamTLS())),
                (upstream(backend.port, host: "other.test", trusting)),
                (upstream(backend.port, trusting)),
                // Its certificate is for the address that the name leads to: who spoofs a name has that.
                (upstream(addressed.port, host: "other.test", trusting)),
            ]
            for var upstream in cases {
                upstream.ejectAfter = 1
                try await Service.run(upstream, resolver: loopback) { (service: Service) async throws in
                    #expect(try await service.call().status == 502)
                    #expect(service.log.all.contains { $0.contains("reason=TLS could not be agreed on") })
                }
            }
            let named = try UpstreamTLS(trustedCertificatesFile: try files.authority(), serverName: "api.test")
            try await Service.run(upstream(backend.port, named)) { (service: Service) async throws in
                #expect(try await service.call().text.hasSuffix(" api.test http/1.1 None"))
            }
        }

        @Test("a target that asks for a certificate gets the gateway's")
        func clientCertificate() async throws {
            let files = try Files()
            let authority = try files.authority()
            let backend = try await files.backend("--client-ca", authority)
            let tls = try UpstreamTLS(
                trustedCertificatesFile: authority,
                certificateFile: try files("client.pem", TestCertificates.client),
                privateKeyFile: try files("client.key", TestCertificates.clientKey))
            try await Service.run(upstream(backend.port, tls)) { (service: Service) async throws in
                #expect(try await service.call().text.hasSuffix(" http/1.1 gateway"))
            }
            let anonymous = try UpstreamTLS(trustedCertificatesFile: authority)
            try await Service.run(upstream(backend.port, anonymous)) { (service: Service) async throws in
                #expect(try await service.call().status == 502)
            }
        }

        @Test("a body that ends with its connection is whole after TLS said so, and is not when TCP just ended")
        func truncation() async throws {
            let files = try Files()
            let backend = try await files.backend()
            let tls = try UpstreamTLS(trustedCertificatesFile: try files.authority())
            try await Service.run(upstream(backend.port, tls)) { (service: Service) async throws in
                #expect(try await service.call("GET", "/until-close-clean").text == "to the end")
                await #expect(throws: (any Error).self) { try await service.call("GET", "/until-close-abrupt") }
            }
        }

        @Test("a target that does not speak TLS, or does not speak at all, is 502 or 504")
        func noTLS() async throws {
            // A greeting of TLS is no request to it, and it closes.
            let plain = Backend()
            try await plain.start(group: .singletonMultiThreadedEventLoopGroup)
            let tls = try UpstreamTLS()
            try await Service.run(upstream(plain.port, tls)) { (service: Service) async throws in
                #expect(try await service.call().status == 502)
            }
            await plain.stop()
            let stopped = try await BackendProcess.start("stopped")
            stopped.stop()
            var silent = upstream(stopped.port, tls)
            silent.connectTimeoutMilliseconds = 200
            try await Service.run(silent) { (service: Service) async throws in
                #expect(try await service.call().status == 504)
            }
        }

        @Test("a target that is to be spoken to over TLS is not spoken to without")
        func noSettings() async throws {
            let backend = Backend()
            try await backend.start(group: .singletonMultiThreadedEventLoopGroup)
            var upstream = upstream(backend.port, try UpstreamTLS())
            upstream.tls = nil
            try await Service.run(upstream) { (service: Service) async throws in
                #expect(try await service.call().status == 502)
            }
            #expect(backend.connectionCount == 0)
            await backend.stop()
        }

        @Test("files that cannot be used are told apart")
        func badFiles() throws {
            let files = try Files()
            let certificate = try files("client.pem", TestCertificates.client)
            let key = try files("client.key", TestCertificates.clientKey)
            let other = try files("other.key", TestCertificates.serverKey)
            let none = try files("none", "nothing")
            func failure(_ ca: String?, _ certificate: String?, _ key: String?) -> UpstreamTLS.Failure? {
                do throws(UpstreamTLS.Failure) {
                    _ = try UpstreamTLS(trustedCertificatesFile: ca, certificateFile: certificate, privateKeyFile: key)
                    return nil
                } catch {
                    return error
                }
            }
            #expect(failure(none, nil, nil) == .trustedCertificates)
            #expect(failure("/nowhere", nil, nil) == .trustedCertificates)
            #expect(failure(nil, none, key) == .certificate)
            #expect(failure(nil, certificate, none) == .privateKey)
            #expect(failure(nil, certificate, other) == .mismatch)
            #expect(failure(nil, certificate, key) == nil)
        }

        @Test("a Unix socket: requests, the client's Host, 502 when it is gone, and back")
        func unixSocket() async throws {
            let path = "/tmp/portcullis-\(UUID().uuidString.prefix(8)).sock"
            let first = try await BackendProcess.start("unix", "--unix", path)
            let upstream = Upstream(name: "api", targets: [.init(socketPath: path)])
            try await Service.run(upstream) { (service: Service) async throws in
                #expect(try await service.call("GET", "/", [("Host", "shop.example")]).text == "unix shop.example -")
                await first.kill()
                #expect(try await service.call().status == 502)
                let second = try await BackendProcess.start("again", "--unix", path)
                #expect(try await service.backends(3) == ["again": 3])
                await second.kill()
            }
            unlink(path)
        }
    }
}
