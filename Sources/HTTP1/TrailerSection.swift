package import NIOCore

/// The trailer section of one chunked body (RFC 9112 section 7.1.2), gathered as ``ChunkedDecoder`` finds it.
///
/// A class, so that a message without one, as nearly all are, pays for a reference and no more.
package final class TrailerSection {
    private var lines = ByteBuffer()

    /// Makes an empty section.
    package init() {}

    /// Adds bytes of its lines; the decoder has checked them and bounds how many there are.
    package func append(_ bytes: ByteBuffer) {
        var bytes = bytes
        lines.writeBuffer(&bytes)
    }

    /// The last chunk, with those fields behind it that may pass on as trailers.
    ///
    /// Left out is every field that the gateway reads, writes or removes in a head, in any spelling, and what RFC 9110
    /// section 6.5.1 forbids here: who merges trailers into the head would believe it.
    /// - Parameter fieldLimit: the most fields there may be; of a section with more, none passes on.
    /// - Returns: everything from the last chunk's size to the empty line behind the fields.
    package func lastChunk(fieldLimit: Int) -> ByteBuffer {
        var output = ByteBuffer()
        output.writeStaticString("0\r\n")
        lines.withUnsafeReadableBytes { bytes in
            for field in Self.fields(bytes, limit: fieldLimit)
            where field.name == .other && !Self.isForbidden(field.name(in: bytes)) {
                output.writeBytes(bytes.slice(Int(field.nameOffset), Int(field.lineEnd) &- Int(field.nameOffset)))
            }
        }
        output.writeStaticString("\r\n")
        return output
    }

    /// The fields; none when there are too many, or lines that no decoder let through.
    private static func fields(_ bytes: UnsafeRawBufferPointer, limit: Int) -> [HeaderField] {
        var fields: [HeaderField] = []
        var start = 0
        while start < bytes.count {
            guard fields.count < limit, let end = bytes.firstIndex(of: 0x0d, from: start), end &+ 1 < bytes.count,
                let field = try? FieldParser.parse(bytes, from: start, to: end)
            else { return [] }
            fields.append(field)
            start = Int(field.lineEnd)
        }
        return fields
    }

    /// Whether a field is one of RFC 9110 section 6.5.1 that the gateway has no other business with.
    private static func isForbidden(_ name: UnsafeRawBufferPointer) -> Bool {
        if name.slice(0, 3).equalsLoosely("if-") { return true }
        return switch name.count {
        case 3: name.equalsLoosely("age")
        case 4: name.equalsLoosely("vary")
        case 5: name.equalsLoosely("range")
        case 6: name.equalsLoosely("cookie") || name.equalsLoosely("pragma")
        case 7: name.equalsLoosely("expires")
        case 8: name.equalsLoosely("location")
        case 10: name.equalsLoosely("set-cookie") || name.equalsLoosely("tracestate")
        case 11: name.equalsLoosely("retry-after") || name.equalsLoosely("traceparent")
        case 12: name.equalsLoosely("content-type")
        case 13: name.equalsLoosely("cache-control") || name.equalsLoosely("content-range")
        case 16: name.equalsLoosely("content-encoding") || name.equalsLoosely("www-authenticate")
        default: false
        }
    }
}
