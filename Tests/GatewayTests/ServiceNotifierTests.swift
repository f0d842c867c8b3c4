import Foundation
import TestSupport
import Testing

@testable import Gateway

@Suite("What the service manager is told")
struct ServiceNotifierTests {
    /// A datagram socket like the service manager's.
    private final class Manager {
        let descriptor: Int32

        init(_ name: [UInt8]) throws {
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
            }
            try #require(bound == 0)
        }

        deinit { close(descriptor) }

        /// What has come, or `nil` when nothing has.
        func message() -> String? {
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }

    private func check(_ notifier: ServiceNotifier, _ manager: Manager) throws {
        #expect(notifier.notify(.ready))
        #expect(manager.message() == "READY=1")
        #expect(notifier.notify(.reloading))
        let reloading = try #require(manager.message())
        #expect(reloading.wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*/) != nil, "\(reloading)")
        #expect(notifier.notify(.stopping))
        #expect(manager.message() == "STOPPING=1")
        #expect(manager.message() == nil)
    }

    @Test("each state is one datagram, to a socket in a folder")
    func path() throws {
        let folder = try TemporaryFolder()
        let path = folder.url.appendingPathComponent("notify").path
        try check(ServiceNotifier(address: path), Manager([UInt8](path.utf8)))
    }

    @Test("the socket's name may be an abstract one")
    func abstract() throws {
        let name = "portcullis-test-\(UUID().uuidString)"
        try check(ServiceNotifier(address: "@" + name), Manager([0] + name.utf8))
    }

    @Test(
        "where nobody listens, nothing is sent and nothing fails",
        arguments: [nil, "", "/nowhere/notify", "@portcullis-nobody", "vsock:1:2", String(repeating: "/a", count: 100)])
    func nobody(address: String?) {
        #expect(!ServiceNotifier(address: address).notify(.ready))
    }

    @Test("a manager that does not read holds nobody up")
    func full() throws {
        let folder = try TemporaryFolder()
        let path = folder.url.appendingPathComponent("notify").path
        let manager = try Manager([UInt8](path.utf8))
        let notifier = ServiceNotifier(address: path)
        let isRefused = (0..<100_000).contains { _ in !notifier.notify(.ready) }
        #expect(isRefused)
        #expect(manager.message() == "READY=1")
    }
}
