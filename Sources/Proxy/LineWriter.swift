/// Writes one line into memory that was reserved for it: one check per field, where a growing buffer makes several.
///
/// What does not fit is left out, so the caller reserves what the longest line needs.
struct LineWriter {
    // Unsafe: valid only within the closure that lends the memory; every write is checked against its count.
    private let memory: UnsafeMutableRawBufferPointer
    /// How many bytes were written.
    private(set) var count = 0

    /// Starts a line.
    ///
    /// - Parameter memory: where it goes.
    init(_ memory: UnsafeMutableRawBufferPointer) {
        self.memory = memory
    }

    /// Appends a constant.
    @inline(__always)
    mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends bytes.
    @inline(__always)
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, let target = memory.baseAddress, count &+ bytes.count <= memory.count
        else { return }
        (target + count).copyMemory(from: source, byteCount: bytes.count)
        count &+= bytes.count
    }

    /// Appends a text.
    @inline(__always)
    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    /// Appends the bytes of an integer, the highest first.
    @inline(__always)
    mutating func write(bigEndian value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { write($0) }
    }

    /// Appends one byte.
    @inline(__always)
    mutating func write(byte: UInt8) {
        guard count < memory.count else { return }
        memory[count] = byte
        count &+= 1
    }

    /// Appends a number that is not negative in decimal digits.
    mutating func write(decimal number: Int) {
        if number >= 10 { write(decimal: number / 10) }
        write(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number % 10))
    }

    /// Appends a number below a thousand in three digits.
    @inline(__always)
    mutating func write(thousandths value: Int) {
        write(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / 100))
        write(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value / 10 % 10))
        write(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value % 10))
    }

    /// Appends a time in milliseconds with three decimals; one below zero is written as zero.
    mutating func write(milliseconds nanoseconds: Int64) {
        let microseconds = Int(max(nanoseconds, 0) / 1000)
        write(decimal: microseconds / 1000)
        write(byte: UInt8(ascii: "."))
        write(thousandths: microseconds % 1000)
    }

    /// Appends a text as it may stand in a JSON string (RFC 8259 section 7): control characters become `?`.
    mutating func write(escaped text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                write(byte: UInt8(ascii: "\\"))
                write(byte: byte)
            case 0..<0x20: write(byte: UInt8(ascii: "?"))
            default: write(byte: byte)
            }
        }
    }
}
