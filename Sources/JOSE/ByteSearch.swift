#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Whether two byte ranges hold the same bytes.
///
/// Not constant-time: for names and for whole tokens, never for secrets.
func haveEqualBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard left.count > 0, let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return true }
    return memcmp(leftBase, rightBase, left.count) == 0
}

/// Whether a byte range holds exactly the characters of a literal.
@inline(__always)
func haveEqualBytes(_ bytes: UnsafeRawBufferPointer, _ literal: StaticString) -> Bool {
    haveEqualBytes(bytes, UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
}

/// Whether a byte range holds the characters of a lower-case literal, where ASCII letters may be of either case.
func haveEqualBytesIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ lowercased: StaticString) -> Bool {
    guard bytes.count == lowercased.utf8CodeUnitCount else { return false }
    for index in 0..<bytes.count {
        let byte = bytes[index]
        let isUpperCase = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
        if (isUpperCase ? byte | 0x20 : byte) != lowercased.utf8Start[index] { return false }
    }
    return true
}

/// The place of the first `byte` at or after `start`, or nil.
func firstIndex(of byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard start < bytes.count, let base = bytes.baseAddress else { return nil }
    guard let found = memchr(base + start, Int32(byte), bytes.count - start) else { return nil }
    return base.distance(to: UnsafeRawPointer(found))
}
