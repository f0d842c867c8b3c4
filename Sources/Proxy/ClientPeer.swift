package import HTTP1
import NIOCore

/// Who is at the other end of a client connection, with the header lines that say so to upstreams.
///
/// A class, so that handing it on copies nothing.
package final class ClientPeer {
    /// The address without a port; `unix` for who has none.
    let address: String
    /// Whether the peer's own `X-Forwarded-*` fields are believed.
    let isTrusted: Bool
    /// `X-Forwarded-For` and `X-Forwarded-Proto`, complete.
    let forwardedLines: [UInt8]
    /// `X-Forwarded-Proto` alone.
    let protocolLine: [UInt8]
    /// The address as a number; `nil` for a Unix domain socket.
    let ip: ClientAddress?
    private let trusted: [NetworkRange]
    private let isSecure: Bool
    /// Whether it may be trusted at all: not who speaks for itself on a listener where others announce their clients.
    private let mayBeTrusted: Bool

    /// A peer with an address, which is what trust depends on; without one, there is none.
    convenience init(_ address: SocketAddress?, trusted: [NetworkRange], isSecure: Bool = false) {
        let text = address?.ipAddress ?? "unix"
        let ip = ClientAddress(text: text)
        let isTrusted = ip.map { peer in trusted.contains { $0.contains(peer) } } ?? false
        self.init(text, ip, isTrusted: isTrusted, trusted: trusted, isSecure: isSecure, mayBeTrusted: ip != nil)
    }

    /// A process of this machine, connected through a Unix socket.
    convenience init(localTrusted: Bool, trusted: [NetworkRange], isSecure: Bool) {
        self.init("unix", nil, isTrusted: localTrusted, trusted: trusted, isSecure: isSecure, mayBeTrusted: true)
    }

    /// Who has no address and is never trusted.
    convenience init(anonymousOver isSecure: Bool) {
        self.init("unix", nil, isTrusted: false, trusted: [], isSecure: isSecure, mayBeTrusted: false)
    }

    private init(
        _ text: String, _ ip: ClientAddress?, isTrusted: Bool, trusted: [NetworkRange], isSecure: Bool,
        mayBeTrusted: Bool
    ) {
        self.isSecure = isSecure
        self.mayBeTrusted = mayBeTrusted
        address = text
        self.ip = ip
        self.trusted = trusted
        self.isTrusted = isTrusted
        let line = "X-Forwarded-Proto: \(isSecure ? "https" : "http")\r\n"
        protocolLine = Array(line.utf8)
        forwardedLines = Array("X-Forwarded-For: \(text)\r\n\(line)".utf8)
    }

    /// The same peer by the rules of another configuration.
    func judged(by configuration: ProxyConfiguration) -> ClientPeer {
        guard mayBeTrusted else { return self }
        let ranges = configuration.trustedProxies
        let isTrusted = ip.map { ip in ranges.contains { $0.contains(ip) } } ?? configuration.trustsLocalPeers
        if isTrusted == self.isTrusted, ranges == trusted { return self }
        return ClientPeer(
            address, ip, isTrusted: isTrusted, trusted: ranges, isSecure: isSecure, mayBeTrusted: true)
    }

    /// What its connections are counted by; `nil` where they are not: a trusted proxy's are those of many clients.
    func countedNetwork(_ limits: ProxyConfiguration.Limits) -> UInt128? {
        guard limits.connectionsPerAddress > 0, !isTrusted else { return nil }
        return ip?.countedNetwork
    }

    /// Who sent a request: the peer, or whom the trusted proxies in front of it name in `X-Forwarded-For`.
    ///
    /// Each proxy appends the address that it was called from, so the list is read from its end: the first address that
    /// is not a trusted proxy's is the client's. What stands before it is only what that client claims. Where all are
    /// trusted, or the list turns unreadable, it is the last one that a trusted proxy has named.
    ///
    /// - Parameters:
    ///   - head: the parsed head.
    ///   - bytes: the bytes it was parsed from.
    /// - Returns: `nil` when the peer has no address.
    package func client(of head: RequestHead, _ bytes: UnsafeRawBufferPointer) -> ClientAddress? {
        guard isTrusted else { return ip }
        var client = ip
        for field in head.fields.reversed() where field.name == .forwardedFor && !field.traits.contains(.lookAlike) {
            var rest = field.value(in: bytes)
            while !rest.isEmpty {
                let start = rest.lastIndex(of: UInt8(ascii: ",")).map { $0 + 1 } ?? 0
                let element = rest.slice(start, rest.count - start).trimmingWhitespace
                rest = rest.slice(0, max(start - 1, 0))
                // RFC 9110 section 5.6.1: empty elements say nothing.
                if element.isEmpty { continue }
                guard let hop = ClientAddress(forwarded: element) else { return client }
                client = hop
                if !trusted.contains(where: { $0.contains(hop) }) { return client }
            }
        }
        return client
    }
}
