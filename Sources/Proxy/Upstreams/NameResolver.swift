import Glibc
package import NIOCore
import NIOPosix

/// Finds the addresses behind a name.
package struct NameResolver: Sendable {
    /// No address was found.
    package struct Failure: Error {
        /// What the system says about it.
        package let description: String

        /// Makes a failure.
        package init(description: String) {
            self.description = description
        }
    }

    /// More addresses than this are not taken from one answer.
    static let addressLimit = 64

    let resolve: @Sendable (_ host: String, _ port: Int, any EventLoop) -> EventLoopFuture<[SocketAddress]>

    /// Makes a resolver of a function that never blocks its caller.
    package init(
        _ resolve: @escaping @Sendable (_ host: String, _ port: Int, any EventLoop) -> EventLoopFuture<[SocketAddress]>
    ) {
        self.resolve = resolve
    }

    /// The system's resolver, which blocks: it is asked on NIO's threads for such things.
    package static let system = NameResolver { host, port, eventLoop in
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { try lookUp(host, port) }
    }

    /// The addresses of the targets that are no names.
    static func literalAddresses(of upstream: Upstream) -> [UpstreamEndpoint.State] {
        upstream.targets.enumerated().compactMap { index, target in
            literalAddress(of: target).map { UpstreamEndpoint.State(target: index, address: $0) }
        }
    }

    /// The address of a target that is given as one.
    static func literalAddress(of target: Upstream.Target) -> SocketAddress? {
        switch target.address {
        case .network(let host, let port): try? SocketAddress(ipAddress: host, port: port)
        case .socket(let path): try? SocketAddress(unixDomainSocketPath: path)
        }
    }

    private static func lookUp(_ host: String, _ port: Int) throws -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let outcome = getaddrinfo(host, String(port), &hints, &list)
        guard outcome == 0 else { throw Failure(description: String(cString: gai_strerror(outcome))) }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = list
        while let info = entry?.pointee, addresses.count < addressLimit {
            if let address = address(info), !addresses.contains(address) { addresses.append(address) }
            entry = info.ai_next
        }
        return addresses
    }

    private static func address(_ info: addrinfo) -> SocketAddress? {
        guard let raw = info.ai_addr else { return nil }
        switch info.ai_family {
        case AF_INET: return raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) }
        case AF_INET6: return raw.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
        default: return nil
        }
    }
}
