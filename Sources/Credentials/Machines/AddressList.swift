import Glibc

/// The addresses an API key may be used from: addresses and CIDR blocks with one space between them, or nothing for all.
package struct AddressList: Sendable, Hashable {
    /// A block of addresses.
    package struct Block: Sendable, Hashable {
        /// 4 or 16 bytes.
        package let network: [UInt8]
        /// How many bits of them count.
        package let prefixLength: Int
    }

    /// The most blocks.
    package static let maximumCount = 64

    /// The list as it was written.
    package let text: String
    /// The blocks; empty for every address.
    package let blocks: [Block]

    /// Every address.
    package static let anywhere = AddressList(text: "", blocks: [])

    private init(text: String, blocks: [Block]) {
        self.text = text
        self.blocks = blocks
    }

    /// Reads a list.
    ///
    /// - Throws: `invalidAddress`, also for a block with bits set behind its length: it may not be what was meant.
    package init(_ text: String) throws(CredentialError) {
        var blocks: [Block] = []
        if !text.isEmpty {
            for word in text.split(separator: " ", maxSplits: Self.maximumCount, omittingEmptySubsequences: false) {
                guard let block = Self.block(word), blocks.count < Self.maximumCount else {
                    throw CredentialError(.invalidAddress)
                }
                blocks.append(block)
            }
        }
        self.init(text: text, blocks: blocks)
    }

    private static func block(_ text: Substring) -> Block? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, text.utf8.count <= 49, let address = bytes(of: String(parts[0])) else { return nil }
        var length = address.count * 8
        if parts.count == 2 {
            let digits = parts[1].utf8
            guard (1...3).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
                digits.count == 1 || digits.first != 0x30, let given = Int(parts[1]), given <= length
            else { return nil }
            length = given
        }
        for bit in length..<address.count * 8 where address[bit / 8] & (0x80 >> (bit % 8)) != 0 { return nil }
        return Block(network: address, prefixLength: length)
    }

    private static func bytes(of text: String) -> [UInt8]? {
        guard !text.utf8.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes.prefix(4)) }
        return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil
    }
}
