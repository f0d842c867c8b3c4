extension Configuration.AddressRange {
    /// Reads `10.0.0.0/8` or `2001:db8::/32`.
    init(text: String) throws(SettingMismatch) {
        let expected = "a range of addresses such as 10.0.0.0/8 or 2001:db8::/32"
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let address = IPAddress.ipv4(parts[0]) ?? IPAddress.ipv6(parts[0]) else {
            throw SettingMismatch(expected)
        }
        guard parts.count == 2 else {
            throw SettingMismatch(expected, suggestion: "\(text)/\(address.count * 8)")
        }
        guard let length = parts[1].decimalNumber(maximumDigits: 3), length <= address.count * 8 else {
            throw SettingMismatch("\(expected), with a prefix length from 0 to \(address.count * 8)")
        }
        // A peer that came over an IPv4-mapped address is judged by its IPv4 address, so such a range never matches.
        if address.count == 16, address.prefix(10).allSatisfy({ $0 == 0 }), address[10...11].allSatisfy({ $0 == 0xFF })
        {
            throw SettingMismatch("an IPv4 range in place of an IPv4-mapped IPv6 range")
        }
        self.init(network: address, prefixLength: Int(length))
        guard network.indices.allSatisfy({ network[$0] & ~Self.mask(of: $0, prefixLength: prefixLength) == 0 }) else {
            throw SettingMismatch("\(expected), with nothing but zeros after the prefix")
        }
    }

    private static func mask(of index: Int, prefixLength: Int) -> UInt8 {
        let fixedBits = min(max(prefixLength - index * 8, 0), 8)
        return UInt8(truncatingIfNeeded: 0xFF << (8 - fixedBits))
    }
}
