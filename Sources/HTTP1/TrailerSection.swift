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
    /// - Parameter fieldLimit: the most fields there may be.
    /// - Returns: everything from the last chunk's size to the empty line behind the fields.
    /// - Throws: ``HTTPViolation/headerSectionTooLarge`` or ``HTTPViolation/malformedTrailer``.
    package func lastChunk(fieldLimit: Int) throws(HTTPViolation) -> ByteBuffer {
        var output = ByteBuffer()
        output.writeStaticString("0\r\n")
        let outcome = lines.withUnsafeReadableBytes { bytes -> Result<Void, HTTPViolation> in
            do throws(HTTPViolation) {
                return .success(try Self.copy(bytes, fieldLimit: fieldLimit, to: &output))
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
        output.writeStaticString("\r\n")
        return output
    }

    private static func copy(
        _ bytes: UnsafeRawBufferPointer, fieldLimit: Int, to output: inout ByteBuffer
    ) throws(HTTPViolation) {
        var start = 0
        var count = 0
        while start < bytes.count {
            guard let end = bytes.firstIndex(of: 0x0d, from: start) else { throw .malformedTrailer }
            count += 1
            guard count <= fieldLimit else { throw .headerSectionTooLarge }
            let field = try FieldParser.parse(bytes, from: start, to: end)
            if field.name == .other, !isForbidden(field.name(in: bytes)) {
                output.writeBytes(bytes.slice(start, Int(field.lineEnd) &- start))
            }
            start = Int(field.lineEnd)
        }
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
        case 10: name.equalsLoosely("set-cookie")
        case 11: name.equalsLoosely("retry-after")
        case 12: name.equalsLoosely("content-type")
        case 13: name.equalsLoosely("cache-control") || name.equalsLoosely("content-range")
        case 16: name.equalsLoosely("content-encoding") || name.equalsLoosely("www-authenticate")
        default: false
        }
    }
}
