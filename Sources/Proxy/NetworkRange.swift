package import NIOCore

/// A CIDR block (RFC 4632, RFC 4291 section 2.3).
package struct NetworkRange: Sendable, Equatable {
    private let network: UInt128
    private let mask: UInt128
    private let isIPv4: Bool

    /// Parses `address/length`, or an address alone.
    ///
    /// - Returns: `nil` when the text is neither.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = ClientAddress(text: parts[0]) else { return nil }
        let width = address.isIPv4 ? 32 : 128
        var length = width
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...width).contains(given) else { return nil }
            length = given
        }
        self.init(address, prefixLength: length)
    }

    /// Makes a block of the bytes of its address, 4 or 16, and the number of bits that count.
    ///
    /// - Returns: `nil` for any other number of bytes.
    package init?(network: [UInt8], prefixLength: Int) {
        guard let address = ClientAddress(bytes: network) else { return nil }
        self.init(address, prefixLength: min(max(prefixLength, 0), network.count * 8))
    }

    private init(_ address: ClientAddress, prefixLength: Int) {
        isIPv4 = address.isIPv4
        let bits = isIPv4 ? prefixLength + 96 : prefixLength
        mask = bits == 0 ? 0 : ~UInt128(0) << UInt128(128 - bits)
        network = address.bits & mask
    }

    /// Whether an address lies in the block; one of the other family never does.
    ///
    /// An IPv4 address mapped into IPv6 counts as IPv4.
    package func contains(_ address: ClientAddress) -> Bool {
        address.isIPv4 == isIPv4 && address.bits & mask == network
    }

    /// Whether a socket's address lies in the block.
    package func contains(_ address: SocketAddress) -> Bool {
        ClientAddress(address).map(contains) ?? false
    }
}
