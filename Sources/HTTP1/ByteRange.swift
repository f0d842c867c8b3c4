/// A run of bytes in a head, from the head's first byte.
package struct ByteRange: Sendable, Equatable {
    /// Where it begins.
    package var offset: Int
    /// How many bytes it has.
    package var count: Int

    /// Makes a range.
    @inline(__always)
    package init(offset: Int = 0, count: Int = 0) {
        self.offset = offset
        self.count = count
    }

    /// The bytes in the head they were parsed from.
    @inline(__always)
    package func bytes(in head: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        head.slice(offset, count)
    }
}
