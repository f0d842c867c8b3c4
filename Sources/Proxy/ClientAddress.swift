import Glibc
import HTTP1
package import NIOCore

/// An IP address as a number; IPv4 stands for itself and for its form mapped into IPv6 (RFC 4291 section 2.5.5.2).
package struct ClientAddress: Sendable, Hashable {
    /// The longest text that can be an address: IPv6 with an IPv4 tail.
    private static let longestText = 45

    /// The bits of an IPv6 address.
    package let bits: UInt128

    /// Takes 4 or 16 bytes.
    ///
    /// - Returns: `nil` for any other number of them.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        let number = bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        bits = bytes.count == 4 ? 0xffff << 32 | number : number
    }

    /// Takes a socket's address.
    ///
    /// - Returns: `nil` for a Unix domain socket.
    package init?(_ address: SocketAddress) {
        guard let text = address.ipAddress else { return nil }
        self.init(text: text)
    }

    /// Reads an address alone.
    ///
    /// - Returns: `nil` for anything else.
    package init?(text: some StringProtocol) {
        guard let parsed = Array(text.utf8).withUnsafeBytes(Self.parse) else { return nil }
        bits = parsed
    }

    /// Reads an address as proxies write it in `X-Forwarded-For`: alone, in brackets, or with a port.
    ///
    /// - Returns: `nil` for anything else.
    package init?(forwarded text: UnsafeRawBufferPointer) {
        let (colon, bracket) = (UInt8(ascii: ":"), UInt8(ascii: "]"))
        var address = text
        if let end = text.firstIndex(of: bracket) {
            guard text.first == UInt8(ascii: "["), Self.isPortOrNothing(text.slice(end + 1, text.count)) else {
                return nil
            }
            address = text.slice(1, end - 1)
            guard address.contains(colon) else { return nil }
        } else if let index = text.firstIndex(of: colon), index == text.lastIndex(of: colon) {
            guard Self.isPortOrNothing(text.slice(index, text.count)) else { return nil }
            address = text.slice(0, index)
        }
        guard let parsed = Self.parse(address) else { return nil }
        bits = parsed
    }

    /// Whether it is an IPv4 address.
    package var isIPv4: Bool { bits >> 32 == 0xffff }

    /// What requests are counted by: an IPv4 address, or the /64 that an IPv6 address lies in, all of which one client
    /// has at its disposal.
    package var countedNetwork: UInt128 { isIPv4 ? bits : bits & ~UInt128(UInt64.max) }

    /// The address in its usual form.
    package var text: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        if isIPv4 {
            var address = UInt32(truncatingIfNeeded: bits).bigEndian
            inet_ntop(AF_INET, &address, &text, socklen_t(text.count))
        } else {
            var address = bits.bigEndian
            inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func isPortOrNothing(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let first = text.first else { return true }
        guard first == UInt8(ascii: ":"), (2...6).contains(text.count) else { return false }
        return text.dropFirst().allSatisfy(CharacterSet.isDigit)
    }

    private static func parse(_ text: UnsafeRawBufferPointer) -> UInt128? {
        guard !text.isEmpty, text.count <= longestText, !text.contains(0) else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: longestText + 1) { buffer in
            for (index, byte) in text.enumerated() { buffer[index] = CChar(bitPattern: byte) }
            buffer[text.count] = 0
            var mapped = UInt32(0)
            if inet_pton(AF_INET, buffer.baseAddress, &mapped) == 1 {
                return 0xffff << 32 | UInt128(UInt32(bigEndian: mapped))
            }
            var address = UInt128(0)
            guard inet_pton(AF_INET6, buffer.baseAddress, &address) == 1 else { return nil }
            return UInt128(bigEndian: address)
        }
    }
}
