import Glibc
package import NIOCore

/// A CIDR block (RFC 4632, RFC 4291 section 2.3).
package struct NetworkRange: Sendable, Equatable {
    private let prefix: [UInt8]
    private let prefixLength: Int

    /// Parses `address/length`, or an address alone.
    ///
    /// - Returns: `nil` when the text is neither.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let bytes = Self.bytes(of: String(parts[0])) else { return nil }
        var length = bytes.count * 8
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...length).contains(given) else { return nil }
            length = given
        }
        prefix = bytes
        prefixLength = length
    }

    /// Makes a block of the bytes of its address, 4 or 16, and the number of bits that count.
    package init(network: [UInt8], prefixLength: Int) {
        prefix = network
        self.prefixLength = min(max(prefixLength, 0), network.count * 8)
    }

    /// Whether an address lies in the block.
    ///
    /// An IPv4 address mapped into IPv6 counts as IPv4.
    package func contains(_ address: SocketAddress) -> Bool {
        guard let text = address.ipAddress, let bytes = Self.bytes(of: text), bytes.count == prefix.count else {
            return false
        }
        for index in 0..<(prefixLength / 8) where bytes[index] != prefix[index] { return false }
        let rest = prefixLength % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xff << (8 - rest))
        return bytes[prefixLength / 8] & mask == prefix[prefixLength / 8] & mask
    }

    private static func bytes(of text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes.prefix(4)) }
        guard inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
        let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        return isMapped ? Array(bytes.suffix(4)) : bytes
    }
}
