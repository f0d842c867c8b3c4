import Foundation
import NIOCore
import NIOSSL
import TestSupport
import Testing

@testable import Proxy

extension GatewayTests {
    @Suite("Certificate files")
    struct CertificateFileTests {
        private typealias Pair = TestAuthority.Pair

        private func write(_ text: String, _ folder: URL, _ name: String) throws -> String {
            let file = folder.appendingPathComponent(name)
            try Data(text.utf8).write(to: file)
            return file.path
        }

        private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

        private func failure(_ settings: TLSSettings) -> [TLSProblem] {
            do throws(TLSFailure) {
                _ = try ServerTLS(settings)
                return []
            } catch {
                return error.problems
            }
        }

        @Test("every file that cannot be used is named, with what to do")
        func problems() throws {
            let certificates = try TLSTests.Certificates.shared.get()
            let folder = certificates.authority.folder
            let (one, two) = (certificates.one, certificates.two)
            let garbage = try write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", folder, "bad.crt")
            let empty = try write("", folder, "empty")
            let missing = folder.appendingPathComponent("missing").path
            let encrypted = folder.appendingPathComponent("encrypted.key").path
            _ = try TestAuthority.run([
                "openssl", "pkcs8", "-topk8", "-in", one.privateKey, "-passout", "pass:secret", "-out", encrypted,
            ])
            let cases: [(String, String, TLSProblem.Role, String)] = [
                (missing, one.privateKey, .certificate(0), "cannot be read"),
                (folder.path, one.privateKey, .certificate(0), "cannot be read"),
                (garbage, one.privateKey, .certificate(0), "no certificate"),
                (one.privateKey, one.privateKey, .certificate(0), "no certificate"),
                (one.certificate, missing, .privateKey(0), "cannot be read"),
                (one.certificate, one.certificate, .privateKey(0), "no private key"),
                (one.certificate, encrypted, .privateKey(0), "encrypted"),
                (one.certificate, two.privateKey, .privateKey(0), "not the key of the first certificate"),
            ]
            for (certificate, key, role, advice) in cases {
                let found = failure(TLSSettings(certificates: [.init(certificate: certificate, privateKey: key)]))
                #expect(found.map(\.role) == [role], "\(advice)")
                #expect(found.first?.advice.contains(advice) == true, "\(found)")
                #expect(found.first?.file == (role == .privateKey(0) ? key : certificate))
            }
            #expect(
                !failure(TLSSettings(certificates: [.init(certificate: empty, privateKey: one.privateKey)])).isEmpty)
            var several = try TLSTests.settings([
                Pair(certificate: missing, privateKey: missing), one, Pair(certificate: garbage, privateKey: empty),
                certificates.client,
            ])
            several.clientCertificates = .optional(authorities: missing)
            #expect(
                failure(several).map(\.role) == [
                    .certificate(0), .privateKey(0), .certificate(2), .privateKey(2), .certificate(3),
                    .clientAuthorities,
                ], "a certificate without names would never be chosen")
        }

        @Test("a chain is sent as it is written, and its first certificate must be the key's")
        func chains() throws {
            let certificates = try TLSTests.Certificates.shared.get()
            let folder = certificates.authority.folder
            let root = try text(certificates.authority.root.certificate)
            let leaf = try text(certificates.one.certificate)
            let chain = try write(leaf + root, folder, "chain.crt")
            let turned = try write(root + leaf, folder, "turned.crt")
            let key = certificates.one.privateKey
            #expect(failure(TLSSettings(certificates: [.init(certificate: chain, privateKey: key)])) == [])
            #expect(
                failure(TLSSettings(certificates: [.init(certificate: turned, privateKey: key)])).map(\.role)
                    == [.certificate(0)], "an authority's certificate is not for servers")
            let strange = try write(try text(certificates.two.certificate) + leaf, folder, "strange.crt")
            #expect(
                failure(TLSSettings(certificates: [.init(certificate: strange, privateKey: key)])).map(\.role)
                    == [.privateKey(0)])
            let both = try write(try text(key) + leaf, folder, "both.pem")
            #expect(failure(TLSSettings(certificates: [.init(certificate: both, privateKey: both)])) == [])
        }

        @Test(
            "files that change are noticed, once; new connections get the new certificate, and a bad one changes nothing"
        )
        func reload() async throws {
            let certificates = try TLSTests.Certificates.shared.get()
            let folder = certificates.authority.folder
            let files = Pair(
                certificate: try write(try text(certificates.one.certificate), folder, "live.crt"),
                privateKey: try write(try text(certificates.one.privateKey), folder, "live.key"))
            let tls = try ServerTLS(try TLSTests.settings([files]))
            var settings = World.Settings()
            settings.listeners = [Listener(address: .tcp(host: "127.0.0.1", port: 0), tls: tls)]
            try await World.run(settings) { world in
                let address = try SocketAddress(ipAddress: "127.0.0.1", port: world.port)
                let authorities = certificates.authority.root.certificate
                func names() async throws -> [String] {
                    let client = try await StreamClient.open(address, tls: .init(authorities: authorities))
                    defer { client.close() }
                    return try await client.serverNames()
                }
                let early = try await StreamClient.open(address, tls: .init(authorities: authorities))
                #expect(try await early.serverNames() == ["one.test"])
                #expect(!tls.filesHaveChanged)

                // Half of an exchange: the new certificate with the old key.
                _ = try write(try text(certificates.two.certificate), folder, "live.crt")
                #expect(tls.filesHaveChanged)
                let problems = #expect(throws: TLSFailure.self) { try tls.reload() }?.problems
                #expect(problems?.map(\.role) == [.privateKey(0)])
                #expect(!tls.filesHaveChanged, "said once")
                #expect(try await names() == ["one.test"])

                _ = try write(try text(certificates.two.privateKey), folder, "live.key")
                #expect(tls.filesHaveChanged)
                try tls.reload()
                #expect(!tls.filesHaveChanged)
                #expect(try await names() == ["two.test", "*.two.test"])
                #expect(try await early.ask("GET /public HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)

                try FileManager.default.removeItem(atPath: files.certificate)
                #expect(tls.filesHaveChanged)
                #expect(throws: TLSFailure.self) { try tls.reload() }
                #expect(try await names() == ["two.test", "*.two.test"])
            }
        }

        @Test("no request fails while certificates are exchanged")
        func reloadUnderLoad() async throws {
            let certificates = try TLSTests.Certificates.shared.get()
            let tls = try ServerTLS(try TLSTests.settings([certificates.one, certificates.two]))
            var settings = World.Settings()
            settings.loopCount = 2
            settings.listeners = [Listener(address: .tcp(host: "127.0.0.1", port: 0), tls: tls)]
            try await World.run(settings) { world in
                let address = try SocketAddress(ipAddress: "127.0.0.1", port: world.port)
                let authorities = certificates.authority.root.certificate
                let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
                    for number in 0..<4 {
                        group.addTask {
                            var statuses: [Int] = []
                            for _ in 0..<15 {
                                let name = number % 2 == 0 ? "one.test" : "two.test"
                                let client = try await StreamClient.open(
                                    address, tls: .init(authorities: authorities, serverName: name))
                                for _ in 0..<3 {
                                    let request = "GET /public HTTP/1.1\r\nHost: a\r\n\r\n"
                                    statuses.append(try await client.ask(request).status)
                                }
                                client.close()
                            }
                            return statuses
                        }
                    }
                    group.addTask {
                        for _ in 0..<30 {
                            try tls.reload()
                            try await Task.sleep(for: .milliseconds(2))
                        }
                        return []
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(statuses == Array(repeating: 200, count: 180))
            }
        }
    }
}
