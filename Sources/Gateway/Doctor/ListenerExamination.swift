import AsyncHTTPClient
import Foundation
package import GatewayConfiguration
import Glibc
import NIOCore
import NIOHTTP1

/// Whether the addresses of listeners can be listened on, or are by a gateway that runs.
struct ListenerExamination: Sendable {
    private enum State {
        case free, taken
        case refused(Int32)
    }

    private static let check = "listener"

    private let listeners: Configuration.Listeners

    init(_ listeners: Configuration.Listeners) {
        self.listeners = listeners
    }

    /// A finding for each listener, the admin listener last.
    func findings() async -> [Finding] {
        var places: [(name: String, address: Configuration.PublicAddress)] = listeners.publicListeners.map {
            ("\($0.keyPath).address", $0.address)
        }
        places.append(("listeners.admin.address", .tcp(listeners.adminAddress)))
        let states = places.map { ($0.name, $0.address, Self.state(of: $0.address)) }
        let isGatewayRunning = await isGatewayRunning()
        return states.map { name, address, state in
            switch state {
            case .free: Finding(.ok, Self.check, "\(name) \(address) is free")
            case .taken where isGatewayRunning:
                Finding(.ok, Self.check, "\(name) \(address) is in use, and a gateway runs")
            case .taken:
                Finding(
                    .problem, Self.check,
                    "\(name) \(address) is in use, by no gateway that answers at listeners.admin.address; stop what "
                        + "uses it or choose another")
            case .refused(let code):
                Finding(
                    .problem, Self.check,
                    "\(name) \(address) cannot be listened on: \(String(cString: strerror(code))); choose another, or "
                        + "give the gateway's user the right to it")
            }
        }
    }

    private func isGatewayRunning() async -> Bool {
        guard listeners.adminAddress.port != 0 else { return false }
        let url = "http://\(listeners.adminAddress.localAuthority)/healthz"
        let answer = try? await HTTPClient.shared.execute(
            HTTPClientRequest(url: url), timeout: .milliseconds(Doctor.patienceMilliseconds))
        guard let answer, answer.status == .ok, let body = try? await answer.body.collect(upTo: 1024) else {
            return false
        }
        return String(buffer: body).contains("\"status\":\"ok\"")
    }

    private static func state(of address: Configuration.PublicAddress) -> State {
        switch address {
        case .tcp(let address):
            guard address.port != 0 else { return .free }
            guard let socketAddress = try? SocketAddress.makeAddressResolvingHost(address.host, port: address.port)
            else { return .refused(EADDRNOTAVAIL) }
            return state(of: socketAddress)
        case .unix(let path, _): return state(ofSocketFile: path)
        }
    }

    /// Binds without listening, which nobody outside notices.
    private static func state(of address: SocketAddress) -> State {
        let family = address.protocol == .inet6 ? AF_INET6 : AF_INET
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .refused(errno) }
        defer { close(descriptor) }
        var isOn: CInt = 1
        let size = socklen_t(MemoryLayout<CInt>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, size)
        if family == AF_INET6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &isOn, size) }
        let outcome = address.withSockAddr { Glibc.bind(descriptor, $0, socklen_t($1)) }
        guard outcome != 0 else { return .free }
        return errno == EADDRINUSE ? .taken : .refused(errno)
    }

    private static func state(ofSocketFile path: String) -> State {
        guard let address = try? SocketAddress(unixDomainSocketPath: path) else { return .refused(ENAMETOOLONG) }
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            return access(folder.isEmpty ? "/" : folder, W_OK | X_OK) == 0 ? .free : .refused(errno)
        }
        guard attributes[.type] as? FileAttributeType == .typeSocket else { return .refused(ENOTSOCK) }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { return .refused(errno) }
        defer { close(probe) }
        let outcome = address.withSockAddr { Glibc.connect(probe, $0, socklen_t($1)) }
        // One that nobody listens on is taken over at the start.
        return outcome != 0 && errno == ECONNREFUSED ? .free : .taken
    }
}

extension Configuration.ListenAddress {
    /// Where this machine connects to it: an address that stands for every interface stands for this machine, too.
    package var localAuthority: String {
        switch host {
        case "0.0.0.0": "127.0.0.1:\(port)"
        case "::": "[::1]:\(port)"
        case let host where host.contains(":"): "[\(host)]:\(port)"
        default: "\(host):\(port)"
        }
    }
}
