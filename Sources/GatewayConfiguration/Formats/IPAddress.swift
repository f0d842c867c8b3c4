import Foundation

/// IP addresses by their text, without asking DNS.
enum IPAddress {
    /// The 4 bytes of a dotted quad without leading zeros.
    static func ipv4(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard let number = String(part).decimalNumber(maximumDigits: 3), number <= 255 else { return nil }
            bytes.append(UInt8(number))
        }
        return bytes
    }

    /// The 16 bytes of an IPv6 address (RFC 4291 section 2.2), without a zone.
    static func ipv6(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 45, text.utf8.allSatisfy({ $0.hexadecimalValue != nil || $0.isOne(of: ":.") }) else {
            return nil
        }
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return withUnsafeBytes(of: address) { [UInt8]($0) }
    }
}
