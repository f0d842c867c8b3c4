package import NIOCore

/// Tries whether a target takes connections, as requests would make them.
package enum UpstreamProbe {
    /// Connects to every address of a target, TLS included, and closes again.
    ///
    /// - Parameters:
    ///   - target: one of the upstream's targets.
    ///   - upstream: says how TLS is spoken.
    ///   - eventLoop: where that is done.
    ///   - timeoutMilliseconds: how long each connection may take.
    /// - Returns: why the first address that is not reached is not; `nil` when all are.
    package static func failure(
        of target: Upstream.Target, in upstream: Upstream, on eventLoop: any EventLoop, timeoutMilliseconds: Int64
    ) async -> String? {
        var addresses: [SocketAddress] = []
        if let literal = NameResolver.literalAddress(of: target) {
            addresses = [literal]
        } else if case .network(let host, let port) = target.address {
            addresses = (try? await NameResolver.system.resolve(host, port, eventLoop).get()) ?? []
        }
        guard !addresses.isEmpty else { return "the name has no address" }
        for address in addresses {
            let connector = UpstreamConnector(target: target, address: address, tls: upstream.tls)
            do {
                let channel = try await eventLoop.flatSubmit {
                    connector.connect(
                        with: SilentHandler(), on: eventLoop,
                        deadline: .now() + .milliseconds(timeoutMilliseconds))
                }.get()
                try? await channel.close()
            } catch {
                let failure = UpstreamConnector.Failure(error)
                return ["\(failure.reason)", failure.detail].compactMap(\.self).joined(separator: ": ")
            }
        }
        return nil
    }
}

/// Reads nothing and says nothing.
private final class SilentHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
}
