/// Base64url without padding (RFC 4648 section 5, RFC 7515 section 2), strict in both directions.
///
/// One octet string has exactly one accepted text: padding, white space, the standard alphabet's `+` and `/`, a length
/// of 1 modulo 4 and last characters whose unused bits are not zero are all refused. Otherwise one token could be
/// written in several ways, each a new key for caches and deny-lists.
package enum Base64URL {
    /// How many octets a text of `count` characters stands for, whether or not it is well-formed.
    package static func decodedByteCount(ofTextCount count: Int) -> Int {
        count / 4 * 3 + max(0, count % 4 - 1)
    }

    /// Decodes into storage the caller owns.
    ///
    /// - Parameters:
    ///   - text: the characters.
    ///   - destination: where the octets go.
    /// - Returns: the number of octets written, or nil when the text is not canonical base64url or does not fit.
    package static func decode(
        _ text: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let remainder = text.count % 4
        let byteCount = decodedByteCount(ofTextCount: text.count)
        guard remainder != 1, byteCount <= destination.count else { return nil }
        guard byteCount > 0, let source = text.baseAddress, let target = destination.baseAddress else {
            return text.isEmpty ? 0 : nil
        }
        let isCanonical = sextets.withUnsafeBufferPointer { table in
            let wholeGroups = decodeGroups(source, count: text.count / 4, to: target, table: table)
            let lastGroup = decodeLastGroup(
                source + (text.count - remainder), count: remainder, to: target + text.count / 4 * 3, table: table)
            return wholeGroups && lastGroup
        }
        return isCanonical ? byteCount : nil
    }

    /// Decodes into a new array.
    ///
    /// - Parameter text: the characters.
    /// - Returns: the octets, or nil when the text is not canonical base64url.
    package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var isCanonical = false
        let bytes = [UInt8](unsafeUninitializedCapacity: decodedByteCount(ofTextCount: text.count)) { buffer, count in
            if let written = decode(text, into: UnsafeMutableRawBufferPointer(buffer)) {
                count = written
                isCanonical = true
            }
        }
        return isCanonical ? bytes : nil
    }

    /// Decodes a string into a new array.
    ///
    /// - Parameter text: the characters.
    /// - Returns: the octets, or nil when the text is not canonical base64url.
    package static func decode(_ text: String) -> [UInt8]? {
        [UInt8](text.utf8).withUnsafeBytes { decode($0) }
    }

    /// Encodes without padding.
    ///
    /// - Parameter bytes: the octets.
    /// - Returns: the canonical text.
    package static func encode(_ bytes: [UInt8]) -> String {
        let textCount = bytes.count / 3 * 4 + (bytes.count % 3 == 0 ? 0 : bytes.count % 3 + 1)
        return String(unsafeUninitializedCapacity: textCount) { text in
            var written = 0
            var bits: UInt32 = 0
            var bitCount: UInt32 = 0
            for byte in bytes {
                bits = bits << 8 | UInt32(byte)
                bitCount += 8
                while bitCount >= 6 {
                    bitCount -= 6
                    text[written] = alphabet[Int(bits >> bitCount & 63)]
                    written += 1
                }
                bits &= 63
            }
            if bitCount > 0 {
                text[written] = alphabet[Int(bits << (6 - bitCount) & 63)]
                written += 1
            }
            return written
        }
    }

    private static let alphabet = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The value of each character; bit 7 marks characters outside the alphabet.
    private static let sextets: [UInt8] = {
        var table = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() {
            table[Int(character)] = UInt8(value)
        }
        return table
    }()

    private static func decodeGroups(
        _ source: UnsafeRawPointer, count: Int, to target: UnsafeMutableRawPointer,
        table: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        // The marks of all groups are gathered and looked at once: a branch per group would cost more.
        var marks: UInt8 = 0
        var input = source.assumingMemoryBound(to: UInt8.self)
        var output = target.assumingMemoryBound(to: UInt8.self)
        for _ in 0..<count {
            let first = table[Int(input[0])]
            let second = table[Int(input[1])]
            let third = table[Int(input[2])]
            let fourth = table[Int(input[3])]
            marks |= first | second | third | fourth
            output[0] = first << 2 | second >> 4
            output[1] = second << 4 | third >> 2
            output[2] = third << 6 | fourth
            input += 4
            output += 3
        }
        return marks & 0x80 == 0
    }

    private static func decodeLastGroup(
        _ source: UnsafeRawPointer, count: Int, to target: UnsafeMutableRawPointer,
        table: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard count >= 2 else { return true }
        let input = source.assumingMemoryBound(to: UInt8.self)
        let output = target.assumingMemoryBound(to: UInt8.self)
        let first = table[Int(input[0])]
        let second = table[Int(input[1])]
        output[0] = first << 2 | second >> 4
        guard count == 3 else {
            return (first | second) & 0x80 == 0 && second & 0x0F == 0
        }
        let third = table[Int(input[2])]
        output[1] = second << 4 | third >> 2
        return (first | second | third) & 0x80 == 0 && third & 0x03 == 0
    }
}
