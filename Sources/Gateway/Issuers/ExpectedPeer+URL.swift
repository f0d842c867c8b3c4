import Foundation
import NIOCore
import PeerIdentity

extension ExpectedPeer.Host {
    /// The host of a URL.
    init(url: String) {
        guard let parts = URLComponents(string: url), parts.scheme?.lowercased() == "https", let host = parts.host
        else {
            self = .plain
            return
        }
        let isAddress = host.hasPrefix("[") || (try? SocketAddress(ipAddress: host, port: 0)) != nil
        self = isAddress ? .address : .name(host)
    }
}
