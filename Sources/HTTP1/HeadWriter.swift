package import NIOCore

/// Writes heads into an outgoing buffer: field lines that stay are copied in runs, not one by one.
package enum HeadWriter {
    /// Copies every field line whose traits meet none of `dropping`.
    ///
    /// - Parameters:
    ///   - fields: the parsed lines of the head.
    ///   - head: the bytes they were parsed from.
    ///   - dropping: the traits for which a line is left out.
    ///   - buffer: where the lines go.
    @inline(__always)
    package static func copyFields(
        _ fields: [HeaderField], of head: UnsafeRawBufferPointer, dropping: FieldTraits, to buffer: inout ByteBuffer
    ) {
        var runStart = -1
        var runEnd = 0
        for field in fields {
            if field.traits.isDisjoint(with: dropping) {
                if runStart < 0 { runStart = Int(field.nameOffset) }
                runEnd = Int(field.lineEnd)
            } else if runStart >= 0 {
                buffer.writeBytes(head.slice(runStart, runEnd &- runStart))
                runStart = -1
            }
        }
        if runStart >= 0 { buffer.writeBytes(head.slice(runStart, runEnd &- runStart)) }
    }

    /// Copies the `Trailer` fields (RFC 9110 section 6.6.2), for a body whose trailers go on.
    package static func copyTrailerFields(
        _ fields: [HeaderField], of head: UnsafeRawBufferPointer, to buffer: inout ByteBuffer
    ) {
        for field in fields where field.name == .trailer && !field.traits.contains(.lookAlike) {
            buffer.writeBytes(head.slice(Int(field.nameOffset), Int(field.lineEnd) &- Int(field.nameOffset)))
        }
    }

    /// Writes the field that says how the body ends, if the framing has one.
    package static func writeFraming(_ framing: BodyFraming, to buffer: inout ByteBuffer) {
        switch framing {
        case .length(let count):
            buffer.writeStaticString("Content-Length: ")
            writeDecimal(count, to: &buffer)
            buffer.writeStaticString("\r\n")
        case .chunked:
            buffer.writeStaticString("Transfer-Encoding: chunked\r\n")
        case .none, .untilClose:
            break
        }
    }

    /// Writes one chunk's size line (RFC 9112 section 7.1).
    package static func writeChunkSize(_ count: Int, to buffer: inout ByteBuffer) {
        var started = false
        var shift = 60
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: (count &>> shift) & 15)
            if digit != 0 || started || shift == 0 {
                started = true
                buffer.writeInteger(digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10)
            }
            shift &-= 4
        }
        buffer.writeStaticString("\r\n")
    }

    /// Writes a number that is not negative in decimal digits, without making a string of it.
    package static func writeDecimal(_ number: Int, to buffer: inout ByteBuffer) {
        var divisor = 1
        while number / divisor >= 10 { divisor &*= 10 }
        while divisor > 0 {
            buffer.writeInteger(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }
}
