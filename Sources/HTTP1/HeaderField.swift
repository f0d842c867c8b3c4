/// One field line, as offsets from the first byte of its head.
package struct HeaderField: Sendable, Equatable {
    /// Where the line, and so the name, begins.
    package var nameOffset: UInt32
    /// Where the value begins, white space around it excluded.
    package var valueOffset: UInt32
    /// The length of the value in bytes.
    package var valueLength: UInt32
    /// Where the next line begins.
    package var lineEnd: UInt32
    /// The length of the name in bytes.
    package var nameLength: UInt16
    /// Which name it is.
    package var name: FieldName
    /// What it is to the gateway.
    package var traits: FieldTraits

    /// The name's bytes in the head they were parsed from.
    @inline(__always)
    package func name(in head: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        head.slice(Int(nameOffset), Int(nameLength))
    }

    /// The value's bytes in the head they were parsed from.
    @inline(__always)
    package func value(in head: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        head.slice(Int(valueOffset), Int(valueLength))
    }
}
