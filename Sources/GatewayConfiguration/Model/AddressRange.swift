extension Configuration {
    /// A range of IP addresses (CIDR, RFC 4632 and RFC 4291 section 2.3).
    package struct AddressRange: Sendable, Equatable {
        /// The first address: 4 bytes for IPv4, 16 for IPv6; the bits after the prefix are zero.
        package let network: [UInt8]
        /// How many leading bits are fixed: 0 to 32, or 0 to 128.
        package let prefixLength: Int

        /// Whether the range holds an address of 4 or 16 bytes; an address of the other family never is in it.
        package func contains(_ address: [UInt8]) -> Bool {
            guard address.count == network.count else { return false }
            let wholeBytes = prefixLength / 8
            guard address.prefix(wholeBytes).elementsEqual(network.prefix(wholeBytes)) else { return false }
            let restBits = prefixLength % 8
            guard restBits > 0 else { return true }
            return (address[wholeBytes] ^ network[wholeBytes]) >> (8 - UInt8(restBits)) == 0
        }
    }
}
