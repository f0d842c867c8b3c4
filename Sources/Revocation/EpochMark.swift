/// The value of `epoch` in a form that is quick to compare: 64 bits of it, mixed; nobody but Redis can choose it.
package enum EpochMark {
    /// What no value has.
    package static let none: UInt64 = 0

    /// The mark of a value.
    package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var mark = UInt64(truncatingIfNeeded: bytes.count)
        var index = 0
        while index + 8 <= bytes.count {
            mix(&mark, bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        for byte in bytes[index...] { mix(&mark, UInt64(byte)) }
        return mark == none ? 1 : mark
    }

    /// The mark of a value.
    package static func of(_ text: String) -> UInt64 {
        Array(text.utf8).withUnsafeBytes { of($0) }
    }

    private static func mix(_ mark: inout UInt64, _ word: UInt64) {
        mark = (mark ^ word) &* 0x9E37_79B9_7F4A_7C15
        mark ^= mark >> 29
    }
}
